import { type Measured, type Measuring, percentile } from './measured.ts';
import type { Trading } from './trading.ts';

const INTENTS = 25;
const QUICK = 4;

/** From the API call to the contract stored at both sides, one provider; each intent is given back before the next. The very first stands beside it. */
export async function measureIntentToContract({ quick }: Measuring, { first, buy, conditions }: Trading): Promise<readonly Measured[]> {
  const samples: number[] = [];
  for (let n = 0; n < (quick ? QUICK : INTENTS); n += 1) {
    const bought = await buy(`contract-${n}`);
    samples.push(bought.contractAt - bought.askedAt);
    await bought.end();
  }
  const p50 = percentile(samples, 0.5);
  const took = first.contractAt - first.askedAt;
  return [
    {
      name: 'intent-to-contract',
      unit: 'ms',
      value: p50,
      p50,
      p99: percentile(samples, 0.99),
      facts: { ...conditions, samples, first: took },
    },
    { name: 'intent-to-contract-first', unit: 'ms', value: took, p50: took, p99: took, facts: { ...conditions } },
  ];
}
