import { transactionId } from '../../src/domain/ids.ts';
import { buyerOf, flavorOf, ONE } from '../contracts/samples.ts';
import { cloneDatabase, startDatabases } from '../store/database.ts';
import { conditions, drive, type Measured, type Measuring, percentile } from './measured.ts';

const CONNECTIONS = 16;
const FLAVORS = 32;
const BUYERS = 2000;
/** As the configuration has it by default. */
const MAX_HOLDS = 100;
const WARM_UP = 2_000;
const MEASURE_MS = 10_000;
const QUICK_MS = 2_000;
const PLENTY = { cpu: '100000', memory: '400Ti', pods: '1000000' };

/** RESERVE per second at the store: durable commits, 16 connections, a living hold each time, the number that one buyer may have bounded as in the server. */
export async function measureReserve({ quick }: Measuring): Promise<Measured> {
  const { databases, stop } = await startDatabases({ durable: true });
  const db = await cloneDatabase(databases, { maxConnections: CONNECTIONS });
  try {
    const taken = await conditions('store', db.sql);
    if (!taken.durable) throw new Error('Postgres does not wait for the disk: a figure of this name would not be durable');
    const { inventory } = db.store;
    const flavors = Array.from({ length: FLAVORS }, (_, n) => flavorOf(`bench${n}`, { resources: PLENTY }));
    for (const flavor of flavors) await inventory.publish(flavor);
    const buyers = Array.from({ length: BUYERS }, (_, n) => buyerOf(`buyer${n}x`));
    const reserve = async (n: number) => {
      const [flavor, buyer] = [flavors[n % FLAVORS], buyers[n % BUYERS]];
      if (!flavor || !buyer) throw new Error('no flavor');
      await inventory.reserve({
        flavor: flavor.id,
        buyer,
        part: ONE,
        idempotencyKey: `key-${n}`,
        transaction: transactionId(`bench-${n}`),
        ttlMs: 60_000,
        maxHolds: MAX_HOLDS,
      });
    };
    const warm = await drive({ sides: CONNECTIONS, until: (done) => done >= WARM_UP, work: reserve });
    const stopAt = performance.now() + (quick ? QUICK_MS : MEASURE_MS);
    const { samples, elapsedMs } = await drive({
      sides: CONNECTIONS,
      until: () => performance.now() >= stopAt,
      work: (n) => reserve(n + warm.samples.length + CONNECTIONS),
    });
    return {
      name: 'reserve',
      unit: 'reservations/s',
      value: (samples.length * 1000) / elapsedMs,
      p50: percentile(samples, 0.5),
      p99: percentile(samples, 0.99),
      facts: { ...taken },
    };
  } finally {
    await db.drop();
    await stop();
  }
}
