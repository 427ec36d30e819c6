/** A seller that lies about what is held of it: at the daily look, and when it hands over. The audit tells of it as at the purchase, once for each answer. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { handoverActivities } from '../../activities/handover.ts';
import { observingActivities } from '../../activities/usage.ts';
import { identityCalls } from '../../src/adapters/kubernetes/fabric-buyer.ts';
import type { PeeringCredentials } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, contractId } from '../../src/domain/ids.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import type { Peer } from '../../src/ports/peer.ts';
import { buyerOf, SELLER } from '../contracts/samples.ts';
import { HOSTILE_KUBECONFIGS, sentKubeconfig } from '../fakes/kubeconfigs.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';

const clock = { now: () => Date.now() };
const CLUSTER = clusterId('north-1');
const contract = contractId(`contract-${'0'.repeat(32)}`);
const acquisition = acquisitionId('0123456789ab-1');

/** Whoever holds a contract of a seller at that address, which answers so; credentials are looked at as they are on a real cluster. */
function holding(answers: Partial<Peer>, { address = SELLER.address, loopback = false } = {}) {
  const { audit } = memoryAudit({ clock });
  const taken: unknown[] = [];
  const joined: unknown[] = [];
  const api = { get: async () => undefined, apply: async (object: unknown) => void taken.push(object) };
  const rules = { loopback, resolve: async () => [] };
  const terms = { seller: { ...SELLER, address } };
  const deps = {
    audit,
    self: buyerOf('alice'),
    peers: { at: () => ({ readContract: async () => ({ state: 'active' }), ...answers }) },
    contracts: { get: async () => ({ terms }), activate: async () => undefined },
    fabric: identityCalls(api as unknown as Parameters<typeof identityCalls>[0], async () => clusterId('alice-1'), rules),
    processes: { joinPeering: async (...of: unknown[]) => void joined.push(of) },
    timing: DEFAULT_TIMING,
    cluster: { handOver: async () => Promise.reject(new Error('written')) },
  } as unknown as ActivityDeps;
  const { tendContract, readContractBack } = observingActivities(deps);
  const { handOver } = handoverActivities(deps);
  const held = { contract, seller: address, sellerCluster: CLUSTER, acquisition, replyTo: 'acquisition/1' };
  const run = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> => new MockActivityEnvironment().run(activity, input);
  return {
    tend: () => run(tendContract, held),
    readBack: () => run(readContractBack, held),
    handOver: () => run(handOver, { ...held, service: 'db', namespace: 'intent-shop' }),
    taken,
    joined,
    told: async () =>
      (await audit.page({ limit: 9 })).items.map(({ kind, peer, contract: of, facts }) => [kind, peer, of, facts['code'], facts['count']]),
  };
}
const given = (credentials: PeeringCredentials): Partial<Peer> => ({ refreshCredentials: async () => credentials });
const told = (code: string, count = 1) => ['peer-lied', SELLER.id, contract, code, count];

test('an honest one renews our identity, and nothing is told', async () => {
  const { tend, told: all, taken, joined } = holding(given({ clusterId: CLUSTER, kubeconfig: sentKubeconfig({}) }));
  expect(await tend()).toEqual({ state: 'active' });
  expect([await all(), taken.length, joined.length]).toEqual([[], 1, 1]);
});

test.each<readonly [string, string, RegExp]>([
  ...HOSTILE_KUBECONFIGS,
  ['an API server on our own machine', sentKubeconfig({}, { server: 'https://127.0.0.1:6443' }), /cluster\.server/],
])('a renewal with %s is not stored, and told', async (_, sent, words) => {
  const { tend, told: all, taken, joined } = holding(given({ clusterId: CLUSTER, kubeconfig: sent }));
  expect(await tend()).toEqual({ state: 'active', notRenewed: expect.stringMatching(words) as string });
  expect([await all(), taken, joined]).toEqual([[told('KUBECONFIG_REFUSED')], [], []]);
});

test('a renewal for another cluster than the contract’s is told', async () => {
  const { tend, told: all, taken } = holding(given({ clusterId: clusterId('west-1'), kubeconfig: sentKubeconfig({}) }));
  expect(await tend()).toMatchObject({ notRenewed: expect.stringContaining('west-1') as string });
  expect([await all(), taken]).toEqual([[told('PEER_LIED')], []]);
});

test('what a setting of ours would allow is no lie of a seller on our own machine; what none allows is', async () => {
  const at = { address: '127.0.0.1:3004' };
  const own = holding(given({ clusterId: CLUSTER, kubeconfig: sentKubeconfig({}, { server: 'https://127.0.0.1:6443' }) }), at);
  expect(await own.tend()).toMatchObject({ notRenewed: expect.stringContaining('cluster.loopbackSellers') as string });
  expect(await own.told()).toEqual([]);
  const other = holding(given({ clusterId: CLUSTER, kubeconfig: sentKubeconfig({ exec: { command: 'sh' } }) }), at);
  await other.tend();
  expect(await other.told()).toEqual([told('KUBECONFIG_REFUSED')]);
});

test.each([
  ['is away', new Fault('PEER_UNREACHABLE', 'away')],
  ['refuses', new Fault('PEER_REFUSED', 'not today')],
])('of a seller that %s nothing is told', async (_, fault) => {
  const { tend, told: all } = holding({ refreshCredentials: () => Promise.reject(fault) });
  expect(await tend()).toMatchObject({ state: 'active', notRenewed: `${fault.code}: ${fault.message}` });
  expect(await all()).toEqual([]);
});

test('what is no state of a contract is silence that is told, each time it is said', async () => {
  const lie = () => Promise.reject(new Fault('PEER_LIED', 'no state'));
  const { tend, readBack, told: all } = holding({ readContract: lie });
  expect([await readBack(), await tend()]).toEqual([{ state: 'silent' }, { state: 'silent' }]);
  for (let n = 0; n < 8; n += 1) await readBack();
  expect(await all()).toEqual([told('PEER_LIED', 10), told('PEER_LIED')]);
});

test('manifests where its seller was to host it are told', async () => {
  const manifests = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }];
  const { handOver, told: all } = holding({ handover: async () => ({ secret: {}, manifests }) });
  await expect(handOver()).rejects.toMatchObject({ code: 'PEER_LIED' });
  expect(await all()).toEqual([told('PEER_LIED')]);
});
