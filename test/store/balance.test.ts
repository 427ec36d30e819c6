import fc from 'fast-check';
import { afterAll, expect, inject, it } from 'vitest';
import { isFault } from '../../src/domain/faults.ts';
import { isSlice } from '../../src/domain/flavor.ts';
import { gpuPart } from '../../src/domain/gpu.ts';
import { type ContractId, contractOf, type FlavorId, type TransactionId } from '../../src/domain/ids.ts';
import { nanos } from '../../src/domain/quantity.ts';
import { add, RESOURCE_NAMES, type Resources, sameResources } from '../../src/domain/resources.ts';
import { rest } from '../../src/domain/stock.ts';
import { followed } from '../contracts/following.ts';
import { buyerOf, flavorOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { sized } from '../fakes/cluster-nodes.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const { inventory, contracts } = db.store;
const kept = followed(inventory);

const A = flavorOf('000a');
const TTL = 60_000;

/** What a sequence has done so far: whatever it may name again, right or wrong. */
interface Past {
  now: number;
  /** Cores of the cluster; with its memory and pods. */
  has: number;
  readonly flavors: FlavorId[];
  readonly holds: { readonly id: TransactionId; readonly buyer: string; readonly key: string }[];
  readonly sold: ContractId[];
}
type Act = (past: Past) => Promise<void>;

const pick = <T>(from: readonly T[], n: number): T | undefined => (from.length === 0 ? undefined : from[n % from.length]);

/** A cluster of so many cores has as many GPUs. */
const madeOf = (cores: number): Resources => ({ ...sized(cores), gpu: `${cores}` });

/** The flavor as its cluster makes it: amounts change, terms do not. */
async function publish(cores: number): Promise<void> {
  const flavor = flavorOf('000a', { resources: madeOf(cores), amount: `${cores / 10}` });
  if (!isSlice(flavor)) throw new Error('not a slice');
  const gpu = gpuPart({ model: 'A100', memory: '40Gi' }, madeOf(cores).gpu ?? '0');
  await inventory.publish({ ...flavor, offer: { ...flavor.offer, gpu } }, 'as ever');
}

/** Refusals are answers: the sums are checked after them like after anything. */
const refusable = async (call: Promise<unknown>): Promise<void> => {
  try {
    await call;
  } catch (error) {
    if (!isFault(error) || error.code === 'STORE_UNAVAILABLE') throw error;
  }
};

const part = fc
  .record({
    cpu: fc.integer({ min: 1, max: 12 }),
    memory: fc.integer({ min: 1, max: 12 }),
    pods: fc.integer({ min: 1, max: 60 }),
    gpu: fc.option(fc.integer({ min: 0, max: 8 })),
  })
  .map(
    ({ cpu, memory, pods, gpu }): Resources => ({
      cpu: `${cpu * 500}m`,
      memory: `${memory}Gi`,
      pods: `${pods}`,
      ...(gpu !== null && { gpu: `${gpu}` }),
    }),
  );

const act: fc.Arbitrary<readonly [string, Act]> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(part, fc.nat(20), fc.constantFrom('alice', 'bob'), fc.nat(12)).map(([part, n, buyer, k]) => {
      const act: Act = async (past) => {
        const flavor = pick(past.flavors, n) ?? A.id;
        const [id, key] = [newTransaction(), `k${k}`];
        past.holds.push({ id, buyer, key });
        await refusable(inventory.reserve({ flavor, buyer: buyerOf(buyer), part, idempotencyKey: key, transaction: id, ttlMs: TTL }));
      };
      return [`reserve ${JSON.stringify(part)} of flavor ${n} by ${buyer} k${k}`, act] as const;
    }),
  },
  {
    weight: 4,
    arbitrary: fc.nat(20).map((n) => {
      const act: Act = async (past) => {
        const hold = pick(past.holds, n);
        if (!hold) return;
        const contract = contractOf(hold.id);
        await refusable(inventory.sell({ transaction: hold.id, contract, seller: SELLER, lifetimeMs: TTL }));
        past.sold.push(contract);
      };
      return [`sell ${n}`, act] as const;
    }),
  },
  {
    weight: 2,
    arbitrary: fc.nat(20).map((n) => {
      const act: Act = async (past) => {
        const contract = pick(past.sold, n);
        if (contract) await inventory.giveBack({ contract, ending: { reason: 'done' } });
      };
      return [`give back ${n}`, act] as const;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat(20).map((n) => {
      const act: Act = async (past) => {
        const hold = pick(past.holds, n);
        if (hold) await inventory.release({ buyer: buyerOf(hold.buyer), idempotencyKey: hold.key });
      };
      return [`release ${n}`, act] as const;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat(20).map((n) => {
      const act: Act = async (past) => {
        const hold = pick(past.holds, n);
        if (hold) await inventory.abandon(hold.id);
      };
      return [`abandon ${n}`, act] as const;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat(2 * TTL).map((ms) => {
      const act: Act = async (past) => {
        past.now += ms;
        await db.setClock(past.now);
      };
      return [`${ms} ms pass`, act] as const;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((withdraw) => {
      const act: Act = async (past) => {
        if (withdraw) await inventory.withdraw(A.id);
        await publish(past.has);
      };
      return [withdraw ? 'withdraw and publish' : 'publish', act] as const;
    }),
  },
  {
    weight: 2,
    arbitrary: fc.nat(20).map((cores) => {
      const act: Act = async (past) => {
        past.has = cores;
        await publish(cores);
      };
      return [`the cluster has ${cores} cores`, act] as const;
    }),
  },
);

/** What the contracts and holds say, summed apart from the ledger. */
async function promised(): Promise<{ readonly sold: Resources; readonly held: Resources }> {
  const nothing: Resources = { cpu: '0', memory: '0', pods: '0', gpu: '0' };
  const living = await contracts.list({ role: 'seller', living: true });
  const held = await db.sql<{ resources: Resources }[]>`select resources from hold where state = 'held' and expires_at > clock_now()`;
  return {
    sold: living.reduce((sum, { terms }) => add(sum, terms.resources), nothing),
    held: held.reduce((sum, { resources }) => add(sum, resources), nothing),
  };
}

async function holdsTrue(past: Past): Promise<void> {
  const sums = await inventory.sums();
  // What was promised before the cluster shrank stays; there is nothing free then.
  expect(sums.free).toEqual(rest(madeOf(past.has), add(sums.held, sums.sold)));
  for (const each of [sums.free, sums.held, sums.sold])
    for (const name of RESOURCE_NAMES) expect(nanos(each[name] ?? '0')).toBeGreaterThanOrEqual(0n);
  expect(await promised()).toEqual({ sold: sums.sold, held: sums.held });
  expect(await inventory.recount()).toEqual([]);
  const flavors = (await inventory.list()).filter(isSlice);
  expect(await kept()).toEqual(flavors);
  expect(flavors).toHaveLength(sums.flavors);
  for (const { id, offer } of flavors) {
    expect(offer.gpu).toMatchObject({ model: 'A100', cores: offer.resources.gpu });
    if (!past.flavors.includes(id)) past.flavors.push(id);
    const transaction = newTransaction();
    const whole = await inventory.reserve({ flavor: id, buyer: buyerOf('carol'), part: offer.resources, transaction, ttlMs: TTL });
    expect(sameResources(whole.resources, sums.free)).toBe(true);
    expect(await inventory.list()).toEqual([]);
    expect(await inventory.abandon(whole.id)).toBe(true);
  }
}

it('is in balance after whatever happens, and as at first when everything is over', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 20 }), async (acts) => {
      await db.clear();
      const past: Past = { now: NOON, has: 10, flavors: [A.id], holds: [], sold: [] };
      await db.setClock(past.now);
      await publish(past.has);
      const [first, [before]] = [await inventory.sums(), await inventory.list()];
      for (const [, step] of acts) {
        await step(past);
        await holdsTrue(past);
      }
      for (const contract of past.sold) await inventory.giveBack({ contract, ending: { reason: 'done' } });
      await db.setClock(past.now + TTL);
      await publish(10);
      expect(await inventory.sums()).toEqual(first);
      const [after] = await inventory.list();
      expect(after).toEqual({ ...before, id: after?.id, createdAt: after?.createdAt });
      expect((await contracts.allocations()).filter(({ state }) => state !== 'released')).toEqual([]);
    }),
    { numRuns: Number(process.env['REARGUARD_TEST_RUNS'] ?? 25), endOnFailure: true },
  );
});
