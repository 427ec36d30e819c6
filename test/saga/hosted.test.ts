/** A service that its buyer hosts, in whole or in part, step by step: what is refused, lost, cancelled, killed, stuck; its workload runs at home, so that nothing but the service is bought. */
import { describe, expect, test } from 'vitest';
import type { Contract, Handover } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import { type IntentName, acquisitionId, clusterId, contractId, hostedNamespace, workflowIds } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import type { Hosting } from '../../src/ports/hosting.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const { stage, trade, open: openCase, start, letGo, end, over, finish, nothingLeft, untilSaid } = playBuyer();
const NORTH = identity('north').address;
const DATABASE = { name: 'db', category: 'database', hostingPolicy: 'Consumer', configuration: { database: 'orders' } };
const HOME = { cpu: '8', memory: '16Gi', pods: '100' };
let count = 0;

const MANIFESTS: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'credentials' }, stringData: { password: 'hunter-two' } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db' }, spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] } },
];
const made = ({ terms }: Contract): Handover => ({
  secret: { password: `made-for-${terms.id}` },
  manifests: MANIFESTS,
  ...(terms.service?.hostingPolicy === 'Consumer'
    ? { service: { name: 'db', port: 5432 } }
    : { endpoint: { host: 'db.north.example', port: 5432 } }),
});
const open = (handover: (contract: Contract) => Handover = made) =>
  openCase({ home: HOME, databases: ['north', 'west'], hostingPolicies: ['Provider', 'Consumer', 'Shared'], handover });
const begin = (more: object = {}): Promise<IntentName> => start(`hosted-${++count}`, { services: [{ ...DATABASE, ...more }] });

const heldBy = async (name: IntentName) => {
  const [service] = (await stage.untilInUse(name)).services ?? [];
  if (!service?.acquisition) throw new Error('nobody holds it');
  return { ...service, acquisition: acquisitionId(service.acquisition) };
};
const secretOf = (name: IntentName) => trade.world.cluster(clusterId('south')).handedOver.get(`intent-${name}/db`)?.values;
/** In use: what the seller handed over runs here, and the workload is told where. */
const hostedFrom = async (name: IntentName): Promise<string | undefined> => {
  const { acquisition, contract, hosting, seller } = await heldBy(name);
  expect(hosting).toBe('Consumer');
  expect(trade.hosted(acquisition)).toEqual(MANIFESTS);
  expect(await trade.deps.hosting.bought()).toEqual([acquisition]);
  expect(secretOf(name)).toEqual({ host: `db.${hostedNamespace(acquisition)}.svc`, port: '5432', password: `made-for-${contract}` });
  return seller;
};
const UNREACHABLE = new Fault('CLUSTER_UNREACHABLE', 'away for a moment');
type Call = keyof Hosting & ('hostBought' | 'removeBought');
const refuse = (call: Call, fault: Fault, times?: number): void => trade.hosting.plan(call, { kind: 'refuse', fault }, times);

describe('the step that makes it', () => {
  test('refused by our cluster: nothing of that seller is left, and another one serves', async () => {
    await open();
    refuse('hostBought', new Fault('WORKLOAD_REFUSED', 'exceeded quota'));
    const name = await begin();
    expect(await hostedFrom(name)).toBe('west.example');
    await finish(name);
  });

  test('answer lost after it took effect: it is made once, and nothing of it is in any history', async () => {
    await open();
    trade.hosting.plan('hostBought', { kind: 'lose-answer' });
    const name = await begin();
    expect(await hostedFrom(name)).toBe('north.example');
    const { acquisition } = await heldBy(name);
    await finish(name);
    for (const id of [workflowIds.intent(name), workflowIds.acquisition(acquisition)]) {
      const { events } = await stage.node.temporal.client.workflow.getHandle(id).fetchHistory();
      const payloads = [...JSON.stringify(events).matchAll(/"data":"([^"]+)"/g)];
      const texts = payloads.map(([, data = '']) => Buffer.from(data, 'base64').toString()).join('\n');
      expect(texts).toContain('Consumer');
      expect(texts).not.toMatch(/hunter-two|made-for|credentials/);
    }
  });

  test('cancelled in the middle', async () => {
    await open();
    trade.hosting.plan('hostBought', { kind: 'hang' });
    const name = await begin();
    await trade.hosting.whenHanging('hostBought');
    await finish(name);
  });

  test('worker killed in the middle', async () => {
    await open();
    trade.hosting.plan('hostBought', { kind: 'hang' });
    const name = await begin();
    await trade.hosting.whenHanging('hostBought');
    await stage.killWorkers();
    letGo();
    await stage.startWorkers();
    expect(await hostedFrom(name)).toBe('north.example');
    await finish(name);
  });

  test('its compensation fails for a moment', async () => {
    await open();
    refuse('removeBought', UNREACHABLE, 2);
    const name = await begin();
    await hostedFrom(name);
    await finish(name);
  });

  test('its compensation is stuck: it shows, and is mended', async () => {
    await open();
    refuse('removeBought', new Fault('CLUSTER_REFUSED', 'forbidden'), Number.POSITIVE_INFINITY);
    const name = await begin();
    const { acquisition } = await heldBy(name);
    await end(name);
    const stuck = async () => (await stage.node.processes.open()).filter((process) => process.stuck).map(({ workflowId }) => workflowId);
    await expect.poll(stuck, { timeout: 40_000, interval: 100 }).toContain(workflowIds.acquisition(acquisition));
    expect(await trade.leaks()).toContain(`hosted of ${acquisition}`);
    trade.hosting.heal();
    for (const id of await stuck()) await stage.node.processes.retryTeardown(id).catch(() => undefined);
    await over(name);
  });
});

test('manifests that reach further than they may: nothing is applied, the plan says what they are, another seller serves', async () => {
  const evil: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { hostNetwork: true, containers: [{ name: 'p', image: 'p', env: [{ name: 'A', value: ['hunter-three'] }] }] },
  };
  await open((contract) => ({ ...made(contract), ...(contract.terms.seller.address === NORTH && { manifests: [...MANIFESTS, evil] }) }));
  const name = await begin();
  expect(await hostedFrom(name)).toBe('west.example');
  expect(trade.hosting.called('hostBought')).toBe(1);
  const plan = (await stage.node.processes.readIntent(name))?.plan ?? [];
  const reasons = plan.find(({ seller, service }) => service === 'db' && seller === 'north.example')?.reasons.join() ?? '';
  expect(reasons).toMatch(/MANIFESTS_REFUSED.*manifests\[2\]\.spec\.hostNetwork must be false or absent/);
  expect(reasons).not.toContain('hunter-three');
  expect((await trade.deps.audit.page({ limit: 100 })).items).toContainEqual(
    expect.objectContaining({ kind: 'peer-lied', peer: identity('north').id }),
  );
  await finish(name);
});

const CLAIMS: readonly Manifest[] = ['a', 'b', 'c'].map((name) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}));
test.each<[string, (given: Handover) => Handover, string]>([
  ['nothing to host', ({ secret }) => ({ secret }), 'PEER_LIED'],
  ['a part of the seller’s that nobody bought', (given) => ({ ...given, endpoint: { host: 'db.north.example', port: 6443 } }), 'PEER_LIED'],
  ['more than the intent lets it have', (given) => ({ ...given, manifests: [...MANIFESTS, ...CLAIMS] }), 'MANIFESTS_REFUSED'],
])('sellers that hand over %s are given up, and nothing is applied', async (_what, change, code) => {
  await open((contract) => change(made(contract)));
  const name = await start(`hosted-${++count}`, { patience: '1s', services: [{ ...DATABASE, resources: { storage: '2Gi' } }] });
  await expect(stage.resultOf(name)).rejects.toMatchObject({ cause: { message: expect.stringContaining('service db') } });
  expect((await trade.deps.intents.get(name))?.plan.flatMap(({ reasons }) => reasons).join()).toContain(code);
  expect(trade.hosting.called('hostBought')).toBe(0);
  await nothingLeft();
});

test('hosted by both: our part runs here, and the workload is told where the seller’s answers', async () => {
  await open();
  const name = await begin({ hostingPolicy: 'Shared' });
  const { acquisition, contract, hosting } = await heldBy(name);
  expect(hosting).toBe('Shared');
  expect(trade.hosted(acquisition)).toEqual(MANIFESTS);
  expect(secretOf(name)).toEqual({ host: 'db.north.example', port: '5432', password: `made-for-${contract}` });
  await finish(name);
});

test('without a word of it in the intent nothing is hosted here, though it is all that is on sale', async () => {
  await openCase({ home: HOME, databases: ['north'], hostingPolicies: ['Consumer', 'Shared'], handover: made });
  const name = await start(`hosted-${++count}`, { patience: '1s', services: [{ ...DATABASE, hostingPolicy: undefined }] });
  await expect(stage.resultOf(name)).rejects.toMatchObject({ cause: { message: expect.stringContaining('service db') } });
  const plan = (await trade.deps.intents.get(name))?.plan ?? [];
  expect(plan.flatMap(({ reasons }) => reasons)).toContain(
    'hosting: is hosted by Consumer or Shared, not by Provider; name one as hostingPolicy to take it so',
  );
  await nothingLeft();
});

test('its seller withdraws: another one’s takes its place, in a namespace of its own, and the old one goes', async () => {
  await open();
  const name = await begin();
  const old = await heldBy(name);
  await trade.peers.endContract({
    address: NORTH,
    contract: contractId(old.contract ?? ''),
    ending: { reason: 'withdrawn-by-seller' },
  });
  await stage.node.processes.noticeToAcquisition(old.acquisition);
  await untilSaid(name, { state: 'in-use', services: [{ state: 'held', seller: 'west.example' }] });
  await expect.poll(() => trade.hosted(old.acquisition), { timeout: 20_000, interval: 50 }).toBeUndefined();
  expect(await hostedFrom(name)).toBe('west.example');
  await finish(name);
});

test('what somebody deleted comes back with the daily look', async () => {
  await openCase({
    home: HOME,
    databases: ['north'],
    hostingPolicies: ['Consumer'],
    handover: made,
    timing: { lookMs: 500 },
  });
  const name = await begin();
  const { acquisition } = await heldBy(name);
  await trade.deps.hosting.removeBought({ acquisition }, { timeoutMs: 1_000 });
  await expect.poll(() => trade.hosted(acquisition), { timeout: 20_000, interval: 50 }).toEqual(MANIFESTS);
  await finish(name);
});

test('an intent and an acquisition that somebody terminated: the reconciliation takes down what runs here', async () => {
  await open();
  const name = await begin();
  const { acquisition } = await heldBy(name);
  await stage.terminate(workflowIds.intent(name));
  await stage.terminate(workflowIds.acquisition(acquisition));
  await expect(stage.reconcile()).resolves.toMatchObject({
    mended: expect.arrayContaining([expect.stringContaining('was bought and nobody held it')]),
    failed: [],
  });
  expect(await trade.leaks()).toEqual([]);
});
