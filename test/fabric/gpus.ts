import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { EventObject, NodeObject, PodObject, QuotaObject } from '../../src/adapters/kubernetes/objects.ts';
import { GPU_KINDS } from '../../src/domain/gpu.ts';
import { remoteNamespace, sliceName, tenantNamespace } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { withGpus } from '../../src/domain/stock-gpus.ts';
import { newPlace } from '../contracts/workloads.ts';
import { BOUGHT, newAttempt } from '../contracts/linked.ts';
import type { RealClusters } from './clusters.ts';
import { playClusters } from './linked.ts';
import { WORKER, nodesNow } from './local-resources.ts';

const GPU = 'nvidia.com/gpu';
const PRODUCT = 'nvidia.com/gpu.product';
const MERGE = 'application/merge-patch+json';

const gpuPod = (name: string, count: string): Manifest => {
  const amounts = { cpu: '100m', memory: '64Mi', [GPU]: count };
  const container = { name: 'train', image: 'registry.example/train:1', resources: { requests: amounts, limits: amounts } };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [container] } };
};

/** GPUs from a node of the seller to a pod of the buyer, through Liqo. */
export function gpusSuite(start: () => Promise<RealClusters>): void {
  describe('GPUs', () => {
    const { at, did, operator, nothingLeft } = playClusters(start);
    const [attempt, place] = [newAttempt(), newPlace()];
    const node = (count: string | null, product: string | null): Promise<unknown> =>
      Promise.all([
        operator('north').raw(
          'PATCH',
          pathOf(KINDS.node, { name: WORKER, sub: 'status' }),
          { status: { capacity: { [GPU]: count }, allocatable: { [GPU]: count } } },
          MERGE,
        ),
        operator('north').raw('PATCH', pathOf(KINDS.node, { name: WORKER }), { metadata: { labels: { [PRODUCT]: product } } }, MERGE),
      ]);
    beforeAll(async () => void (await node('4', 'A100')));
    afterAll(async () => {
      await at.buyer.cluster.removeWorkload(place, did.wait);
      await at.buyer.cluster.removeOffloading(place, did.wait);
      await at.buyer.cluster.removeNamespace(place, did.wait);
      await did.withdraw(attempt);
      await did.part();
      await node(null, null);
      await nothingLeft();
    });

    test('are seen on a node, held to what was bought, and used by a pod that is kept where they are', async () => {
      const [seen] = (await nodesNow(at.north)).filter(({ name }) => name === WORKER);
      expect(seen && withGpus(seen, GPU_KINDS)).toMatchObject({ allocatable: { gpu: '4' }, gpus: { resource: GPU, model: 'A100' } });

      await did.meet(attempt);
      const resources = { ...BOUGHT, gpu: '2' };
      const { acquisition, contract } = attempt;
      await at.buyer.fabric.requestSlice({ ...attempt, seller: at.seller.id, resources, gpus: { resource: GPU }, sliceClass: 'rearguard' });
      const gpus = { resource: GPU, nodes: { [PRODUCT]: 'A100' } };
      await vi.waitFor(() => at.seller.fabric.admitSlice({ buyer: at.buyer.id, contract, resources, gpus }), { timeout: at.timeoutMs });
      await at.buyer.fabric.awaitVirtualNode({ seller: at.seller.id, acquisition }, did.wait);

      const [north, south] = [operator('north'), operator('south')];
      const quotas = await north.list<QuotaObject>(KINDS.quota, { namespace: tenantNamespace(at.buyer.id) });
      expect(quotas.items.map(({ spec }) => spec?.resources)).toEqual([{ ...BOUGHT, [GPU]: '2' }]);
      const virtual = await south.get<NodeObject>(KINDS.node, { name: sliceName(acquisition) });
      expect(virtual?.status?.allocatable).toMatchObject({ [GPU]: '2' });

      await at.buyer.cluster.ensureNamespace(place);
      await at.buyer.cluster.offload({ namespace: place.namespace, sellers: [at.seller.id] });
      await at.buyer.cluster.awaitOffloaded(place, did.wait);
      const workload = { ...place, manifests: [gpuPod('train', '1')], acquisition, seller: at.seller.id };
      await at.buyer.cluster.applyWorkload(workload);
      await at.buyer.cluster.awaitWorkload(workload, did.wait);
      const there = remoteNamespace(place.namespace, at.buyer.id);
      const running = await north.get<PodObject & { readonly spec?: { readonly nodeSelector?: object } }>(KINDS.pod, {
        namespace: there,
        name: 'train',
      });
      expect(running?.spec).toMatchObject({ nodeName: WORKER, nodeSelector: { [PRODUCT]: 'A100' } });
      expect(running?.spec?.containers?.[0]?.resources?.requests).toMatchObject({ [GPU]: '1' });
    });

    test('more than was bought are refused by the quota, though the seller has them', async () => {
      const south = operator('south');
      const { namespace } = place;
      // Past the scheduler, which knows what the virtual node has.
      const { spec } = gpuPod('more', '2') as { readonly spec?: object };
      const tolerations = [{ operator: 'Exists' }];
      await south.raw('POST', pathOf(KINDS.pod, { namespace }), {
        ...gpuPod('more', '2'),
        spec: { ...spec, tolerations, nodeName: sliceName(attempt.acquisition) },
      });
      const said = async (): Promise<readonly (string | undefined)[]> =>
        (await south.list<EventObject>(KINDS.event, { namespace })).items
          .filter(({ involvedObject }) => involvedObject?.name === 'more')
          .map(({ message }) => message);
      await vi.waitFor(async () => expect(await said()).toContainEqual(expect.stringContaining(`${GPU} quota usage exceeded`)), {
        timeout: at.timeoutMs,
        interval: 200,
      });
      const there = await operator('north').list(KINDS.pod, { namespace: remoteNamespace(namespace, at.buyer.id) });
      expect(there.items.map(({ metadata }) => metadata.name)).toEqual(['train']);
      await south.remove(KINDS.pod, { namespace, name: 'more' });
    });
  });
}
