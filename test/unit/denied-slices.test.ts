/** A slice that no contract covers is told of, whoever denies it; one that is let in is not. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { admissionActivities } from '../../activities/peering.ts';
import { acquisitionId, type ClusterId, clusterId, type ContractId, contractId, contractOf } from '../../src/domain/ids.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import type { Processes } from '../../src/ports/processes.ts';
import type { WorldEvent } from '../../src/ports/world.ts';
import { followWorld } from '../../src/runtime/world.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { liqoWorld } from '../fakes/liqo-world.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';

const clock = { now: () => Date.now() };
const NORTH = clusterId('north-1');
const ALICE = clusterId('alice-1');
const BOB = clusterId('bob-1');

const LIFETIME_MS = 60_000;
const HOUR_MS = 3_600_000;

async function seller() {
  /** How long after the sale it is looked at. */
  let laterMs = 0;
  const looking = { now: () => Date.now() + laterMs };
  const liqo = liqoWorld();
  const fabric = fakeFabric(liqo, NORTH);
  const { audit } = memoryAudit({ clock });
  const { inventory, contracts } = memoryInventory({ clock });
  await inventory.publish(flavorOf('000a'));
  const transaction = newTransaction();
  await inventory.reserve({
    flavor: flavorOf('000a').id,
    buyer: buyerOf('alice'),
    part: ONE,
    transaction,
    ttlMs: LIFETIME_MS,
    idempotencyKey: 'k',
  });
  const { terms } = await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: LIFETIME_MS });
  for (const buyer of [ALICE, BOB]) await fabric.ensureTenant({ buyer });
  return {
    audit,
    inventory,
    contracts,
    fabric,
    terms,
    after: (ms: number) => {
      laterMs = ms;
    },
    renews: (ms: number) =>
      contracts.renew({
        contract: terms.id,
        role: 'seller',
        number: 1,
        renewal: { payload: 'later', signatures: [] },
        until: new Date(Date.parse(terms.expiresAt) + ms).toISOString(),
      }),
    /** As a process that watches. */
    async hears(...events: readonly WorldEvent[]) {
      const stop = new AbortController();
      await followWorld({
        world: {
          async watch(tell) {
            for (const event of events) await tell(event);
            stop.abort();
          },
        },
        processes: {} as Processes,
        contracts,
        fabric,
        audit,
        clock: looking,
        log: { info: () => {}, warn: () => {} },
        signal: stop.signal,
      });
    },
    /** After its end, by whoever unwinds the sale. */
    removes: (contract: ContractId) => {
      const { removeReplica } = admissionActivities({ fabric, contracts, audit, clock, timing: { ...DEFAULT_TIMING, sellerGraceMs: 50 } });
      return new MockActivityEnvironment().run(removeReplica, { contract, buyer: ALICE });
    },
    withdraws: () => fakeFabric(liqo, ALICE).withdrawSlice({ seller: NORTH, acquisition: acquisitionId('a-1') }),
    asks: (contract: ContractId, resources = ONE, buyer = ALICE) =>
      fakeFabric(liqo, buyer).requestSlice({
        seller: NORTH,
        acquisition: acquisitionId('a-1'),
        contract,
        resources,
        sliceClass: 'rearguard',
      }),
    admits: (contract: ContractId) => {
      const { admitSlice } = admissionActivities({ fabric, contracts, audit, clock: looking, timing: DEFAULT_TIMING });
      return new MockActivityEnvironment().run(admitSlice, { contract, buyer: ALICE });
    },
    /** Whose slices stand, and what is written on them. */
    slices: () =>
      [ALICE, BOB].flatMap((buyer) =>
        [...liqo.cluster(buyer).slices.values()].map(({ verdict }) => [
          buyer,
          verdict ? (verdict.accepted ? 'let in' : 'denied') : 'open',
          verdict?.reason,
        ]),
      ),
    told: async () =>
      (await audit.page({ limit: 10 })).items.map(({ kind, peer, contract, facts }) => [kind, peer, contract, facts['code']]),
  };
}

test('what was bought is let in, and not told', async () => {
  const { asks, admits, terms, told } = await seller();
  await asks(terms.id);
  await admits(terms.id);
  expect(await told()).toEqual([]);
});

test('more than was bought', async () => {
  const { asks, admits, terms, told, slices } = await seller();
  await asks(terms.id, { ...ONE, cpu: '8' });
  await expect(admits(terms.id)).rejects.toMatchObject({ code: 'SLICE_DENIED' });
  expect(await told()).toEqual([['slice-denied', 'alice-1', terms.id, 'SLICE_DENIED']]);
  expect(slices()).toEqual([['alice-1', 'denied', 'asks for more than was bought']]);
});

test('what comes after the end of its contract', async () => {
  const { asks, admits, terms, told, slices, inventory } = await seller();
  await inventory.giveBack({ contract: terms.id, ending: { reason: 'expired' } });
  await asks(terms.id);
  await expect(admits(terms.id)).rejects.toMatchObject({ code: 'CONTRACT_OVER' });
  expect(await told()).toEqual([['slice-denied', 'alice-1', terms.id, 'CONTRACT_OVER']]);
  expect(slices()).toEqual([['alice-1', 'denied', `contract ${terms.id} is over`]]);
});

type Seller = Awaited<ReturnType<typeof seller>>;
const renewed = ({ renews }: Seller): Promise<unknown> => renews(HOUR_MS);
const givenNotice = ({ contracts, terms }: Seller): Promise<unknown> =>
  contracts.giveNotice({
    contract: terms.id,
    notice: { ending: { reason: 'withdrawn-by-seller' }, endsAt: new Date(Date.parse(terms.expiresAt) - LIFETIME_MS / 2).toISOString() },
  });

describe.each<[string, (of: Seller) => Promise<unknown>, number, number]>([
  ['as agreed', async () => undefined, LIFETIME_MS - 10_000, LIFETIME_MS + 1],
  ['later, since it was renewed', renewed, LIFETIME_MS + HOUR_MS - 10_000, LIFETIME_MS + HOUR_MS + 1],
  ['before, by notice', givenNotice, LIFETIME_MS / 2 - 10_000, LIFETIME_MS / 2 + 1],
])('a contract that nobody ended yet, though it ends %s', (_, learns, beforeMs, afterMs) => {
  const made = async (ms: number) => {
    const here = await seller();
    await learns(here);
    await here.asks(here.terms.id);
    here.after(ms);
    const seen = { kind: 'slice-seen', buyer: ALICE, contract: here.terms.id, uncertified: true } as const;
    return { ...here, over: `contract ${here.terms.id} is over`, seen };
  };

  test('lets its slice in before', async () => {
    const { admits, terms, told, slices, hears, seen } = await made(beforeMs);
    await hears(seen);
    expect(slices()).toEqual([['alice-1', 'open', undefined]]);
    await admits(terms.id);
    expect([await told(), slices()]).toEqual([[], [['alice-1', 'let in', 'contract']]]);
  });

  test('lets none in after, and the denied slice does not end it: its workflow does', async () => {
    const { admits, terms, told, slices, over, contracts } = await made(afterMs);
    await expect(admits(terms.id)).rejects.toMatchObject({ code: 'SLICE_DENIED', message: expect.stringContaining(' ended at ') });
    expect(await told()).toEqual([['slice-denied', 'alice-1', terms.id, 'CONTRACT_OVER']]);
    expect(slices()).toEqual([['alice-1', 'denied', over]]);
    expect(await contracts.get(terms.id)).toMatchObject({ state: 'active' });
  });

  test('has one of which Liqo says nothing denied by whoever watches', async () => {
    const { hears, seen, slices, over, told, terms } = await made(afterMs);
    await hears(seen);
    expect(slices()).toEqual([['alice-1', 'denied', over]]);
    expect(await told()).toEqual([['slice-denied', 'alice-1', terms.id, 'SLICE_DENIED']]);
  });

  test('keeps what was let in before', async () => {
    const { admits, terms, told, slices, after, hears, seen } = await made(beforeMs);
    await admits(terms.id);
    after(afterMs);
    await admits(terms.id).catch(() => undefined);
    await hears(seen);
    expect([await told(), slices()]).toEqual([[], [['alice-1', 'let in', 'contract']]]);
  });
});

test('what its buyer leaves after the end of its contract, until it is taken away: once, however often that is tried', async () => {
  const { asks, admits, removes, terms, told, inventory, audit } = await seller();
  await asks(terms.id);
  await admits(terms.id);
  await inventory.giveBack({ contract: terms.id, ending: { reason: 'expired' } });
  await removes(terms.id);
  await removes(terms.id);
  expect(await told()).toEqual([['slice-denied', 'alice-1', terms.id, 'CONTRACT_OVER']]);
  const [event] = (await audit.page({ limit: 1 })).items;
  expect(event?.facts['detail']).toMatch(new RegExp(`^slice \\S+: contract ${terms.id} is over, and its buyer left it here`));
});

test('what its buyer takes away in its time after the end is not told', async () => {
  const { asks, admits, removes, withdraws, terms, told, inventory } = await seller();
  await asks(terms.id);
  await admits(terms.id);
  await inventory.giveBack({ contract: terms.id, ending: { reason: 'expired' } });
  await withdraws();
  await removes(terms.id);
  expect(await told()).toEqual([]);
});

test.each<[string, ClusterId, (of: Seller) => Promise<ContractId> | ContractId, string]>([
  ['under no contract', ALICE, () => contractId('contract-x'), 'contract contract-x was never sold to alice-1'],
  ['under the contract of another buyer', BOB, ({ terms }) => terms.id, ' was never sold to bob-1'],
  [
    'after the end of its contract',
    ALICE,
    async ({ terms, inventory }) => {
      await inventory.giveBack({ contract: terms.id, ending: { reason: 'expired' } });
      return terms.id;
    },
    ' is over',
  ],
])('a slice %s: refused by whoever watches, with the reason on it, and no workflow hears of it', async (_, buyer, naming, reason) => {
  const here = await seller();
  const contract = await naming(here);
  await here.asks(contract, ONE, buyer);
  await here.hears({ kind: 'slice-offered', buyer, contract }, { kind: 'slice-gone', buyer, contract });
  expect(await here.told()).toEqual([['slice-denied', buyer, contract, 'SLICE_DENIED']]);
  expect(here.slices()).toEqual([[buyer, 'denied', expect.stringContaining(reason)]]);
});
