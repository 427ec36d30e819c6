/** GPUs as something sold: from a node to a flavor, cut, matched, and what an intent wants of them. */
import { describe, expect, it, test } from 'vitest';
import type { K8Slice } from '../../src/domain/flavor.ts';
import { GPU_KINDS, checkGpu, gpuMemory, gpuNodesOf, gpuResourceOf, isExtendedResource } from '../../src/domain/gpu.ts';
import { flavorId } from '../../src/domain/ids.ts';
import { reduceIntent } from '../../src/domain/intent.ts';
import { checkPart, partOf, priceOfPart, roundUpPart } from '../../src/domain/partition.ts';
import { offerOf } from '../../src/domain/stock-offer.ts';
import { withGpus } from '../../src/domain/stock-gpus.ts';
import { type ClusterNode, type StockRules, stockOf, totalsOf } from '../../src/domain/stock.ts';
import { NOON, SELLER } from '../contracts/samples.ts';
import { gpuNode, sized, workerOf } from '../fakes/cluster-nodes.ts';
import { container, deployment, document, pod } from './documents.ts';

const RULES: StockRules = { nodes: () => true, pool: 'node', headroomPercent: 10, controlPlane: false };
const seen = (...nodes: readonly ClusterNode[]) => nodes.map((node) => withGpus(node, GPU_KINDS));
const stock = (nodes: readonly ClusterNode[], rules: Partial<StockRules> = {}) => stockOf(seen(...nodes), { ...RULES, ...rules });

describe('the GPUs of a node', () => {
  it('are sold whole, without head-room, but those of our own pods', () => {
    const [eight, one, none] = stock([gpuNode('a', 8, { own: 3 }), gpuNode('b', 1), workerOf('c')]);
    expect(eight).toMatchObject({ name: 'a/nvidia.com/gpu/A100', sellable: { cpu: '9', gpu: '5' } });
    expect(eight?.gpus).toEqual({ resource: 'nvidia.com/gpu', label: 'nvidia.com/gpu.product', model: 'A100', memory: '40Gi' });
    expect(one?.sellable.gpu).toBe('1');
    expect(none).toEqual({ name: 'c', architecture: 'amd64', nodes: [workerOf('c')], sellable: { cpu: '9', memory: '18Gi', pods: '90' } });
  });

  it('are the first kind that it has; of others nothing is offered, and nothing where no label says the model', () => {
    const extended = { 'amd.com/gpu': { allocatable: '2', own: '0' }, 'nvidia.com/gpu': { allocatable: '4', own: '0' } };
    const node = workerOf('a', { extended, labels: { 'nvidia.com/gpu.product': 'T4' } });
    expect(seen(node)[0]).toMatchObject({ gpus: { resource: 'nvidia.com/gpu', model: 'T4', memory: '0' }, allocatable: { gpu: '4' } });
    expect(withGpus(node, [])).toEqual(node);
    expect(seen(workerOf('a', { extended }))).toEqual([workerOf('a', { extended })]);
  });

  it('make a flavor of each model where nodes are pooled', () => {
    const pools = stock([gpuNode('a', 8), gpuNode('b', 4), gpuNode('c', 2, { model: 'T4', memory: '16384' }), workerOf('d')], {
      pool: 'architecture',
    });
    expect(pools.map(({ name, sellable }) => [name, sellable.gpu])).toEqual([
      ['amd64/nvidia.com/gpu/A100', '12'],
      ['amd64/nvidia.com/gpu/T4', '2'],
      ['amd64', undefined],
    ]);
  });

  it('stand on others of their model alone, when what was sold of them went', () => {
    const three = stock([gpuNode('a', 4), gpuNode('b', 4), gpuNode('c', 4, { model: 'T4' })], { headroomPercent: 0 });
    const resources = { ...sized(2), gpu: '3' };
    const totals = totalsOf(three, new Map([['gone', { architecture: 'amd64', gpus: 'nvidia.com/gpu/A100', resources }]]));
    expect([...totals.values()].map(({ cpu, gpu }) => [cpu, gpu])).toEqual([
      ['8', '1'],
      ['10', '4'],
      ['10', '4'],
    ]);
  });

  test.each([
    ['40960', '40Gi'],
    ['16G', '15625000Ki'],
    ['64Gi', '64Gi'],
    ['lots', '0'],
    ['-1', '0'],
    [undefined, '0'],
  ])('have the memory of the label %s: %s', (label, memory) => expect(gpuMemory(label)).toBe(memory));
});

const flavor = (nodes: readonly ClusterNode[], minimum: Partial<K8Slice['resources']> = {}) => {
  const [first] = stock(nodes);
  if (!first) throw new Error('nothing is sold');
  const none = { cpu: '0', memory: '0', pods: '0' };
  return offerOf({
    stock: first,
    total: first.sellable,
    id: flavorId('north.example-k8slice-1'),
    pool: 'node',
    defaults: {
      prices: { cpu: '0.02', gpu: '2', currency: 'EUR', period: 'hourly' },
      partitionability: { min: { ...none, ...minimum }, step: none },
    },
    self: SELLER,
    now: NOON,
  });
};
const part = (gpu?: string) => ({ cpu: '1', memory: '1Gi', pods: '1', ...(gpu !== undefined && { gpu }) });

describe('a flavor with GPUs', () => {
  const { flavor: whole, terms } = flavor([gpuNode('a', 8)]);

  it('says their model, how many there are, and the memory of all', () => {
    expect(whole.offer).toMatchObject({ resources: { gpu: '8' }, gpu: { model: 'A100', cores: '8', memory: '320Gi' } });
    expect(whole.price?.amount).toBe('16.18');
    expect([gpuResourceOf(whole.offer), gpuNodesOf(whole.offer)]).toEqual(['nvidia.com/gpu', { 'nvidia.com/gpu.product': 'A100' }]);
    expect(partOf(whole, { ...whole.offer.resources, gpu: '3' }).offer.gpu).toEqual({ model: 'A100', cores: '3', memory: '120Gi' });
  });

  it('keeps its terms while their number changes, and not when the model does', () => {
    expect(flavor([gpuNode('a', 8, { own: 2 })]).terms).toBe(terms);
    expect(flavor([gpuNode('a', 8, { model: 'H100' })]).terms).not.toBe(terms);
    expect(flavor([gpuNode('a', 8, { memory: '81920' })]).terms).not.toBe(terms);
  });

  it('is cut at whole GPUs, and at least at the minimum, which others have not', () => {
    expect(checkPart(whole.offer, part('2'))).toBeUndefined();
    expect(checkPart(whole.offer, part())).toBeUndefined();
    expect(checkPart(whole.offer, part('500m'))).toContain('gpu 500m is not the minimum of 0 and whole steps of 1');
    expect(checkPart(whole.offer, part('-1'))).toBe('gpu must be more than 0');
    const { flavor: cut } = flavor([gpuNode('a', 8)], { gpu: '2' });
    expect(checkPart(cut.offer, part())).toBe('gpu 0 is below the minimum of 2');
    expect(roundUpPart(cut.offer, part())?.gpu).toBe('2');
    const { flavor: plain } = flavor([workerOf('c')], { gpu: '2' });
    expect(checkPart(plain.offer, part())).toBeUndefined();
    expect(checkPart(plain.offer, part('1'))).toBe('it has no GPUs');
  });

  it('is paid by the largest share, which is that of GPUs where these are bought', () => {
    expect(priceOfPart(whole, part('4'))?.amount).toBe('8.09');
  });

  test.each([
    ['its own model', { model: 'A100', cores: '2', memory: '80Gi' }, undefined],
    ['nothing but their number', { model: '', cores: '2', memory: '0' }, undefined],
    ['another model', { model: 'H100', cores: '2', memory: '0' }, 'the GPUs are of A100, not H100'],
    ['more memory than they have', { model: 'A100', cores: '2', memory: '81Gi' }, 'so many GPUs have 80Gi memory, not 81Gi'],
  ])('a buyer that says %s', (_, asked, why) => expect(checkGpu(whole.offer, part('2'), asked)).toBe(why));
});

test.each([
  ['nvidia.com/gpu', true],
  ['nvidia.com/mig-1g.5gb', true],
  ['cpu', false],
  ['kubernetes.io/x', false],
  ['scheduling.kubernetes.io/x', false],
  ['nvidia.com/', false],
  ['a/b/c', false],
])('%s is an extended resource: %s', (name, is) => expect(isExtendedResource(name)).toBe(is));

describe('what an intent wants of GPUs', () => {
  const gpus = (limits: object) => container({ requests: { cpu: 1, memory: '1Gi' }, limits });
  const one = pod('a', { containers: [gpus({ cpu: 1, memory: '1Gi', 'nvidia.com/gpu': 1 })] });
  const three = deployment('b', { replicas: 3, containers: [gpus({ 'nvidia.com/gpu': '2' })] });
  const reduced = (spec: object) => {
    const found = reduceIntent(document(spec), NOON);
    return 'ok' in found
      ? { gpu: found.ok.request.resources.gpu, wish: found.ok.request.gpu }
      : found.problems.map(({ field, problem }) => `${field}: ${problem}`);
  };
  const workload = (...manifests: object[]) => ({ workload: { manifests } });

  it('is what its pods ask for, and what the section says of them', () => {
    expect(reduced(workload(one, three))).toEqual({ gpu: '7', wish: { resource: 'nvidia.com/gpu' } });
    expect(reduced({ ...workload(one), resources: { gpu: { count: 4, model: 'A100', memory: '40Gi' } } })).toEqual({
      gpu: '4',
      wish: { resource: 'nvidia.com/gpu', model: 'A100', memory: '40Gi' },
    });
    const namespace = { workload: { namespace: 'mine' }, resources: { cpu: 1, memory: '1Gi', pods: 1, gpu: { count: 2 } } };
    expect(reduced(namespace)).toEqual({ gpu: '2', wish: undefined });
    expect(reduced(workload(pod('a')))).toEqual({ gpu: undefined, wish: undefined });
  });

  it('of another name, when the section says so', () => {
    const own = pod('a', { containers: [gpus({ 'example.com/accelerator': 1 })] });
    expect(reduced({ ...workload(own), resources: { gpu: { resource: 'example.com/accelerator' } } })).toEqual({
      gpu: '1',
      wish: { resource: 'example.com/accelerator' },
    });
  });

  test.each<[string, object, string]>([
    [
      'fewer than the pods ask for',
      { ...workload(three), resources: { gpu: { count: 5 } } },
      'spec.resources.gpu.count: must be at least 6',
    ],
    ['a model of none', { ...workload(pod('a')), resources: { gpu: { model: 'A100' } } }, 'spec.resources.gpu.count: is missing'],
    ['two kinds', workload(one, pod('b', { containers: [gpus({ 'amd.com/gpu': 1 })] })), 'they ask for amd.com/gpu and nvidia.com/gpu'],
    ['another resource', { ...workload(one), resources: { gpu: { resource: 'amd.com/gpu' } } }, 'must be nvidia.com/gpu'],
    ['half a GPU', workload(pod('a', { containers: [gpus({ 'nvidia.com/gpu': '500m' })] })), 'must be a whole number of GPUs'],
    [
      'GPUs that are requested alone',
      workload(pod('a', { containers: [container({ requests: { cpu: 1, memory: '1Gi', 'nvidia.com/gpu': 1 } })] })),
      'must be given, and what is requested must be the same',
    ],
  ])('%s is told', (_, spec, words) => expect(reduced(spec)).toEqual([expect.stringContaining(words)]));
});
