import { beforeAll, describe, expect, test } from 'vitest';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { KINDS, type Kind, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { KubeObject } from '../../src/adapters/kubernetes/objects.ts';
import { removeOrphans } from '../../src/adapters/kubernetes/orphans.ts';
import { TENANT_ROLE } from '../../src/adapters/kubernetes/tenant-manifests.ts';
import { clusterId, remoteNamespace, sliceName, tenantNamespace } from '../../src/domain/ids.ts';
import { deployment, newPlace, pod } from '../contracts/workloads.ts';
import { type Attempt, BOUGHT, fails, newAttempt } from '../contracts/linked.ts';
import { answerOf, statusOf } from './answers.ts';
import { ANYBODY, canI } from './can-i.ts';
import type { RealClusters } from './clusters.ts';
import { playClusters } from './linked.ts';

interface ShadowPod extends KubeObject {
  readonly spec?: { readonly pod: { readonly containers: readonly object[] } };
}
/** What a tenant may and may not do with the credentials that a purchase brings, and what ends when its seller ends it; tried with the tenant's own token. */
export function tenantSuite(start: () => Promise<RealClusters>): void {
  describe('what a tenant may do', () => {
    const { at, did, operator, tenant: tenantOf, kubelet: kubeletOf, nothingLeft } = playClusters(start);
    let tenant: Api;
    let attempt: Attempt;
    const namespace = tenantNamespace(clusterId('south'));

    beforeAll(async () => {
      attempt = newAttempt();
      await did.meet(attempt);
      await did.extend(attempt);
      tenant = await tenantOf();
    });

    /** The status with which the API server answers the tenant. */
    const answered = (method: string, path: string, body?: unknown, type?: string): Promise<number> =>
      statusOf(tenant.raw(method, path, body, type));
    const labels = (more: object = {}) => ({
      'liqo.io/replicated': 'true',
      'liqo.io/replication': 'false',
      'liqo.io/originID': 'south',
      'liqo.io/remote-cluster-id': 'south',
      ...more,
    });
    const slice = (spec: object, more: object = {}) => ({
      apiVersion: KINDS.resourceSlice.apiVersion,
      kind: 'ResourceSlice',
      metadata: { name: 'planted', namespace, labels: labels(more) },
      spec: { class: 'rearguard', consumerClusterID: 'south', ...spec },
    });
    const map = (to: string, more: object = {}) => ({
      apiVersion: KINDS.namespaceMap.apiVersion,
      kind: 'NamespaceMap',
      metadata: { name: 'planted', namespace, labels: labels(more) },
      spec: { desiredMapping: { shop: to } },
    });
    const create = (kind: Kind, body: object) => answered('POST', `${pathOf(kind, { namespace })}?dryRun=All`, body);
    const change = (annotations: object) =>
      answered(
        'PATCH',
        `${pathOf(KINDS.resourceSlice, { namespace, name: sliceName(attempt.acquisition) })}?dryRun=All`,
        { metadata: { annotations } },
        'application/merge-patch+json',
      );

    test('it may write what Liqo copies for it', async () => {
      expect(await create(KINDS.resourceSlice, slice({}))).toBe(200);
      expect(await create(KINDS.namespaceMap, map('shop-south'))).toBe(200);
      expect(await change({ harmless: 'yes' })).toBe(200);
    });

    test.each([
      ['a slice of class default', KINDS.resourceSlice, slice({ class: 'default' })],
      ['a slice without class', KINDS.resourceSlice, slice({ class: '' })],
      ['a slice in another cluster’s name', KINDS.resourceSlice, slice({ consumerClusterID: 'west' })],
      ['a slice that our Liqo would take for one of ours', KINDS.resourceSlice, slice({}, { 'liqo.io/replication': 'true' })],
      ['a slice that is no copy', KINDS.resourceSlice, slice({}, { 'liqo.io/replicated': 'false' })],
      ['a slice of another origin', KINDS.resourceSlice, slice({}, { 'liqo.io/originID': 'west' })],
      ['a slice for another peer', KINDS.resourceSlice, slice({}, { 'liqo.io/remote-cluster-id': 'west' })],
      ['another owner’s namespace', KINDS.namespaceMap, map('shop-west')],
      ['a system namespace', KINDS.namespaceMap, map('kube-system')],
      ['a map that is no copy', KINDS.namespaceMap, map('shop-south', { 'liqo.io/replicated': 'false' })],
    ])('it may not write %s', async (_what, kind, body) => {
      expect(await create(kind, body)).toBe(422);
    });

    test('it can do what Liqo needs in its namespace, and what anybody can; nowhere else anything more', async () => {
      const all = '[get list watch create update patch delete]';
      const liqo = [
        `namespacemaps.offloading.liqo.io [] ${all}`,
        `renews.authentication.liqo.io [] ${all}`,
        `resourceslices.authentication.liqo.io [] ${all}`,
      ];
      const own = await canI(tenant, namespace);
      expect(own).toEqual([...ANYBODY, ...liqo].toSorted());
      const spaces = (await operator('north').list(KINDS.namespace)).items.map(({ metadata }) => metadata.name);
      for (const other of spaces) if (other !== namespace) expect([other, await canI(tenant, other)]).toEqual([other, ANYBODY.toSorted()]);
    });

    test('it may not lift a cordon, name another contract, or accept its own slice', async () => {
      expect(await change({ 'liqo.io/cordon': 'true' })).toBe(422);
      expect(await change({ 'rearguard.dev/contract': 'contract-of-another' })).toBe(422);
      expect(await change({ 'rearguard.dev/contract': null })).toBe(422);
      const path = pathOf(KINDS.resourceSlice, { namespace, name: sliceName(attempt.acquisition), sub: 'status' });
      expect(await answered('PATCH', path, { status: { resources: { cpu: '64' } } }, 'application/merge-patch+json')).toBe(403);
      expect(await answered('GET', pathOf(KINDS.secret, { namespace }))).toBe(403);
      expect(await answered('GET', pathOf(KINDS.namespace))).toBe(403);
    });

    test('a slice of class default never reaches the seller', async () => {
      const other = newAttempt();
      await did.request(other, BOUGHT, 'default');
      await fails(
        at.buyer.fabric.awaitVirtualNode({ seller: at.seller.id, acquisition: other.acquisition }, { timeoutMs: 5_000 }),
        'PEERING_TIMEOUT',
      );
      await fails(at.seller.fabric.admitSlice({ buyer: at.buyer.id, contract: other.contract, resources: BOUGHT }), 'NOT_FOUND');
      await did.withdraw(other);
    });

    test.each([KINDS.roleBinding, KINDS.resourceQuota])(
      'of a tenant whose $kind somebody deleted it is told, and it is made whole again',
      async (kind) => {
        const seller = operator('north');
        const whole = async () => (await at.seller.fabric.meetingPlaces()).map(({ tenantWhole }) => tenantWhole);
        expect(await whole()).toEqual([true]);
        await seller.remove(kind, { namespace, name: TENANT_ROLE });
        expect(await whole()).toEqual([false]);
        expect(await create(KINDS.resourceSlice, slice({}))).toBe(kind === KINDS.roleBinding ? 403 : 200);
        await at.seller.fabric.ensureTenant({ buyer: at.buyer.id });
        expect(await whole()).toEqual([true]);
        expect(await create(KINDS.resourceSlice, slice({}))).toBe(200);
      },
    );

    /** A pod, asked for with the slice's own identity, as Liqo's virtual kubelet does; Liqo itself would not ask for what the virtual node has no room for. */
    async function run(space: string, cpu: string): Promise<string> {
      const kubelet = await kubeletOf(attempt.acquisition);
      const [{ metadata, spec } = { metadata: { name: '' }, spec: undefined }] = (
        await operator('north').list<ShadowPod>(KINDS.shadowPod, { namespace: space })
      ).items;
      const containers = spec?.pod.containers.map((each) => ({
        ...each,
        resources: { requests: { cpu, memory: '16Mi' }, limits: { cpu, memory: '16Mi' } },
      }));
      return await answerOf(
        kubelet.raw('POST', pathOf(KINDS.shadowPod, { namespace: space }), {
          apiVersion: KINDS.shadowPod.apiVersion,
          kind: KINDS.shadowPod.kind,
          metadata: { name: `more-${cpu}`, namespace: space, labels: metadata.labels },
          spec: { ...spec, pod: { ...spec?.pod, containers } },
        }),
      );
    }

    test('what a buyer runs is no more than it bought, whoever asks for it, and ends with its contract, though it deleted the slice to keep it', async () => {
      const place = newPlace();
      const ref = { ...place, manifests: [deployment(), pod], acquisition: attempt.acquisition, seller: at.seller.id };
      await at.buyer.cluster.ensureNamespace(place);
      await at.buyer.cluster.offload({ namespace: place.namespace, sellers: [at.seller.id] });
      await at.buyer.cluster.awaitOffloaded(place, did.wait);
      await at.buyer.cluster.applyWorkload(ref);
      expect(await at.buyer.cluster.awaitWorkload(ref, did.wait)).toMatchObject({ state: 'running' });
      const there = remoteNamespace(place.namespace, at.buyer.id);
      expect([await run(there, '900m'), await run(there, '100m')]).toEqual([expect.stringMatching(/^403 .*cpu/), 'written']);
      expect(await answered('DELETE', pathOf(KINDS.resourceSlice, { namespace, name: sliceName(attempt.acquisition) }))).toBe(200);
      await at.seller.fabric.stopSlice({ buyer: at.buyer.id, contract: attempt.contract }, did.wait);
      const left = (await at.objects()).filter((line) => line.startsWith(`north: Pod ${place.namespace}-south/`));
      expect(left).toEqual([]);
      await at.buyer.cluster.removeWorkload(place, did.wait);
      await at.buyer.cluster.removeOffloading(place, did.wait);
      await at.buyer.cluster.removeNamespace(place, did.wait);
    });

    test('a namespace that Liqo made for the buyer and forgot goes; one that a map wants stays', async () => {
      const place = newPlace();
      await at.buyer.cluster.ensureNamespace(place);
      await at.buyer.cluster.offload({ namespace: place.namespace, sellers: [at.seller.id] });
      await at.buyer.cluster.awaitOffloaded(place, did.wait);
      const annotations = { 'liqo.io/managed-by-namespace-map': `${namespace}/north`, 'liqo.io/original-name': 'forgotten' };
      const forgotten = { name: 'forgotten-south', labels: { 'liqo.io/remote-cluster-id': 'south' }, annotations };
      await operator('north').raw('POST', pathOf(KINDS.namespace), { apiVersion: 'v1', kind: 'Namespace', metadata: forgotten });
      const spaces = async () => (await operator('north').list(KINDS.namespace)).items.map(({ metadata }) => metadata.name);
      expect(await spaces()).toEqual(expect.arrayContaining(['forgotten-south', `${place.namespace}-south`]));
      await removeOrphans(operator('north'), at.buyer.id, did.wait);
      expect(await spaces()).not.toContain('forgotten-south');
      expect(await spaces()).toContain(`${place.namespace}-south`);
      await at.buyer.cluster.removeOffloading(place, did.wait);
      await at.buyer.cluster.removeNamespace(place, did.wait);
    });

    test('in the end nothing is left on either side', async () => {
      await did.withdraw(attempt);
      await did.part();
      await nothingLeft();
      expect(await answered('GET', pathOf(KINDS.resourceSlice, { namespace }))).toBe(401);
    });
  });
}
