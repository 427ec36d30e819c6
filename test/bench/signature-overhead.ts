import { ACCEPT_SIGNATURE } from '../../src/rear/signed-messages.ts';
import { withList } from './listing.ts';
import { drive, type Measured, type Measuring, percentile } from './measured.ts';
import { CONNECTIONS, meet } from './seller-side.ts';
import { openSignedBuyer } from './signed-buyer.ts';
import type { Trading } from './trading.ts';

const ROUNDS = 5;

/**
 * How much longer a LIST takes that is signed than one that is not: 200 flavors, 16 at once, in turns, the median of the rounds. Twice, and the worse of both: at the seller's HTTP, whose
 * answers are read and not looked at (what signing costs it), and at a buyer, who reads the flavors and checks digest and signature of every answer (what knowing who said so costs both).
 */
export async function measureSignatures({ quick }: Measuring, trading: Trading): Promise<Measured> {
  const buyer = await openSignedBuyer('reader');
  try {
    const anonymous = (await meet(trading)).peer;
    const knowing = buyer.peers.at(trading.seller.place.rear);
    return await withList(trading, async (list) => {
      const samplesOf = async (work: () => Promise<unknown>): Promise<{ readonly mean: number; readonly samples: readonly number[] }> => {
        const stopAt = performance.now() + (quick ? 400 : 2_000);
        const { samples, elapsedMs } = await drive({ sides: CONNECTIONS, until: () => performance.now() >= stopAt, work });
        return { mean: elapsedMs / samples.length, samples };
      };
      const compare = async (without: () => Promise<unknown>, withThem: () => Promise<unknown>) => {
        const ratios: number[] = [];
        const all: number[] = [];
        // The first turn of each warms it up.
        for (let round = 0; round <= ROUNDS; round += 1) {
          const { mean } = await samplesOf(without);
          const signed = await samplesOf(withThem);
          if (round === 0) continue;
          ratios.push(signed.mean / mean);
          all.push(...signed.samples);
        }
        return { ratio: percentile(ratios, 0.5), ratios, p50: percentile(all, 0.5), p99: percentile(all, 0.99) };
      };
      const { headers } = await list({ 'accept-signature': ACCEPT_SIGNATURE });
      if (headers.signature === undefined) throw new Error('the seller does not sign');
      const seller = await compare(
        () => list(),
        () => list({ 'accept-signature': ACCEPT_SIGNATURE }),
      );
      const whole = await compare(
        () => anonymous.listFlavors(),
        () => knowing.listFlavors(),
      );
      const worse = seller.ratio > whole.ratio ? seller : whole;
      return {
        name: 'signature-overhead',
        unit: 'x an unsigned LIST',
        value: worse.ratio,
        p50: worse.p50,
        p99: worse.p99,
        facts: {
          ...trading.conditions,
          seller: seller.ratio,
          buyerAndSeller: whole.ratio,
          sellerRatios: seller.ratios,
          wholeRatios: whole.ratios,
        },
      };
    });
  } finally {
    await buyer.stop();
  }
}
