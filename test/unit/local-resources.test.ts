/** The watch of nodes and pods on an API server in memory: what counts, and how often it is told. */
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import type { Api, WatchEvent } from '../../src/adapters/kubernetes/api.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { kubernetesLocalResources, nodesOf } from '../../src/adapters/kubernetes/local-resources.ts';
import type { KubeObject, NodeObject, PodObject } from '../../src/adapters/kubernetes/objects.ts';
import { Fault } from '../../src/domain/faults.ts';
import type { ClusterNode } from '../../src/domain/stock.ts';

const READY = [{ type: 'Ready', status: 'True' }];
const node = (name: string, change: Partial<NodeObject> = {}): NodeObject => ({
  metadata: { name },
  status: {
    conditions: READY,
    allocatable: { cpu: '8', memory: '16Gi', pods: '110', 'ephemeral-storage': '50Gi', 'nvidia.com/gpu': '1', 'amd.com/gpu': '0' },
  },
  ...change,
});
const pod = (name: string, nodeName: string | undefined, cpu: string, labels: Record<string, string> = {}): PodObject => ({
  metadata: { name, namespace: 'n', labels },
  spec: { containers: [{ resources: { requests: { cpu, memory: '1Gi' } } }], ...(nodeName !== undefined && { nodeName }) },
});

describe('a node', () => {
  const read = (object: NodeObject, ...pods: readonly PodObject[]) => nodesOf([object], pods)[0];

  it('has what it can allocate, and what our own pods there request', () => {
    expect(
      read(node('a'), pod('one', 'a', '1500m'), pod('other', 'a', '1'), pod('elsewhere', 'b', '1'), pod('nowhere', undefined, '1')),
    ).toEqual({
      name: 'a',
      labels: {},
      annotations: {},
      allocatable: { cpu: '8', memory: '16Gi', pods: '110', storage: '50Gi' },
      own: { cpu: '2500m', memory: '2Gi', pods: '2' },
      extended: { 'nvidia.com/gpu': { allocatable: '1', own: '0' }, 'amd.com/gpu': { allocatable: '0', own: '0' } },
      ready: true,
      cordoned: false,
      tainted: false,
    });
  });

  it('tells of GPUs which our own pods request', () => {
    const requests = { cpu: '1', memory: '1Gi', 'nvidia.com/gpu': '1', 'hugepages-2Mi': '2Mi' };
    const using: PodObject = { metadata: { name: 'p' }, spec: { nodeName: 'a', containers: [{ resources: { requests } }] } };
    expect(read(node('a'), using)?.extended).toMatchObject({ 'nvidia.com/gpu': { allocatable: '1', own: '1' } });
    const shadow = { kind: 'ShadowPod', name: 'g', uid: 'u' };
    expect(read(node('a'), { ...using, metadata: { name: 'g', ownerReferences: [shadow] } })?.extended).toMatchObject({
      'nvidia.com/gpu': { allocatable: '1', own: '0' },
    });
  });

  it('is not used by what buyers offloaded here: that is sold, and counted there', () => {
    const own = pod('guest', 'a', '4');
    const guest = { ...own, metadata: { ...own.metadata, ownerReferences: [{ kind: 'ShadowPod', name: 'guest', uid: 'u' }] } };
    expect(read(node('a'), guest)?.own).toEqual({
      cpu: '0',
      memory: '0',
      pods: '0',
    });
  });

  it('that is virtual is none', () => {
    expect(read(node('a', { metadata: { name: 'a', labels: { 'liqo.io/type': 'virtual-node' } } }))).toBeUndefined();
  });

  test.each<[string, Partial<NodeObject>, Partial<ClusterNode>]>([
    ['away', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }, { ready: false }],
    ['on its way out', { metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } }, { ready: false }],
    [
      'cordoned',
      { spec: { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] } },
      { cordoned: true, tainted: false },
    ],
    ['kept for others', { spec: { taints: [{ key: 'team', effect: 'NoSchedule' }] } }, { tainted: true }],
    ['rather not used', { spec: { taints: [{ key: 'team', effect: 'PreferNoSchedule' }] } }, { tainted: false }],
  ])('that is %s says so', (_, change, expected) => {
    expect(read(node('a', change))).toMatchObject(expected);
  });
});

describe('the watch', () => {
  type Happens = (event: WatchEvent<KubeObject>) => void;
  const happens: { node?: Happens; pod?: Happens } = {};
  let told: (readonly ClusterNode[])[];
  /** Whether each was the first since it watches. */
  let first: boolean[];
  let lease: KubeObject | undefined;
  let again: number | undefined;
  let stop: AbortController;
  let watching: Promise<void>;
  let looks: object[];
  let metrics: readonly KubeObject[] | undefined;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    told = [];
    looks = [];
    metrics = undefined;
    delete happens.node;
    delete happens.pod;
    again = undefined;
    stop = new AbortController();
    [lease, first] = [undefined, []];
    const api = {
      connection: { bounds: { objects: 1_000 } },
      // The Lease, as it was written last.
      raw: async (_method: string, _path: string, body: KubeObject) => (lease = body),
      get: async () => lease,
      list: async (kind: unknown, look: object) => {
        if (kind === KINDS.podMetrics) {
          if (metrics) return { items: metrics, resourceVersion: '' };
          throw new Fault('CLUSTER_REFUSED', 'no such path', { status: 404 });
        }
        looks.push(look);
        return { items: kind === KINDS.node ? [node('a'), node('b')] : [pod('one', 'a', '1')], resourceVersion: '1' };
      },
      watch: async (kind: unknown, _where: unknown, _version: unknown, signal: AbortSignal, onEvent: Happens) => {
        happens[kind === KINDS.node ? 'node' : 'pod'] = onEvent;
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
    } as unknown as Api;
    const quiet = { debug: () => {}, info: () => {}, warn: () => {} };
    watching = kubernetesLocalResources({ api, log: quiet }).watch(
      async (nodes, anew) => {
        told.push(nodes);
        first.push(anew);
        return again === undefined ? undefined : { againMs: again };
      },
      stop.signal,
      60_000,
    );
    await vi.waitFor(() => expect(happens.node && happens.pod).toBeDefined());
    await vi.advanceTimersByTimeAsync(100);
  });
  afterEach(async () => {
    stop.abort();
    await vi.advanceTimersByTimeAsync(10_000);
    await watching;
    vi.useRealTimers();
  });

  it('tells what there is at first, of living pods only', () => {
    expect(told.map((nodes) => nodes.map(({ name, own }) => [name, own.cpu]))).toEqual([
      [
        ['a', '1'],
        ['b', '0'],
      ],
    ]);
    expect(looks).toContainEqual(expect.objectContaining({ fields: 'status.phase!=Succeeded,status.phase!=Failed' }));
  });

  it('tells a change within moments', async () => {
    await vi.advanceTimersByTimeAsync(5_000);
    happens.node?.({ type: 'DELETED', object: node('b') });
    await vi.advanceTimersByTimeAsync(100);
    expect(told.at(-1)?.map(({ name }) => name)).toEqual(['a']);
  });

  it('says what it tells first, and again once it watches after another process did', async () => {
    await vi.advanceTimersByTimeAsync(2_000);
    happens.node?.({ type: 'DELETED', object: node('b') });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(first).toEqual([true, false]);
    lease = { ...lease, spec: { holderIdentity: 'another' } } as unknown as KubeObject;
    await vi.advanceTimersByTimeAsync(5_000);
    lease = { ...lease, spec: { holderIdentity: '' } } as unknown as KubeObject;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(first).toEqual([true, false, true]);
  });

  it('tells what our own pods use, once somebody measures it, as often as it asks', async () => {
    metrics = [{ metadata: { name: 'one', namespace: 'n' }, containers: [{ usage: { cpu: '2500m', memory: '3Gi' } }] } as KubeObject];
    await vi.advanceTimersByTimeAsync(59_000);
    expect(told.at(-1)?.[0]).not.toHaveProperty('used');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(told.at(-1)?.map(({ name, used }) => [name, used])).toEqual([
      ['a', { cpu: '2500m', memory: '3Gi' }],
      ['b', { cpu: '0', memory: '0' }],
    ]);
  });

  it('tells a storm about once a second, its end too', async () => {
    for (let n = 0; n < 300; n += 1) {
      happens.pod?.({ type: 'ADDED', object: pod(`p${n}`, 'b', '10m') });
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(1_100);
    expect(told.length).toBeLessThanOrEqual(5);
    expect(told.at(-1)?.find(({ name }) => name === 'b')?.own.cpu).toBe('3');
  });

  it('tells nothing when what changed does not matter', async () => {
    happens.node?.({ type: 'MODIFIED', object: { ...node('b'), metadata: { name: 'b', resourceVersion: '7' } } });
    happens.pod?.({ type: 'MODIFIED', object: { ...pod('one', 'a', '1'), status: { phase: 'Running' } } as PodObject });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toHaveLength(1);
  });

  it('tells again what did not change when it is asked to', async () => {
    again = 3_000;
    happens.node?.({ type: 'DELETED', object: node('b') });
    await vi.advanceTimersByTimeAsync(1_100);
    const soFar = told.length;
    again = undefined;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told).toHaveLength(soFar + 1);
    expect(told.at(-1)).toEqual(told.at(-2));
  });
});
