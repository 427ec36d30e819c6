import { withList } from './listing.ts';
import { drive, type Measured, type Measuring, percentile } from './measured.ts';
import { CONNECTIONS } from './seller-side.ts';
import type { Trading } from './trading.ts';

const WARM_UP = 200;

/** LIST_FLAVORS per second at the seller's HTTP: 200 flavors, 16 connections, each answer read to its end. The caller shares the machine. */
export async function measureListFlavors({ quick }: Measuring, trading: Trading): Promise<Measured> {
  return await withList(trading, async (list) => {
    const whole = (await list()).body.length;
    await drive({ sides: CONNECTIONS, until: (done) => done >= WARM_UP, work: () => list() });
    const stopAt = performance.now() + (quick ? 2_000 : 10_000);
    const { samples, elapsedMs } = await drive({
      sides: CONNECTIONS,
      until: () => performance.now() >= stopAt,
      work: async () => {
        if ((await list()).body.length !== whole) throw new Error('an answer of another size');
      },
    });
    return {
      name: 'list-flavors',
      unit: 'requests/s',
      value: (samples.length * 1000) / elapsedMs,
      p50: percentile(samples, 0.5),
      p99: percentile(samples, 0.99),
      facts: { ...trading.conditions, bytes: whole },
    };
  });
}
