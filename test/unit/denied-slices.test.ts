/** A slice that no contract covers is told of, whoever denies it; one that is let in is not. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { admissionActivities } from '../../activities/peering.ts';
import { acquisitionId, clusterId, type ContractId, contractId, contractOf } from '../../src/domain/ids.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import type { Processes } from '../../src/ports/processes.ts';
import { followWorld } from '../../src/runtime/world.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { liqoWorld } from '../fakes/liqo-world.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';

const clock = { now: () => Date.now() };
const NORTH = clusterId('north-1');
const ALICE = clusterId('alice-1');

async function seller() {
  const liqo = liqoWorld();
  const [fabric, alices] = [fakeFabric(liqo, NORTH), fakeFabric(liqo, ALICE)];
  const { audit } = memoryAudit({ clock });
  const { inventory, contracts } = memoryInventory({ clock });
  await inventory.publish(flavorOf('000a'));
  const transaction = newTransaction();
  await inventory.reserve({
    flavor: flavorOf('000a').id,
    buyer: buyerOf('alice'),
    part: ONE,
    transaction,
    ttlMs: 60_000,
    idempotencyKey: 'k',
  });
  const { terms } = await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 60_000 });
  await fabric.ensureTenant({ buyer: ALICE });
  return {
    audit,
    contracts,
    fabric,
    terms,
    asks: (contract: ContractId, resources = ONE) =>
      alices.requestSlice({ seller: NORTH, acquisition: acquisitionId('a-1'), contract, resources, sliceClass: 'rearguard' }),
    admits: (contract: ContractId) => {
      const { admitSlice } = admissionActivities({ fabric, contracts, audit, timing: DEFAULT_TIMING });
      return new MockActivityEnvironment().run(admitSlice, { contract, buyer: ALICE });
    },
    told: async () => (await audit.list({ limit: 10 })).map(({ kind, peer, contract, facts }) => [kind, peer, contract, facts['code']]),
  };
}

test('what was bought is let in, and not told', async () => {
  const { asks, admits, terms, told } = await seller();
  await asks(terms.id);
  await admits(terms.id);
  expect(await told()).toEqual([]);
});

test('more than was bought', async () => {
  const { asks, admits, terms, told } = await seller();
  await asks(terms.id, { ...ONE, cpu: '8' });
  await expect(admits(terms.id)).rejects.toMatchObject({ code: 'SLICE_DENIED' });
  expect(await told()).toEqual([['slice-denied', 'alice-1', terms.id, 'SLICE_DENIED']]);
});

test('under no contract', async () => {
  const { audit, contracts, fabric, told } = await seller();
  const stop = new AbortController();
  const nobody = contractId('contract-x');
  await followWorld({
    world: {
      async watch(tell) {
        await tell({ kind: 'slice-offered', buyer: ALICE, contract: nobody });
        stop.abort();
      },
    },
    processes: {} as Processes,
    contracts,
    fabric,
    audit,
    log: { info: () => {}, warn: () => {} },
    signal: stop.signal,
  });
  expect(await told()).toEqual([['slice-denied', 'alice-1', nobody, 'SLICE_DENIED']]);
});
