/** The comparison of tables, workflows and cluster, on fakes: what it mends, and that nothing which cannot be mended keeps the rest waiting. */
import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { hostedBound } from '../../src/domain/hosted.ts';
import { acquisitionId, clusterId, contractOf, intentName, workflowIds } from '../../src/domain/ids.ts';
import { NOTHING } from '../../src/domain/resources.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { blueprintOf } from '../fakes/samples.ts';
import { fakeCluster } from '../fakes/cluster.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { NORTH, playComparison, running } from './comparison.ts';

const { at, audit, hosting, world, fabric, memory, peers, sold, reconcile } = playComparison();

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
  at.open = [running('peering/alice-1')];
  const reconciling = reconcile({ undoRoundMs });
  await expect.poll(() => fabric.called('removeReplica')).toBe(1);
  const ending = { reason: 'operator', detail: expect.stringContaining('closed by somebody') };
  expect(peers.notices()).toEqual(answers ? [{ to: alice.address, contract, ending }] : []);
  expect(await memory.contracts.get(contract)).toMatchObject({ state: 'ending', ending });
  expect(at.asked).toEqual([]);
  if (answers) await buyer.withdrawSlice(slice);
  expect(await reconciling).toMatchObject({ mended: [expect.stringContaining(words)], failed: [] });
  expect(world.objects().filter((line) => line.startsWith('north-1: replica'))).toEqual([]);
  const denied = (await audit.audit.page({ limit: 9 })).items.filter(({ kind }) => kind === 'slice-denied');
  const left = { peer: 'alice-1', contract, facts: { code: 'CONTRACT_OVER' } };
  expect(denied).toMatchObject(answers ? [] : [left]);
  expect(at.asked).toEqual([`leave alice-1 ${contract}`]);
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

test('a ledger that was written anew is told, and one that could not be', async () => {
  Object.assign(memory.inventory, {
    recount: async () => ({ mended: ['the ledger of a was written anew'], failed: ['contract b lives'] }),
  });
  expect(await reconcile()).toMatchObject({ mended: ['the ledger of a was written anew'], failed: ['contract b lives'] });
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
  at.open = [
    running(workflowIds.acquisition(acquisitionId('a-1')), { phase: 'usage' }),
    running(workflowIds.acquisition(acquisitionId('b-1')), { phase: 'usage' }),
    running(workflowIds.acquisition(acquisitionId('a-2')), { phase: 'teardown' }),
  ];
  at.unwanted = new Set(['run-1', 'a-1', 'a-2']);
  const { mended, failed } = await reconcile();
  expect(failed).toEqual([]);
  expect(mended).toEqual([expect.stringContaining('intent-shop'), expect.stringContaining('acquisition a-1')]);
  expect(at.asked).toEqual(['releaseAcquisition a-1: operator (its intent was closed by somebody; reconciled)']);
  expect(world.objects()).toEqual(['north-1: namespace intent-stall']);
});

test('a user’s own namespace is not offloaded for an intent that was closed by hand, and stays', async () => {
  const own = world.cluster(NORTH).namespaces;
  own.set('mine', { name: 'mine', runId: undefined, intent: undefined, offloadedTo: undefined, workload: undefined });
  const cluster = fakeCluster(world, NORTH);
  await cluster.offload({ namespace: 'mine', sellers: [clusterId('west-1')], owner: { intent: intentName('shop'), runId: 'run-1' } });
  expect(await reconcile()).toMatchObject({ mended: [], failed: [] });
  at.unwanted = new Set(['run-1']);
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
  if (credentials) await fabric.port.storeCredentials({ acquisition, credentials, renewable: true });
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

test('a bought service that nobody holds is ended at its seller, and its Secret goes', async () => {
  const west = { ...buyerOf('west'), address: 'west:1' };
  const database = blueprintOf(west);
  await peers.add({ identity: west, flavors: [database] });
  const peer = peers.peers.at('west:1');
  const acquisition = acquisitionId('a-1');
  const service = { kind: 'service', hostingPolicy: 'Provider', configuration: { database: 'orders' } } as const;
  const hold = { flavor: database.id, buyer: SELLER, part: NOTHING, service, idempotencyKey: acquisition };
  const { terms } = await peer.purchase({ transaction: (await peer.reserve(hold)).id, buyer: SELLER });
  await memory.contracts.storeBought({ terms, acquisition });
  const cluster = fakeCluster(world, NORTH);
  await cluster.ensureNamespace({ intent: intentName('shop'), namespace: 'intent-shop', runId: 'run-1' });
  await cluster.handOver({ namespace: 'intent-shop', service: 'db', acquisition, handover: { secret: { password: 'x' } } });
  await hosting.hosting.hostBought({ acquisition, manifests: [], bound: hostedBound(), secret: {} }, { timeoutMs: 100 });
  expect(await reconcile()).toMatchObject({ mended: [expect.stringContaining('its seller told')], failed: [] });
  expect(peers.alive()).toEqual({ holds: [], contracts: [] });
  expect(memory.living()).toEqual([]);
  expect(world.objects()).toEqual(['north-1: namespace intent-shop']);
  expect(await hosting.hosting.bought()).toEqual([]);
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

test('an instance of a contract that is over, or that nobody knows, is removed; one that lives is left alone', async () => {
  const instance = async (contract: ReturnType<typeof contractOf>) =>
    await hosting.hosting.instantiate({ contract, values: () => ({}), manifests: () => [] }, { timeoutMs: 100 });
  const [living, over] = [await sold(), await sold()];
  at.open = [running(workflowIds.contract(living))];
  await memory.inventory.giveBack({ contract: contractOf(over), ending: { reason: 'done' } });
  const unknown = contractOf(newTransaction());
  for (const contract of [contractOf(living), contractOf(over), unknown]) await instance(contract);
  const { mended, failed } = await reconcile();
  expect(failed).toEqual([]);
  expect([...mended].toSorted()).toEqual(
    [
      expect.stringContaining(`${contractOf(over)}, which is over`),
      expect.stringContaining(`${unknown}, which is not known here`),
    ].toSorted(),
  );
  expect(await hosting.hosting.instances()).toEqual([contractOf(living)]);
});

test('what runs here for an acquisition that nobody holds is removed: with its contract, or alone; one that is held is left alone', async () => {
  const [held, orphan] = [acquisitionId('c0ffee00beef-1'), acquisitionId('c0ffee00beef-2')];
  const bound = hostedBound();
  for (const acquisition of [held, orphan])
    await hosting.hosting.hostBought({ acquisition, manifests: [], bound, secret: {} }, { timeoutMs: 100 });
  at.open = [running(workflowIds.acquisition(held))];
  expect(await reconcile()).toMatchObject({
    mended: [`what ran here was of acquisition ${orphan}, which nobody holds: removed`],
    failed: [],
  });
  expect(await hosting.hosting.bought()).toEqual([held]);
});

test('an audit that was tampered with is told', async () => {
  audit.say({ broken: 'seal 3 is not the one that was signed' });
  expect((await reconcile()).failed).toEqual(['the audit was tampered with: seal 3 is not the one that was signed']);
});
