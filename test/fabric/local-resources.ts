import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { Kubernetes } from '../../src/adapters/kubernetes/open.ts';
import { NOTHING } from '../../src/domain/resources.ts';
import type { ClusterNode } from '../../src/domain/stock.ts';
import { deployment, newPlace } from '../contracts/workloads.ts';
import type { RealClusters } from './clusters.ts';
import { playClusters } from './linked.ts';

export const WORKER = 'north-worker-1';

/** The nodes of a cluster as its watch tells them at first. */
export async function nodesNow({ localResources }: Kubernetes): Promise<readonly ClusterNode[]> {
  const enough = new AbortController();
  let found: readonly ClusterNode[] = [];
  await localResources.watch(async (nodes) => {
    found = nodes;
    enough.abort();
    return undefined;
  }, enough.signal);
  return found;
}

/** The watch from which a seller's flavors are made, on a real API server. */
export function localResourcesSuite(start: () => Promise<RealClusters>): void {
  describe('nodes and their pods', () => {
    const { at, did, operator, nothingLeft } = playClusters(start);
    const watching = new AbortController();
    let told: readonly ClusterNode[] = [];
    let watches: Promise<unknown>;
    const worker = (): ClusterNode | undefined => told.find(({ name }) => name === WORKER);
    const patch = (body: object): Promise<unknown> =>
      operator('north').raw('PATCH', pathOf(KINDS.node, { name: WORKER }), body, 'application/merge-patch+json');
    beforeAll(async () => {
      const sink = async (nodes: readonly ClusterNode[]): Promise<undefined> => void (told = nodes);
      watches = Promise.allSettled([at.north.localResources.watch(sink, watching.signal)]);
    });
    afterAll(async () => {
      watching.abort();
      await watches;
    });
    const tells = (node: Partial<ClusterNode>, timeout: number = at.timeoutMs) =>
      vi.waitFor(() => expect(worker()).toMatchObject(node), { timeout, interval: 20 });

    test('are told with what our own pods request, while they are there', async () => {
      await tells({ allocatable: { cpu: '8', memory: '32Gi', pods: '110' }, own: NOTHING, ready: true, cordoned: false, tainted: false });
      const place = newPlace();
      const { cluster } = at.seller;
      await cluster.ensureNamespace(place);
      await cluster.applyWorkload({ ...place, manifests: [deployment()] });
      await vi.waitFor(() => expect(worker()?.own.pods).not.toBe('0'), { timeout: at.timeoutMs, interval: 20 });
      expect(worker()?.own.cpu).not.toBe('0');
      await cluster.removeWorkload(place, did.wait);
      await cluster.removeNamespace(place, did.wait);
      await tells({ own: NOTHING });
    });

    test('are told within two seconds when they are cordoned, labelled, and back as they were', async () => {
      await patch({ spec: { unschedulable: true }, metadata: { labels: { 'node-role.fluidos.eu/resources': 'true' } } });
      await tells({ cordoned: true, labels: expect.objectContaining({ 'node-role.fluidos.eu/resources': 'true' }) }, 2_000);
      await patch({ spec: { unschedulable: null }, metadata: { labels: { 'node-role.fluidos.eu/resources': null } } });
      await tells({ cordoned: false }, 2_000);
      expect(worker()?.labels).not.toHaveProperty(['node-role.fluidos.eu/resources']);
      await nothingLeft();
    });

    test('are told within two seconds when one joins, our own pods ask for more and less of it, it is drained, and when it goes', async () => {
      const api = operator('north');
      const node = (): ClusterNode | undefined => told.find(({ name }) => name === GUEST);
      const shows = (seen: Partial<ClusterNode>) => vi.waitFor(() => expect(node()).toMatchObject(seen), { timeout: 2_000, interval: 20 });
      const pod = `${pathOf(KINDS.pod, { namespace: 'default', name: 'guest' })}`;
      const load = (more: object = {}): Promise<unknown> =>
        api.raw('POST', pathOf(KINDS.pod, { namespace: 'default' }), { ...POD, spec: { ...POD.spec, ...more } });
      try {
        await api.raw('POST', pathOf(KINDS.node, {}), NODE);
        // Ready by its own word: how long a kubelet takes is not ours.
        await api.raw('PATCH', `${pathOf(KINDS.node, { name: GUEST })}/status`, { status: NODE.status }, 'application/merge-patch+json');
        await shows({ allocatable: { cpu: '4', memory: '8Gi', pods: '110' }, own: NOTHING, ready: true });
        await load();
        await shows({ own: { cpu: '1', memory: '1Gi', pods: '1' } });
        await api.raw('DELETE', pod, { gracePeriodSeconds: 0 });
        await shows({ own: NOTHING });
        // As a whole: what its containers say does not count then.
        await load({ resources: { requests: { cpu: '3' } } });
        await shows({ own: { cpu: '3', memory: '1Gi', pods: '1' } });
        await api.raw('PATCH', pathOf(KINDS.node, { name: GUEST }), { spec: { unschedulable: true } }, 'application/merge-patch+json');
        await api.raw('POST', `${pod}/eviction`, EVICTION);
        await shows({ cordoned: true, own: NOTHING });
      } finally {
        await api.remove(KINDS.pod, { namespace: 'default', name: 'guest' }, { grace: 0 });
        await api.remove(KINDS.node, { name: GUEST });
      }
      await vi.waitFor(() => expect(node()).toBeUndefined(), { timeout: 2_000, interval: 20 });
      await nothingLeft();
    });
  });
}

/** A node that nobody runs: what is told of it is what its owner wrote. */
const GUEST = 'north-guest-1';
const AMOUNTS = { cpu: '4', memory: '8Gi', pods: '110' };
const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: GUEST,
    annotations: { 'kwok.x-k8s.io/node': 'fake' },
    labels: { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' },
  },
  status: {
    capacity: AMOUNTS,
    allocatable: AMOUNTS,
    conditions: [{ type: 'Ready', status: 'True', reason: 'Test', message: 'made for a test' }],
  },
};
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'guest', namespace: 'default' },
  spec: {
    nodeName: GUEST,
    containers: [{ name: 'busy', image: 'registry.example/busy:1', resources: { requests: { cpu: '1', memory: '1Gi' } } }],
  },
};
const EVICTION = {
  apiVersion: 'policy/v1',
  kind: 'Eviction',
  metadata: { name: 'guest', namespace: 'default' },
  deleteOptions: { gracePeriodSeconds: 0 },
};
