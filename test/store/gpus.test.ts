/** GPUs of the cluster as flavors: nodes as a test shows them, a real ledger, and which sales end when GPUs go. */
import { afterAll, beforeEach, expect, inject, it } from 'vitest';
import { isSlice } from '../../src/domain/flavor.ts';
import { GPU_KINDS } from '../../src/domain/gpu.ts';
import { type ContractId, contractOf, type FlavorId } from '../../src/domain/ids.ts';
import { withGpus } from '../../src/domain/stock-gpus.ts';
import type { ClusterNode } from '../../src/domain/stock.ts';
import { openBreaches } from '../../src/runtime/breaches.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { publishStock } from '../../src/runtime/stock.ts';
import { buyerOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { gpuNode, sized, workerOf } from '../fakes/cluster-nodes.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const { inventory, contracts } = db.store;
const log = { info: () => {}, warn: () => {}, error: () => {} };

let now = NOON;
const ended: ContractId[] = [];
beforeEach(async () => {
  await db.clear();
  now = NOON;
  await db.setClock(now);
  ended.length = 0;
});

/** A node that sells its cluster, shown its nodes one look at a time. */
function open(more: object = {}) {
  const { sell } = completed(
    ConfigurationSchema.parse({
      node: { id: 'north', domain: 'north.example', address: 'north.example:3004' },
      sell: { headroomPercent: 0, toleranceSeconds: 60, prices: { gpu: '2', currency: 'EUR' }, ...more },
    }),
  );
  if (!sell) throw new Error('nothing is sold');
  const endBreaches = openBreaches({
    sell,
    self: SELLER,
    inventory,
    processes: {
      async endContract(transaction, ending) {
        ended.push(contractOf(transaction));
        await contracts.markEnding({ contract: contractOf(transaction), ending });
      },
    },
    clock: { now: () => now },
    log,
  });
  const left = new Map();
  return async (...seen: readonly ClusterNode[]) => {
    const nodes = seen.map((node) => withGpus(node, GPU_KINDS));
    await publishStock({ nodes, sell, self: SELLER, inventory, now, log, left });
    return await endBreaches(nodes);
  };
}
const listed = async () =>
  (await inventory.list())
    .filter(isSlice)
    .map(({ id, offer, price }) => ({ id, model: offer.gpu?.model, count: offer.resources.gpu, price: price?.amount }))
    .toSorted((a, b) => `${a.model} ${a.count}`.localeCompare(`${b.model} ${b.count}`));
async function sell(flavor: FlavorId | undefined, count: number): Promise<ContractId> {
  if (!flavor) throw new Error('nothing is listed');
  now += 1_000;
  await db.setClock(now);
  const transaction = newTransaction();
  const part = { ...sized(1), gpu: `${count}` };
  await inventory.reserve({ flavor, buyer: buyerOf('alice'), part, idempotencyKey: transaction, transaction, ttlMs: 60_000 });
  const contract = contractOf(transaction);
  await inventory.sell({ transaction, contract, seller: SELLER, lifetimeMs: 86_400_000 });
  return contract;
}

it('are flavors of their model, at their price, and of a pool each model is one', async () => {
  await open()(gpuNode('a', 8, { own: 2 }), gpuNode('b', 1, { model: 'T4' }), workerOf('c'));
  expect(await listed()).toMatchObject([
    { model: 'A100', count: '6', price: '12' },
    { model: 'T4', count: '1', price: '2' },
    { model: undefined, count: undefined, price: '0' },
  ]);
  await open({ pool: 'architecture' })(gpuNode('a', 8), gpuNode('b', 4), gpuNode('c', 1, { model: 'T4' }));
  expect(await listed()).toMatchObject([
    { model: 'A100', count: '12' },
    { model: 'T4', count: '1' },
  ]);
});

it('are sold under the id that was read while others of their own pods come and go, and not when another model is put in', async () => {
  const show = open();
  await show(gpuNode('a', 8));
  const [before] = await listed();
  await show(gpuNode('a', 8, { own: 3 }));
  await show(gpuNode('a', 8, { own: 1 }));
  await sell(before?.id, 2);
  expect(await listed()).toMatchObject([{ count: '5' }]);
  await show(gpuNode('a', 8, { model: 'H100' }));
  await expect(sell(before?.id, 1)).rejects.toMatchObject({ code: 'FLAVOR_GONE' });
  expect(await listed()).toMatchObject([{ model: 'H100', count: '8' }]);
});

it('stand on others of their model: with these the sale goes on, and fewer are listed; without, it ends though the cluster has room', async () => {
  const show = open();
  await show(gpuNode('a', 4), gpuNode('b', 4), gpuNode('c', 8, { model: 'T4' }));
  const [a, b] = await listed();
  const [old, newest] = [await sell(a?.id, 3), await sell(b?.id, 3)];
  await show(gpuNode('a', 4), gpuNode('c', 8, { model: 'T4' }));
  expect(ended).toHaveLength(1);
  const kept = ended[0] === old ? newest : old;
  for (const contract of ended) await inventory.giveBack({ contract, ending: { reason: 'breach' } });
  await show(gpuNode('a', 4), gpuNode('c', 8, { model: 'T4' }));
  expect(await listed()).toMatchObject([
    { model: 'A100', count: '1' },
    { model: 'T4', count: '8' },
  ]);
  expect((await contracts.list({ living: true })).map(({ terms }) => terms.id)).toEqual([kept]);
});

it('are waited for, as long as the tolerance, while their plugin says there are none or nobody says which', async () => {
  const show = open();
  await show(gpuNode('a', 4));
  const contract = await sell((await listed())[0]?.id, 3);
  expect(await show(gpuNode('a', 0))).toEqual({ againMs: 60_000 });
  const nameless = withoutLabels(gpuNode('a', 4));
  expect(await show(nameless)).toEqual({ againMs: 60_000 });
  expect(await listed()).toMatchObject([{ model: undefined }]);
  await show(gpuNode('a', 4));
  expect(await listed()).toMatchObject([{ model: 'A100', count: '1' }]);
  await show(nameless);
  now += 60_000;
  await show(nameless);
  expect(ended).toEqual([contract]);
});

function withoutLabels(node: ClusterNode): ClusterNode {
  return { ...node, labels: { 'kubernetes.io/arch': 'amd64', 'node-role.fluidos.eu/resources': 'true' } };
}
