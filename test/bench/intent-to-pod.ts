import { podsOf } from '../../deploy/demo/cluster.ts';
import { clusterId, intentName, intentNamespace, remoteNamespace } from '../../src/domain/ids.ts';
import { liqoFloor } from './liqo-floor.ts';
import { type Conditions, type Measured, type Measuring, percentile } from './measured.ts';
import type { Trading } from './trading.ts';

const PAIRS = 15;
const QUICK = 3;
const POD_SECONDS = 120;

/** From the contract stored at both sides to a pod first seen Running at the provider, in turn with a bare script that does the same on the same two clusters. */
export async function measureIntentToPod({ quick, say }: Measuring, trading: Trading): Promise<readonly Measured[]> {
  const { buyer, seller, buy, conditions } = trading;
  const ours: number[] = [];
  const floor: number[] = [];
  const one = async (n: number): Promise<void> => {
    const name = `pod-${n}`;
    const away = podsOf(remoteNamespace(intentNamespace(intentName(name)), clusterId(buyer.name)));
    const running = seller.cluster
      .awaitEvent(`a pod of ${name} at ${seller.name}`, away, POD_SECONDS, ({ object }) => object.status?.phase === 'Running')
      .then(() => Date.now());
    const bought = buy(name);
    const [{ contractAt, end }, at] = await Promise.all([bought, running]);
    ours.push(at - contractAt);
    await end();
  };
  for (let n = 0; n < (quick ? QUICK : PAIRS); n += 1) {
    await one(n);
    floor.push(await liqoFloor({ buyer, seller, name: `floor-${n}` }));
    say(`pair ${n + 1}: ours ${ours.at(-1)} ms, floor ${floor.at(-1)} ms`);
  }
  return [figure('intent-to-pod', ours, conditions), figure('liqo-floor', floor)];
}

const figure = (name: string, samples: readonly number[], conditions?: Conditions): Measured => {
  const p50 = percentile(samples, 0.5);
  return { name, unit: 'ms', value: p50, p50, p99: percentile(samples, 0.99), facts: { ...conditions, samples } };
};
