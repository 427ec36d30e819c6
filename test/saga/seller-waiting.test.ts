import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type TransactionId, acquisitionId, clusterId, contractOf, transactionId, workflowIds } from '../../src/domain/ids.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { SOON, playSeller } from './seller.ts';
import { SOUTH } from './shop.ts';
import { identity } from './trade.ts';

/** What a seller waits for when a contract ends: its buyer's own teardown needs the tenant. */
const { stage, shop, open, purchase, sold, untilClosed, nothingLeft } = playSeller();

/** Nobody waits this long in a test. */
const LONG = { sellerGraceMs: 600_000, buyerGoneMs: 600_000 };
const notes = async (transaction: TransactionId, step: string) =>
  (await stage.node.processes.journal(workflowIds.contract(transaction)).catch(() => [])).filter((line) => line.step === step);
const untilNoted = (transaction: TransactionId, step: string): Promise<void> =>
  expect.poll(() => notes(transaction, step), SOON).toHaveLength(1);
const untilSaid = (transaction: TransactionId, step: string, words: RegExp): Promise<void> =>
  expect.poll(async () => (await notes(transaction, step))[0]?.detail, SOON).toMatch(words);
const withdraw = (transaction: TransactionId): Promise<void> =>
  stage.node.processes.endContract(transaction, { reason: 'withdrawn-by-seller' }, 'seller');

test('a buyer that could not be told is told again until it hears; its tenant is kept until it is done, and the journal says so', async () => {
  await open(LONG);
  const transaction = await sold();
  const away = new Fault('PEER_UNREACHABLE', 'nobody answers');
  shop.peers.trouble({ address: identity('south').address, call: 'notifyEnd', trouble: { kind: 'refuse', fault: away }, times: 3 });
  await withdraw(transaction);
  await untilNoted(transaction, 'waits-for-buyer');
  await untilSaid(transaction, 'waits-for-buyer', /buyer south .* since .*, until .*; it could not be told yet/);
  await expect.poll(() => shop.peers.notices(), SOON).toMatchObject([{ contract: contractOf(transaction) }]);
  await stage.node.processes.noticeOfSlice(transaction, 'gone');
  await untilNoted(transaction, 'slice-gone');
  await shop.buyerDone(transaction);
  await nothingLeft();
});

test.each([
  [
    '',
    LONG,
    async (transaction: TransactionId) => await stage.node.processes.endContract(transaction, { reason: 'operator' }, 'seller-alone'),
  ],
  [', and its slice stays', { sellerGraceMs: 1_000, buyerGoneMs: 2_000 }, async () => {}],
])(
  'a buyer of FLUIDOS’s dialect can never be told: it is asked once, and its tenant kept as long as for another%s',
  async (_, timing, then) => {
    await open(timing, { buyerSpeaks: 'fluidos' });
    const transaction = await sold();
    await shop.offerSlice(transaction, { unsigned: true });
    await withdraw(transaction);
    await untilNoted(transaction, 'waits-for-buyer');
    await untilSaid(transaction, 'waits-for-buyer', /its node takes no notice of an end/);
    await then(transaction);
    await untilClosed(transaction);
    expect(shop.peers.calls().filter(({ call }) => call === 'notifyEnd')).toMatchObject([{ outcome: 'failed' }]);
    expect(await stage.database.store.contracts.get(contractOf(transaction))).toMatchObject({ ending: { reason: 'withdrawn-by-seller' } });
    // Its own side, which only its own operator takes down.
    await shop.buyerDone(transaction).catch(() => undefined);
    await nothingLeft();
  },
);

test('saying again that it ends does not cut the wait short; saying that nobody is waited for does', async () => {
  await open(LONG);
  const transaction = await sold();
  await withdraw(transaction);
  await untilNoted(transaction, 'waits-for-buyer');
  await withdraw(transaction);
  // Both were delivered by the time the second notice is: a repeat tells the buyer once more.
  await expect.poll(() => shop.peers.notices(), SOON).toHaveLength(2);
  expect(await stage.node.processes.isOpen(workflowIds.contract(transaction))).toBe(true);
  await stage.node.processes.endContract(transaction, { reason: 'operator' }, 'seller-alone');
  await nothingLeft();
  await untilSaid(transaction, 'buyer-is-away', /an operator waits for south no more/);
  expect(await stage.database.store.contracts.get(contractOf(transaction))).toMatchObject({ ending: { reason: 'withdrawn-by-seller' } });
});

test('a sale that fails once it is sold: its buyer, who may have read it, is told of the end and waited for', async () => {
  await open(LONG);
  const transaction = await shop.reserve();
  shop.fabric.plan('ensureTenant', { kind: 'refuse', fault: new Fault('CLUSTER_REFUSED', 'forbidden') });
  await expect(purchase(transaction)).rejects.toMatchObject({ name: 'Fault' });
  await untilNoted(transaction, 'waits-for-buyer');
  expect(shop.peers.notices()).toMatchObject([{ contract: contractOf(transaction), ending: { reason: 'failed' } }]);
  expect(await stage.database.store.contracts.get(contractOf(transaction))).toMatchObject({ ending: { reason: 'failed' } });
  await shop.buyerDone(transaction);
  await nothingLeft();
});

test('a tenant that cannot be removed makes nobody wait for the buyer anew', async () => {
  await open({ sellerGraceMs: 1_000 });
  const transaction = await sold();
  shop.fabric.plan('removeTenant', { kind: 'refuse', fault: new Fault('CLUSTER_REFUSED', 'forbidden') }, 3);
  await withdraw(transaction);
  await nothingLeft();
  await untilNoted(transaction, 'waits-for-buyer');
  await untilSaid(transaction, 'buyer-is-away', /south did not say in time that it is done/);
});

test('a buyer that never takes its slice away loses the replica when its time is over, though another contract keeps the tenant', async () => {
  await open({ sellerGraceMs: 1_000, buyerGoneMs: 2_000 });
  const [ended, kept] = [await sold(), await sold()];
  const allocations = async () => (await stage.database.store.contracts.allocations()).filter(({ state }) => state === 'active').length;
  await shop.offerSlice(ended);
  await shop.offerSlice(kept);
  await expect.poll(allocations, SOON).toBe(2);
  const replicas = (): readonly string[] => shop.world.objects().filter((line) => line.startsWith('north: replica'));
  expect(replicas()).toHaveLength(2);
  await withdraw(ended);
  await untilClosed(ended);
  expect(replicas()).toHaveLength(1);
  await untilSaid(ended, 'buyer-is-away', /south did not say in time/);
  expect(shop.world.cluster(clusterId('north')).tenants.has(SOUTH)).toBe(true);
  expect(shop.world.find(SOUTH)?.slices.size).toBe(2);
  await shop.buyerDone(kept);
  await shop.buyerDone(ended).catch(() => undefined);
  await nothingLeft();
});

test.each([
  ['fails, then succeeds', 'CLUSTER_UNREACHABLE', 2],
  ['is stuck, shows it, and is mended', 'CLUSTER_REFUSED', Number.POSITIVE_INFINITY],
] as const)('taking away the replica of a buyer that never does %s', async (_title, code, times) => {
  await open({ sellerGraceMs: 1_000, buyerGoneMs: 1_000 });
  // The other contract keeps the tenant, whose end would take the replica along.
  const [transaction, kept] = [await sold(), await sold()];
  await shop.offerSlice(transaction);
  const allocations = async () => (await stage.database.store.contracts.allocations()).filter(({ state }) => state === 'active').length;
  await expect.poll(allocations, SOON).toBe(1);
  shop.fabric.plan('removeReplica', { kind: 'refuse', fault: new Fault(code, 'not now') }, times);
  await withdraw(transaction);
  const contract = workflowIds.contract(transaction);
  if (times === Number.POSITIVE_INFINITY) {
    const stuck = async () => (await stage.node.processes.open()).find(({ workflowId }) => workflowId === contract)?.stuck;
    await expect.poll(stuck, SOON).toBe(true);
    shop.fabric.heal();
    await stage.node.processes.retryTeardown(contract);
  }
  await expect.poll(() => stage.node.processes.isOpen(contract), { timeout: 30_000, interval: 50 }).toBe(false);
  expect(shop.fabric.called('removeReplica')).toBeGreaterThan(1);
  expect(shop.world.objects().filter((line) => line.startsWith('north: replica'))).toEqual([]);
  await shop.buyerDone(kept);
  await shop.buyerDone(transaction).catch(() => undefined);
  await nothingLeft();
});

test('a peering that others still use is stuck as long as somebody cannot leave it, and says why', async () => {
  await open({ sellerGraceMs: 1_000 });
  const transaction = await sold();
  const other = {
    contract: contractOf(transactionId('0-1')),
    direction: 'bought',
    acquisition: acquisitionId('a-1'),
    replyTo: 'nobody',
  } as const;
  await stage.node.processes.joinPeering(SOUTH, other);
  shop.fabric.plan('removeTenant', { kind: 'refuse', fault: new Fault('CLUSTER_REFUSED', 'forbidden') }, Number.POSITIVE_INFINITY);
  await withdraw(transaction);
  const peering = workflowIds.peering(SOUTH);
  const isStuck = async (): Promise<boolean | undefined> =>
    (await stage.node.processes.open()).find(({ workflowId }) => workflowId === peering)?.stuck;
  await expect.poll(isStuck, SOON).toBe(true);
  // The contract's next rounds do not hide it.
  const rounds = shop.fabric.called('removeTenant');
  await expect.poll(() => shop.fabric.called('removeTenant'), SOON).toBeGreaterThan(rounds + 2);
  expect(await isStuck()).toBe(true);
  shop.fabric.heal();
  await expect.poll(isStuck, SOON).toBe(false);
  await stage.node.processes.leavePeering(SOUTH, other);
  await nothingLeft();
});

test.each([
  ['a slice of its buyer is here, though Liqo never said of whose it is: as long as for one in use', true],
  ['its buyer never came: a moment', false],
])('a contract ends while %s', async (_, came) => {
  await open({ sellerGraceMs: 2_000, buyerGoneMs: 600_000 });
  const transaction = await sold();
  const buyer = fakeFabric(shop.world, SOUTH);
  const slice = { seller: clusterId('north'), acquisition: acquisitionId('untold-1') };
  const resources = { cpu: '1', memory: '1Gi', pods: '1' };
  if (came) await buyer.requestSlice({ ...slice, contract: contractOf(transaction), resources, sliceClass: 'rearguard' });
  await withdraw(transaction);
  await untilNoted(transaction, 'waits-for-buyer');
  const [line] = await notes(transaction, 'waits-for-buyer');
  const [since, until] = [/since ([^,]*),/, /until (\S*) at most/].map((words) => Date.parse(words.exec(line?.detail ?? '')?.[1] ?? ''));
  expect((until ?? 0) - (since ?? 0)).toBe(came ? 600_000 : 2_000);
  await buyer.withdrawSlice(slice);
  await shop.buyerDone(transaction);
  await nothingLeft();
});
