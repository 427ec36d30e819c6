import { describe, expect, test } from 'vitest';
import { freeOf, requestsOf } from '../../src/adapters/kubernetes/capacity.ts';
import { healthOf } from '../../src/adapters/kubernetes/health.ts';
import type { NodeObject, PodObject } from '../../src/adapters/kubernetes/objects.ts';
import { whyNot, withVerdict } from '../../src/adapters/kubernetes/slice-verdicts.ts';
import { manifestMark } from '../../src/adapters/kubernetes/workload-manifests.ts';
import { clusterId } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';

const south = clusterId('south');
const sold = { cpu: '2', memory: '4Gi', pods: '10' };
const slice = (spec: object) => ({ metadata: { name: 's' }, spec: { class: 'rearguard', consumerClusterID: 'south', ...spec } });

describe('a slice is let in only as it was sold', () => {
  test.each([
    ['exactly', { resources: { cpu: '2', memory: '4Gi', pods: '10' } }, undefined],
    ['less, spelt otherwise', { resources: { cpu: '1500m', memory: '4096Mi' } }, undefined],
    ['before Liqo said whose it is', { consumerClusterID: undefined }, undefined],
    ['more', { resources: { cpu: '2001m' } }, 'asks for cpu 2001m, and 2 was bought'],
    ['what was not sold', { resources: { 'nvidia.com/gpu': '1' } }, 'none was bought'],
    ['no quantity', { resources: { cpu: 'lots' } }, 'no quantity'],
    ['another class', { class: 'default' }, 'its class is "default"'],
    ['another buyer', { consumerClusterID: 'west' }, "the buyer's is south"],
  ])('%s', (_what, spec, why) => {
    const said = whyNot(slice(spec) as Parameters<typeof whyNot>[0], south, sold);
    if (why === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(why);
  });

  const gpus = { resource: 'nvidia.com/gpu', nodes: { 'nvidia.com/gpu.product': 'A100' } };
  test.each([
    ['as many GPUs', { resources: { 'nvidia.com/gpu': '2' } }, undefined],
    ['more GPUs', { resources: { 'nvidia.com/gpu': '3' } }, 'asks for nvidia.com/gpu 3, and 2 was bought'],
    ['others', { resources: { 'amd.com/gpu': '1' } }, 'none was bought'],
  ])('%s', (_what, spec, why) => {
    const said = whyNot(slice(spec) as Parameters<typeof whyNot>[0], south, { ...sold, gpu: '2' }, gpus);
    if (why === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(why);
  });

  test('a verdict keeps the pods of a slice on the nodes that have its GPUs', () => {
    const verdict = {
      status: 'Accepted',
      reason: 'ContractValid',
      message: 'contract c',
      resources: {},
      nodeSelector: gpus.nodes,
    } as const;
    const given = withVerdict({ metadata: { name: 's' } }, verdict, '2026-01-01T00:00:00Z');
    expect(given?.status).toMatchObject({ nodeSelector: gpus.nodes });
    expect(given && withVerdict(given, verdict, '2026-01-02T00:00:00Z')).toBeUndefined();
    expect(given && withVerdict(given, { ...verdict, nodeSelector: { other: 'x' } }, '2026-01-02T00:00:00Z')).toBeDefined();
  });

  test('a verdict leaves what Liqo wrote, and is not written twice', () => {
    const liqo = { type: 'Authentication', status: 'Accepted' };
    const before = { metadata: { name: 's' }, status: { conditions: [liqo], authParams: { ca: 'x' } } };
    const verdict = { status: 'Accepted', reason: 'ContractValid', message: 'contract c', resources: { cpu: '2' } } as const;
    const given = withVerdict(before, verdict, '2026-01-01T00:00:00Z');
    expect(given?.status).toMatchObject({ authParams: { ca: 'x' }, resources: { cpu: '2' } });
    expect(given?.status?.conditions).toContainEqual(liqo);
    expect(given && withVerdict(given, verdict, '2026-01-02T00:00:00Z')).toBeUndefined();
    expect(given && withVerdict(given, { ...verdict, resources: { cpu: '1' } }, '2026-01-02T00:00:00Z')).toBeDefined();
  });
});

describe('what is free at home', () => {
  const node = (name: string, more: object = {}, labels: object = {}): NodeObject =>
    ({
      metadata: { name, labels: { 'kubernetes.io/arch': 'amd64', ...labels } },
      status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10' }, conditions: [{ type: 'Ready', status: 'True' }] },
      ...more,
    }) as NodeObject;
  const pod = (nodeName: string, cpu: string, phase = 'Running'): PodObject => ({
    metadata: { name: `${nodeName}-${cpu}` },
    spec: { nodeName, containers: [{ resources: { requests: { cpu } } }] },
    status: { phase },
  });
  test('counts GPUs when some are wanted, and none where the scheduler might take others than these', () => {
    const having = (name: string, count: string, model = 'A100'): NodeObject => {
      const { status, ...rest } = node(name, {}, { 'nvidia.com/gpu.product': model, 'nvidia.com/gpu.memory': '40960' });
      return { ...rest, status: { ...status, allocatable: { ...status?.allocatable, 'nvidia.com/gpu': count } } };
    };
    const using = (nodeName: string, phase = 'Running'): PodObject => ({
      metadata: { name: `gpu-${nodeName}` },
      spec: { nodeName, containers: [{ resources: { requests: { 'nvidia.com/gpu': '1' } } }] },
      status: { phase },
    });
    const nodes = [having('a', '4'), having('b', '2'), node('c')];
    const pods = [using('a'), using('b', 'Succeeded')];
    expect(freeOf(nodes, pods).total.gpu).toBeUndefined();
    expect(freeOf(nodes, pods, 'amd64', {}).total.gpu).toBe('5');
    expect(freeOf(nodes, pods, 'amd64', { model: 'a100', memory: '40Gi' }).total.gpu).toBe('5');
    expect(freeOf(nodes, pods, 'amd64', { memory: '80Gi' }).total.gpu).toBe('0');
    expect(freeOf([...nodes, having('d', '8', 'T4')], pods, 'amd64', { model: 'a100' }).total.gpu).toBe('0');
    expect(freeOf(nodes, pods, 'amd64', { resource: 'amd.com/gpu' }).total.gpu).toBe('0');
    const shadow = { kind: 'ShadowPod', name: 'g', uid: 'u' };
    const guest: PodObject = { ...using('a'), metadata: { name: 'g', ownerReferences: [shadow] } };
    expect(freeOf(nodes, [guest], 'amd64', {})).toMatchObject({ total: { gpu: '5' }, guests: { gpu: '1' } });
  });

  test('counts living pods on workers that take new ones', () => {
    const nodes = [
      node('a'),
      node('b'),
      node('virtual', {}, { 'liqo.io/type': 'virtual-node' }),
      node('cordoned', { spec: { unschedulable: true } }),
      node('control', { spec: { taints: [{ key: 'control-plane', effect: 'NoSchedule' }] } }),
    ];
    const pods = [pod('a', '1'), pod('a', '500m', 'Succeeded'), pod('b', '6'), pod('virtual', '3')];
    expect(freeOf(nodes, pods)).toEqual({
      total: { cpu: '3', memory: '16Gi', pods: '18' },
      guests: { cpu: '0', memory: '0', pods: '0' },
    });
    const [guest] = [pod('b', '1500m')].map((own) => ({
      ...own,
      metadata: { ...own.metadata, ownerReferences: [{ kind: 'ShadowPod', name: 'guest', uid: 'u' }] },
    }));
    expect(freeOf(nodes, [...pods.slice(0, 2), ...(guest ? [guest] : [])])).toEqual({
      total: { cpu: '5500m', memory: '16Gi', pods: '18' },
      guests: { cpu: '1500m', memory: '0', pods: '1' },
    });
    expect(freeOf(nodes, pods, 'arm64').total).toEqual({ cpu: '0', memory: '0', pods: '0' });
  });
  test('an init container counts when it needs more than all others together', () => {
    const spec = {
      initContainers: [{ restartPolicy: 'Always', resources: { requests: { cpu: '100m' } } }, { resources: { requests: { cpu: '2' } } }],
      containers: [{ resources: { requests: { cpu: '1' } } }],
    };
    expect(requestsOf({ metadata: { name: 'p' }, spec }).cpu).toBe('2100m');
  });
  test('what a pod requests as a whole counts instead of its containers', () => {
    const spec = {
      resources: { requests: { cpu: '4' } },
      containers: [{ resources: { requests: { cpu: '100m', memory: '1Gi' } } }],
      overhead: { cpu: '250m' },
    };
    expect(requestsOf({ metadata: { name: 'p' }, spec })).toMatchObject({ cpu: '4250m', memory: '1Gi' });
  });
});

describe('the health of a workload', () => {
  const manifest: Manifest = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'work' }, spec: { parallelism: 2, completions: 2 } };
  const pod = (phase: string): PodObject => ({
    metadata: { name: phase, labels: { 'rearguard.dev/manifest': manifestMark(manifest) } },
    status: { phase },
  });
  const crashing: PodObject = {
    ...pod('Running'),
    status: { phase: 'Running', containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
  };
  const job = (type: string) => ({ metadata: { name: 'work' }, status: { conditions: [{ type, status: 'True' }] } });
  const look = (more: Partial<Parameters<typeof healthOf>[0]>) =>
    healthOf({ manifests: [manifest], there: new Set(['Job/work']), jobs: [], pods: [], readAt: 'seller', ...more }).state;
  test.each([
    ['no pods yet', look({}), 'pending'],
    ['half of them', look({ pods: [pod('Running')] }), 'pending'],
    ['all of them', look({ pods: [pod('Running'), pod('Succeeded')] }), 'running'],
    ['complete', look({ jobs: [job('Complete')], there: new Set() }), 'succeeded'],
    ['failed', look({ jobs: [job('Failed')] }), 'failed'],
    ['taken away', look({ there: new Set() }), 'missing'],
    ['nobody answers', look({ blind: 'away' }), 'unknown'],
    ['what failed is tried again later', look({ pods: [pod('Running'), pod('Failed')] }), 'running'],
    ['what crashes is tried again later', look({ pods: [pod('Running'), crashing] }), 'running'],
    ['it is tried again, and does not come up', look({ pods: [pod('Running'), pod('Failed'), pod('Pending')] }), 'pending'],
  ])('%s', (_what, state, wanted) => {
    expect(state).toBe(wanted);
  });
  test('what failed says why: the Job in its controller’s words, a container with its exit code', () => {
    const conditions = [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too often' }];
    const exited = {
      ...pod('Failed'),
      status: { phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 3, reason: 'Error' } } }] },
    };
    const failed = { manifests: [manifest], there: new Set(['Job/work']), readAt: 'home' } as const;
    expect(healthOf({ ...failed, jobs: [{ metadata: { name: 'work' }, status: { conditions } }], pods: [exited] })).toMatchObject({
      state: 'failed',
      message: 'Job work: BackoffLimitExceeded: too often',
      pods: [{ message: 'exit code 3: Error' }],
    });
  });
});
