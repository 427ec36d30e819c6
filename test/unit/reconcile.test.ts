/** The comparison of tables, workflows and cluster, on fakes: what it mends, and that nothing which cannot be mended keeps the rest waiting. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { beforeEach, expect, test } from 'vitest';
import { type Reconciliation, reconcileActivities } from '../../activities/reconcile.ts';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, contractOf, intentName, type TransactionId, workflowIds } from '../../src/domain/ids.ts';
import type { PeeringUser } from '../../src/domain/peering.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import type { OpenProcess, Processes } from '../../src/ports/processes.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { fakeCluster } from '../fakes/cluster.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { type Faulty, faulty } from '../fakes/faulty.ts';
import { type LiqoWorld, liqoWorld } from '../fakes/liqo-world.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { memoryProcesses, type MemoryProcesses } from '../fakes/memory-processes.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { type FakePeers, fakePeers } from '../fakes/peers.ts';
import { rearNode } from '../fakes/rear-node.ts';

const NORTH = clusterId('north-1');
let moved = 0;
const clock = { now: () => Date.now() + moved };

let world: LiqoWorld;
let fabric: Faulty<Fabric>;
let inventory: Inventory;
let memory: ReturnType<typeof memoryInventory>;
let records: ReturnType<typeof memoryRecords>;
let peers: FakePeers;
let asked: MemoryProcesses['asked'];
/** What runs, as Temporal lists it; what is not here is closed. */
let open: OpenProcess[];
let users: PeeringUser[];
let processes: Faulty<Processes>;
/** Acquisitions and runs whose intent is gone. */
let unwanted: Set<string>;

beforeEach(async () => {
  world = liqoWorld();
  fabric = faulty(fakeFabric(world, NORTH));
  memory = memoryInventory({ clock });
  inventory = memory.inventory;
  records = memoryRecords({ clock });
  peers = fakePeers({ clock });
  const standIn = memoryProcesses({ clock });
  asked = standIn.asked;
  [open, users, unwanted] = [[], [], new Set()];
  moved = 0;
  processes = faulty<Processes>({
    ...standIn.processes,
    open: async () => open,
    isOpen: async (workflowId) => open.some((process) => process.workflowId === workflowId),
    runsIntent: async (_, runId) => !unwanted.has(runId),
    isWanted: async (acquisition) => !unwanted.has(acquisition),
    peeringUsers: async () => users,
  });
  await inventory.publish(flavorOf('000a'));
});

const running = (workflowId: string, more: Partial<OpenProcess> = {}): OpenProcess => ({
  workflowId,
  type: 'x',
  startedAt: '2026-01-01T00:00:00Z',
  stuck: false,
  ...more,
});
async function sold(): Promise<TransactionId> {
  const transaction = newTransaction();
  const buyer = buyerOf('alice');
  await inventory.reserve({ flavor: flavorOf('000a').id, buyer, part: ONE, transaction, ttlMs: 60_000, idempotencyKey: transaction });
  await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 86_400_000 });
  return transaction;
}
async function reconcile({ undoRoundMs = 300, others = peers.peers } = {}): Promise<Reconciliation> {
  const cluster = fakeCluster(world, NORTH);
  const timing = { ...DEFAULT_TIMING, undoRoundMs, nodeAnswerMs: 300 };
  const { contracts } = memory;
  const deps = { contracts, inventory, processes: processes.port, peers: others, knownNodes: records.knownNodes };
  const activities = reconcileActivities({ ...deps, fabric: fabric.port, cluster, self: SELLER, timing, clock });
  return await new MockActivityEnvironment().run(activities.reconcile);
}

test('one orphan that cannot be mended keeps no other waiting', async () => {
  const contracts = await Promise.all(Array.from({ length: 10 }, sold));
  fabric.plan('stopSlice', { kind: 'refuse', fault: new Fault('STILL_THERE', 'a pod is going') });
  const first = await reconcile();
  expect(first.failed).toEqual([expect.stringMatching(/^contract-\S+: STILL_THERE: a pod is going$/)]);
  expect(first.mended).toHaveLength(contracts.length - 1);
  expect(await reconcile()).toMatchObject({ mended: [expect.stringContaining('given back')], failed: [] });
  expect(memory.living()).toEqual([]);
});

test.each([
  ['takes its own side down: it had the tenant until then', true, 10_000, 'its buyer told'],
  ['is away: after its time we do without it', false, 300, 'its buyer did not answer'],
] as const)('the buyer of a sold contract that nobody serves is told, and %s', async (_, answers, undoRoundMs, words) => {
  const contract = contractOf(await sold());
  const alice = buyerOf('alice');
  await peers.add({ identity: alice });
  peers.setReachable(alice.address, answers);
  const buyer = fakeFabric(world, clusterId('alice-1'));
  const slice = { seller: NORTH, acquisition: acquisitionId('a-1') };
  await fabric.port.ensureTenant({ buyer: clusterId('alice-1') });
  await buyer.requestSlice({ ...slice, contract, resources: ONE, sliceClass: 'rearguard' });
  open = [running('peering/alice-1')];
  const reconciling = reconcile({ undoRoundMs });
  await expect.poll(() => fabric.called('removeReplica')).toBe(1);
  const ending = { reason: 'operator', detail: expect.stringContaining('closed by somebody') };
  expect(peers.notices()).toEqual(answers ? [{ to: alice.address, contract, ending }] : []);
  expect(await memory.contracts.get(contract)).toMatchObject({ state: 'ending', ending });
  expect(asked).toEqual([]);
  if (answers) await buyer.withdrawSlice(slice);
  expect(await reconciling).toMatchObject({ mended: [expect.stringContaining(words)], failed: [] });
  expect(world.objects().filter((line) => line.startsWith('north-1: replica'))).toEqual([]);
  expect(asked).toEqual([`leave alice-1 ${contract}`]);
  expect(memory.living()).toEqual([]);
});

test('a failure that nobody expected keeps no other waiting either', async () => {
  await Promise.all([sold(), sold()]);
  let calls = 0;
  const { get } = memory.contracts;
  Object.assign(memory.contracts, {
    get: async (id: Parameters<typeof get>[0]) => {
      calls += 1;
      if (calls === 1) throw new TypeError('a bug');
      return await get(id);
    },
  });
  expect(await reconcile()).toMatchObject({ mended: [expect.any(String)], failed: [expect.stringContaining('a bug')] });
});

test('users of a peering whose contracts are over leave it; those that live, or whose workflow runs, stay', async () => {
  const [over, ending, living] = [await sold(), await sold(), await sold()];
  for (const transaction of [over, ending]) await inventory.giveBack({ contract: contractOf(transaction), ending: { reason: 'drained' } });
  users = [over, ending, living].map((transaction) => ({
    contract: contractOf(transaction),
    direction: 'sold',
    replyTo: workflowIds.contract(transaction),
  }));
  open = [running('peering/alice-1'), running(workflowIds.contract(ending)), running(workflowIds.contract(living))];
  await fabric.port.ensureTenant({ buyer: clusterId('alice-1') });
  expect(await reconcile()).toMatchObject({ mended: [expect.stringContaining(contractOf(over))], failed: [] });
  expect(asked).toEqual([`leave alice-1 ${contractOf(over)}`]);
});

test('a tenant that somebody took away is built again while a sale needs it; an API server that is away is no reason to', async () => {
  const living = await sold();
  users = [{ contract: contractOf(living), direction: 'sold', replyTo: workflowIds.contract(living) }];
  open = [running('peering/alice-1'), running(workflowIds.contract(living))];
  fabric.plan('meetingPlaces', { kind: 'refuse', fault: new Fault('CLUSTER_UNREACHABLE', 'no route') });
  expect(await reconcile()).toMatchObject({ mended: [], failed: [expect.stringContaining('no route')] });
  expect(await reconcile()).toMatchObject({ mended: [expect.stringContaining('the tenant of alice-1 was not whole')], failed: [] });
  expect(asked).toEqual([`join alice-1 ${contractOf(living)}`]);
  await fabric.port.ensureTenant({ buyer: clusterId('alice-1') });
  expect(await reconcile()).toMatchObject({ mended: [], failed: [] });
});

test('what Temporal lists as running is asked after no more, however much it is; all of it is read', async () => {
  const living = await Promise.all(Array.from({ length: 10 }, sold));
  users = living.map((transaction) => ({
    contract: contractOf(transaction),
    direction: 'sold',
    replyTo: workflowIds.contract(transaction),
  }));
  await fabric.port.ensureTenant({ buyer: clusterId('alice-1') });
  open = [running('peering/alice-1'), ...living.map((transaction) => running(workflowIds.contract(transaction)))];
  // The oldest are the last ones of the list, and cut off first where it is cut.
  const { open: list } = processes.port;
  Object.assign(processes.port, {
    open: async (input: Parameters<typeof list>[0]) => (await list(input)).slice(0, input?.all ? undefined : 1),
  });
  expect(await reconcile()).toMatchObject({ mended: [], failed: [] });
  expect(processes.called('isOpen')).toBe(0);
});

test('what is shared with a peer whose peering was closed by hand is taken over for those that use it, or for nobody', async () => {
  const [living, ending, gone] = [await sold(), await sold(), await sold()];
  for (const transaction of [ending, gone]) await inventory.giveBack({ contract: contractOf(transaction), ending: { reason: 'drained' } });
  for (const buyer of ['alice-1', 'bob-1', 'carol-1']) await fabric.port.ensureTenant({ buyer: clusterId(buyer) });
  world.cluster(NORTH).identities.set(clusterId('bob-1'), acquisitionId('b-1'));
  open = [running(workflowIds.contract(living)), running(workflowIds.contract(ending)), running('peering/carol-1')];
  const { mended, failed } = await reconcile();
  expect(failed).toEqual([]);
  expect(mended).toEqual([expect.stringContaining('alice-1'), expect.stringContaining('bob-1')]);
  expect(asked.toSorted()).toEqual(
    [`join alice-1 ${contractOf(living)}`, `join alice-1 ${contractOf(ending)}`, 'join bob-1 nobody', 'join bob-1 nobody'].toSorted(),
  );
});

test('a peering that closes while it is looked at is not built anew for nobody', async () => {
  for (const buyer of ['alice-1', 'bob-1']) await fabric.port.ensureTenant({ buyer: clusterId(buyer) });
  const { isOpen } = processes.port;
  Object.assign(processes.port, {
    isOpen: async (workflowId: string) => {
      // Its own workflow takes everything away, and ends.
      if (workflowId === 'peering/alice-1') {
        await fabric.port.removeTenant({ buyer: clusterId('alice-1') }, { timeoutMs: 300 });
        await fabric.port.removeMeetingPlace({ peer: clusterId('alice-1') }, { timeoutMs: 300 });
      }
      return await isOpen(workflowId);
    },
  });
  expect(await reconcile()).toMatchObject({ mended: [expect.stringContaining('bob-1')], failed: [] });
  expect(asked).toEqual(['join bob-1 nobody']);
});

test('only contracts that somebody serves are read, and once, however many peerings were closed', async () => {
  for (const buyer of ['alice-1', 'bob-1', 'carol-1']) await fabric.port.ensureTenant({ buyer: clusterId(buyer) });
  const transaction = await sold();
  open = [running(workflowIds.contract(transaction)), running(workflowIds.acquisition(acquisitionId('b-1')))];
  const reads: unknown[] = [];
  const { list, ofProcesses } = memory.contracts;
  Object.assign(memory.contracts, {
    list: async (filter: Parameters<typeof list>[0]) => {
      if (!filter?.living) reads.push('all');
      return await list(filter);
    },
    ofProcesses: async (of: Parameters<typeof ofProcesses>[0]) => {
      reads.push(of);
      return await ofProcesses(of);
    },
  });
  expect((await reconcile()).mended).toHaveLength(3);
  expect(reads).toEqual([{ sales: [transaction], acquisitions: ['b-1'] }]);
});

test('an API server that is away keeps nothing else waiting', async () => {
  await sold();
  fabric.plan('meetingPlaces', { kind: 'refuse', fault: new Fault('CLUSTER_UNREACHABLE', 'no route') });
  expect(await reconcile()).toMatchObject({
    mended: [expect.stringContaining('given back')],
    failed: ['meeting places: CLUSTER_UNREACHABLE: no route'],
  });
});

test('an acquisition and a namespace of an intent that was closed by hand are given back; others are left alone', async () => {
  const cluster = fakeCluster(world, NORTH);
  for (const [name, runId] of [
    ['shop', 'run-1'],
    ['stall', 'run-2'],
  ] as const) {
    await cluster.ensureNamespace({ intent: intentName(name), namespace: `intent-${name}`, runId });
    await cluster.applyWorkload({ intent: intentName(name), namespace: `intent-${name}`, manifests: [] });
  }
  open = [
    running(workflowIds.acquisition(acquisitionId('a-1')), { phase: 'usage' }),
    running(workflowIds.acquisition(acquisitionId('b-1')), { phase: 'usage' }),
    running(workflowIds.acquisition(acquisitionId('a-2')), { phase: 'teardown' }),
  ];
  unwanted = new Set(['run-1', 'a-1', 'a-2']);
  const { mended, failed } = await reconcile();
  expect(failed).toEqual([]);
  expect(mended).toEqual([expect.stringContaining('intent-shop'), expect.stringContaining('acquisition a-1')]);
  expect(asked).toEqual(['releaseAcquisition a-1: operator (its intent was closed by somebody; reconciled)']);
  expect(world.objects()).toEqual(['north-1: namespace intent-stall']);
});

test('a user’s own namespace is not offloaded for an intent that was closed by hand, and stays', async () => {
  const own = world.cluster(NORTH).namespaces;
  own.set('mine', { name: 'mine', runId: undefined, intent: undefined, offloadedTo: undefined, workload: undefined });
  const cluster = fakeCluster(world, NORTH);
  await cluster.offload({ namespace: 'mine', sellers: [clusterId('west-1')], owner: { intent: intentName('shop'), runId: 'run-1' } });
  expect(await reconcile()).toMatchObject({ mended: [], failed: [] });
  unwanted = new Set(['run-1']);
  expect(await reconcile()).toMatchObject({ mended: [expect.stringContaining('namespace mine')], failed: [] });
  expect(world.objects()).toEqual([]);
  expect(own.has('mine')).toBe(true);
  expect(await reconcile()).toMatchObject({ mended: [] });
});

test('a bought contract that nobody holds is ended at its seller too, once the slice is gone', async () => {
  const west = { ...buyerOf('west'), address: 'west:1' };
  await peers.add({ identity: west, flavors: [{ ...flavorOf('000b'), owner: west }] });
  const peer = peers.peers.at('west:1');
  const acquisition = acquisitionId('a-1');
  const transaction = await peer.reserve({ flavor: flavorOf('000b').id, buyer: SELLER, part: ONE, idempotencyKey: acquisition });
  const { terms, credentials } = await peer.purchase({ transaction: transaction.id, buyer: SELLER });
  await fabric.port.storeCredentials({ acquisition, credentials });
  await memory.contracts.storeBought({ terms, acquisition });
  await fabric.port.requestSlice({
    seller: terms.sellerCluster,
    acquisition,
    contract: terms.id,
    resources: ONE,
    sliceClass: 'rearguard',
  });
  world.setReachable(terms.sellerCluster, false);
  expect(await reconcile()).toMatchObject({ mended: [], failed: [expect.stringContaining('STILL_THERE')] });
  expect(peers.alive().contracts).toHaveLength(1);
  world.setReachable(terms.sellerCluster, true);
  expect(await reconcile()).toMatchObject({ mended: [expect.stringContaining('its seller told')], failed: [] });
  expect(peers.alive()).toEqual({ holds: [], contracts: [] });
  expect(memory.living()).toEqual([]);
  expect(world.objects()).toEqual([]);
});

test('of a bought contract whose FLUIDOS seller knows no termination it is told what stays there', async () => {
  const west = { ...buyerOf('west'), address: 'west:1' };
  await peers.add({ identity: west, dialect: 'fluidos', flavors: [{ ...flavorOf('000b'), owner: west }] });
  const peer = peers.peers.at('west:1');
  const acquisition = acquisitionId('a-1');
  const transaction = await peer.reserve({ flavor: flavorOf('000b').id, buyer: SELLER, part: ONE, idempotencyKey: acquisition });
  const { terms } = await peer.purchase({ transaction: transaction.id, buyer: SELLER });
  await memory.contracts.storeBought({ terms, acquisition });
  const { mended, failed } = await reconcile();
  expect(failed).toEqual([]);
  expect(mended).toEqual([expect.stringContaining('withdrawn, residue at west.example')]);
  expect(memory.living()).toEqual([]);
});

test('what is stuck tries again when its peer returns, and every few minutes while it answers', async () => {
  const { knownNodes } = records;
  for (const name of ['west', 'east']) {
    await peers.add({ identity: { ...buyerOf(name), address: `${name}:1` } });
    await knownNodes.add(`${name}:1`, 'operator');
    await knownNodes.seen(`${name}:1`, { domain: `${name}.example`, clusterId: `${name}-1` });
  }
  open = [
    running('acquisition/w-1', { stuck: true, peer: 'west.example', phase: 'teardown' }),
    running('contract/e', { stuck: true, peer: 'east-1' }),
    running('contract/gone', { stuck: true, peer: 'east-1' }),
    running('intent/free', { peer: 'west.example' }),
  ];
  const poked = async (): Promise<readonly string[]> => {
    const { poked: lines, failed } = await reconcile();
    expect(failed).toEqual([]);
    return lines.toSorted();
  };
  expect(await poked()).toEqual(['acquisition/w-1', 'contract/e']);
  expect(await poked()).toEqual([]);
  peers.setReachable('west:1', false);
  expect(await poked()).toEqual([]);
  peers.setReachable('west:1', true);
  // A search that asks west meanwhile finds it well: what is stuck has to hear of it all the same.
  await knownNodes.seen('west:1', {});
  expect(await poked()).toEqual(['acquisition/w-1']);
  moved = DEFAULT_TIMING.pokeMs;
  expect(await poked()).toEqual(['acquisition/w-1', 'contract/e']);
  moved *= 2;
  peers.setReachable('west:1', false);
  expect(await poked()).toEqual(['contract/e']);
});

test('a stuck process of a peer that is no known node tries again with the others', async () => {
  await peers.add({ identity: { ...buyerOf('west'), address: 'west:1' } });
  open = [running('contract/x', { stuck: true, peer: 'nobody-1' })];
  expect(await reconcile()).toMatchObject({ poked: [] });
  await records.knownNodes.add('west:1', 'operator');
  expect(await reconcile()).toMatchObject({ poked: ['contract/x'] });
});

test('a node that has died since it described itself does not answer, whatever is remembered of it', async () => {
  const { knownNodes } = records;
  const west = await rearNode({ name: 'west', clock });
  const others = httpPeers({ clock });
  const faults = async () => (await knownNodes.list()).map(({ lastFault, pokedAt }) => ({ lastFault, poked: pokedAt !== undefined }));
  try {
    await knownNodes.add(west.identity.address, 'operator');
    await others.at(west.identity.address).describe();
    open = [running('contract/x', { stuck: true, peer: 'nobody-1' })];
    expect(await reconcile({ others })).toMatchObject({ poked: ['contract/x'] });
  } finally {
    await west.close();
  }
  expect(await reconcile({ others })).toMatchObject({ poked: [], failed: [] });
  expect(await faults()).toEqual([{ lastFault: expect.stringContaining('PEER_UNREACHABLE'), poked: false }]);
});
