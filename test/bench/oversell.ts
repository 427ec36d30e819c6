import { isFault } from '../../src/domain/faults.ts';
import { contractOf, transactionId } from '../../src/domain/ids.ts';
import { nanos } from '../../src/domain/quantity.ts';
import { buyerOf, flavorOf, SELLER } from '../contracts/samples.ts';
import { cloneDatabase, startDatabases } from '../store/database.ts';
import { conditions, type Measured, percentile } from './measured.ts';

const BUYERS = 1000;
const SLOTS = 100;
const SLOT = { cpu: '1', memory: '1Gi', pods: '1' };

/** How many slots too many 1,000 buyers get who reserve and buy one of 100 at once, at the store: 0. Fails when not exactly 100 are sold and 900 refused. */
export async function measureOversell(): Promise<Measured> {
  const { databases, stop } = await startDatabases({ durable: true });
  const db = await cloneDatabase(databases, { maxConnections: 16 });
  try {
    const { inventory, contracts } = db.store;
    const flavor = flavorOf('oversell', { resources: { cpu: `${SLOTS}`, memory: `${SLOTS}Gi`, pods: `${SLOTS}` } });
    await inventory.publish(flavor);
    const samples: number[] = [];
    let refused = 0;
    const buy = async (n: number) => {
      const from = performance.now();
      const transaction = transactionId(`oversell-${n}`);
      try {
        const call = {
          flavor: flavor.id,
          buyer: buyerOf(`buyer${n}x`),
          part: SLOT,
          idempotencyKey: `key-${n}`,
          transaction,
          ttlMs: 60_000,
        };
        await inventory.reserve(call);
        await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 60_000 });
      } catch (error) {
        if (!isFault(error) || error.code !== 'NOT_ENOUGH') throw error;
        refused += 1;
      }
      samples.push(performance.now() - from);
    };
    await Promise.all(Array.from({ length: BUYERS }, (_, n) => buy(n)));
    const sold = (await contracts.list({ role: 'seller', living: true })).length;
    const ledger = Number(nanos((await inventory.sums()).sold.cpu) / nanos(SLOT.cpu));
    if (sold !== SLOTS || ledger !== SLOTS || refused !== BUYERS - SLOTS)
      throw new Error(`sold ${sold} (ledger ${ledger}) of ${SLOTS}, refused ${refused}`);
    return {
      name: 'oversell',
      unit: 'slots oversold',
      value: sold - SLOTS,
      p50: percentile(samples, 0.5),
      p99: percentile(samples, 0.99),
      facts: { ...(await conditions('store', db.sql)) },
    };
  } finally {
    await db.drop();
    await stop();
  }
}
