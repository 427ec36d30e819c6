import { beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../deploy/playground/wait.ts';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import { type QuotaObject, type ResourceSliceObject, conditionOf } from '../../src/adapters/kubernetes/objects.ts';
import { sliceName, tenantAccount, tenantNamespace } from '../../src/domain/ids.ts';
import { sliceCsr } from '../fakes/certificates.ts';
import { type Attempt, BOUGHT, fails, newAttempt } from '../contracts/linked.ts';
import { statusOf } from './answers.ts';
import type { RealClusters } from './clusters.ts';
import { playClusters } from './linked.ts';

/** What a buyer can do at a seller with the credentials that a contract gave it, when it means harm: on real clusters, with its own token and no dry run. */
export function hostileBuyerSuite(start: () => Promise<RealClusters>): void {
  describe('a buyer that means harm', () => {
    const AUTH = 'authentication.liqo.io/v1beta1';
    const OFFLOADING = 'offloading.liqo.io/v1beta1';
    const MERGE = 'application/merge-patch+json';

    const { at, did, operator, tenant: tenantOf, withoutReplicator, nothingLeft } = playClusters(start);
    let seller: Api;
    let tenant: Api;
    let bought: Attempt;
    let namespace: string;
    let slice: string;

    beforeAll(async () => {
      namespace = tenantNamespace(at.buyer.id);
      bought = newAttempt();
      slice = sliceName(bought.acquisition);
      await did.meet(bought);
      await did.extend(bought);
      seller = operator('north');
      tenant = await tenantOf();
    });

    const replica = async (name = slice): Promise<ResourceSliceObject> => {
      const found = await seller.get<ResourceSliceObject>(KINDS.resourceSlice, { namespace, name });
      if (!found) throw new Error(`no slice ${name}`);
      return found;
    };
    const quotas = async (): Promise<readonly QuotaObject[]> => (await seller.list<QuotaObject>(KINDS.quota, { namespace })).items;

    const copy = (labels: object = {}) => ({
      'liqo.io/replicated': 'true',
      'liqo.io/replication': 'false',
      'liqo.io/originID': at.buyer.id,
      'liqo.io/remote-cluster-id': at.buyer.id,
      ...labels,
    });
    const forged = (spec: object, labels?: object, name = 'forged') => ({
      apiVersion: AUTH,
      kind: 'ResourceSlice',
      metadata: { name, namespace, labels: copy(labels), annotations: { 'rearguard.dev/contract': bought.contract } },
      spec: { class: 'rearguard', consumerClusterID: at.buyer.id, resources: { cpu: '64' }, ...spec },
    });
    const map = (desiredMapping: object, labels?: object) => ({
      apiVersion: OFFLOADING,
      kind: 'NamespaceMap',
      metadata: { name: 'forged', namespace, labels: copy(labels) },
      spec: { desiredMapping },
    });
    const slices = (): string => pathOf(KINDS.resourceSlice, { namespace });
    const maps = (): string => pathOf(KINDS.namespaceMap, { namespace });
    const own = (sub?: string): string => pathOf(KINDS.resourceSlice, { namespace, name: slice, ...(sub !== undefined && { sub }) });
    const accepted = {
      conditions: [{ type: 'Resources', status: 'Accepted', reason: 'me', message: 'me', lastTransitionTime: new Date() }],
    };
    const annotated = (annotations: object) => ({ metadata: { annotations } });
    const kept = ({ metadata, ...rest }: { readonly metadata?: object } = {}) => ({
      ...rest,
      metadata: { ...metadata, finalizers: ['a.b/c'] },
    });

    /** Forbidden by its role (403), or refused by a policy of ours (422). */
    const HARM: readonly (readonly [string, 403 | 422, () => Promise<unknown>])[] = [
      ['accepts its own slice', 403, async () => tenant.raw('PUT', own('status'), { ...(await replica()), status: accepted })],
      ['patches its own verdict', 403, () => tenant.raw('PATCH', own('status'), { status: { resources: { cpu: '64' } } }, MERGE)],
      ['writes the state of its namespaces', 403, () => tenant.raw('PATCH', `${maps()}/${at.buyer.id}/status`, { status: {} }, MERGE)],
      ['asks in class default, which Liqo grants', 422, () => tenant.raw('POST', slices(), forged({ class: 'default' }))],
      ['asks in no class, which Liqo grants', 422, () => tenant.raw('POST', slices(), forged({ class: undefined }))],
      ['moves its slice to class default', 422, () => tenant.raw('PATCH', own(), { spec: { class: 'default' } }, MERGE)],
      ['asks in the name of another', 422, () => tenant.raw('POST', slices(), forged({ consumerClusterID: 'east' }))],
      [
        'makes us its buyer',
        422,
        () => tenant.raw('POST', slices(), forged({}, { 'liqo.io/replication': 'true', 'liqo.io/remoteID': 'south' })),
      ],
      [
        'asks to be the group of another tenant too',
        422,
        () => tenant.raw('POST', slices(), forged({ csr: sliceCsr('forged', at.buyer.id, 'east') })),
      ],
      [
        'asks to be another group first',
        422,
        () => tenant.raw('POST', slices(), forged({ csr: sliceCsr('forged', 'kubeadm:cluster-admins', at.buyer.id) })),
      ],
      ['asks so later', 422, () => tenant.raw('PATCH', own(), { spec: { csr: sliceCsr(slice, at.buyer.id, 'east') } }, MERGE)],
      ['hides that it is a copy', 422, () => tenant.raw('POST', slices(), forged({}, { 'liqo.io/replicated': 'false' }))],
      ['names another origin', 422, () => tenant.raw('POST', slices(), forged({}, { 'liqo.io/originID': 'east' }))],
      [
        'moves its slice under another contract',
        422,
        () => tenant.raw('PATCH', own(), annotated({ 'rearguard.dev/contract': 'other' }), MERGE),
      ],
      ['cordons or lifts the end of its contract', 422, () => tenant.raw('PATCH', own(), annotated({ 'liqo.io/cordon': 'false' }), MERGE)],
      ['makes a slice that never goes', 422, () => tenant.raw('POST', slices(), kept(forged({})))],
      ['keeps its slice from going', 422, () => tenant.raw('PATCH', own(), kept(), MERGE)],
      ['keeps the quota of a slice that goes', 422, () => tenant.raw('DELETE', `${own()}?propagationPolicy=Orphan&dryRun=All`)],
      ['keeps it as it was once called', 422, () => tenant.raw('DELETE', `${own()}?dryRun=All`, { orphanDependents: true })],
      ['keeps its namespaces from going', 422, () => tenant.raw('POST', maps(), kept(map({ shop: `shop-${at.buyer.id}` })))],
      ['takes a namespace of the system', 422, () => tenant.raw('POST', maps(), map({ shop: 'kube-system' }))],
      ['takes a namespace of another buyer', 422, () => tenant.raw('POST', maps(), map({ shop: 'shop-south', other: 'shop-east' }))],
      ['maps in the name of another', 422, () => tenant.raw('POST', maps(), map({ shop: 'shop-south' }, { 'liqo.io/originID': 'east' }))],
      ['asks in the namespace of another tenant', 403, () => tenant.raw('POST', pathOf(KINDS.resourceSlice, { namespace: 'default' }), {})],
      ['reads secrets in its namespace', 403, () => tenant.raw('GET', pathOf(KINDS.secret, { namespace }))],
      ['reads secrets everywhere', 403, () => tenant.raw('GET', pathOf(KINDS.secret))],
      ['reads nodes', 403, () => tenant.raw('GET', pathOf(KINDS.node))],
      ['reads quotas', 403, () => tenant.raw('GET', pathOf(KINDS.quota, { namespace }))],
      ['runs a pod in its namespace', 403, () => tenant.raw('POST', pathOf(KINDS.pod, { namespace }), {})],
      ['raises its tenant', 403, () => tenant.raw('PATCH', pathOf(KINDS.tenant, { namespace, name: at.buyer.id }), { spec: {} }, MERGE)],
      ['binds a larger role', 403, () => tenant.raw('POST', pathOf(KINDS.roleBinding, { namespace }), {})],
      [
        'lengthens the life of its token',
        403,
        () => tenant.raw('POST', pathOf(KINDS.serviceAccount, { namespace, name: tenantAccount(at.buyer.id), sub: 'token' }), {}),
      ],
      ['takes the policy away', 403, () => tenant.raw('DELETE', pathOf(KINDS.policyBinding, { name: 'rearguard-tenant-slices' }))],
    ];

    test.each(HARM)('it %s: refused with %i', async (_, status, harm) => {
      expect(await statusOf(harm())).toBe(status);
    });

    test('a certificate of its own cluster id alone it may ask for', async () => {
      expect(await statusOf(tenant.raw('POST', `${slices()}?dryRun=All`, forged({ csr: sliceCsr('forged', at.buyer.id) })))).toBe(200);
    });

    test('what is its own it may delete', async () => {
      expect(await statusOf(tenant.raw('DELETE', `${own()}?dryRun=All`))).toBe(200);
      expect(await statusOf(tenant.raw('DELETE', `${own()}?dryRun=All&propagationPolicy=Foreground`))).toBe(200);
    });

    test('it makes a slice again under a contract that the seller took away: refused', async () => {
      const ended = newAttempt();
      // Once its node stands Liqo has signed for it: a certificate that is made while the slice goes stays until the next contract ends, or the tenant goes.
      await did.extend(ended);
      const told: string[] = [];
      const denies = async (words: string): Promise<void> => void told.push(words);
      await at.seller.fabric.removeReplica({ buyer: at.buyer.id, contract: ended.contract, patienceMs: 0, denies }, did.wait);
      expect(told).toEqual([expect.stringContaining(`contract ${ended.contract} is over`)]);
      const again = forged({ resources: BOUGHT }, {}, 'again');
      const under = (contract: string) => ({
        ...again,
        metadata: { ...again.metadata, annotations: { 'rearguard.dev/contract': contract } },
      });
      expect(await statusOf(tenant.raw('POST', `${slices()}?dryRun=All`, under(ended.contract)))).toBe(422);
      expect(await statusOf(tenant.raw('POST', `${slices()}?dryRun=All`, under(newAttempt().contract)))).toBe(200);
      expect(await statusOf(tenant.raw('POST', `${slices()}?dryRun=All`, under(ended.contract.slice(0, -1))))).toBe(200);
      const left = await seller.list<ResourceSliceObject>(KINDS.resourceSlice, { namespace });
      expect(left.items.map(({ metadata }) => metadata.annotations?.['rearguard.dev/contract'])).toEqual([bought.contract]);
      const certificates = (await seller.list(KINDS.secret, { namespace })).items.filter(({ metadata }) =>
        metadata.name.startsWith('liqo-remote-'),
      );
      expect(certificates.map(({ metadata }) => metadata.name)).toEqual([`liqo-remote-certificate-${slice}`]);
      await did.withdraw(ended);
    });

    test('nothing of it changed what was sold', async () => {
      const { status, spec } = await replica();
      expect(conditionOf(status?.conditions, 'Resources')).toMatchObject({ status: 'Accepted', reason: 'ContractValid' });
      expect([spec?.class, status?.resources]).toEqual(['rearguard', BOUGHT]);
      expect((await quotas()).map((quota) => quota.spec?.resources)).toEqual([BOUGHT]);
      expect(await at.buyer.fabric.nodeHealth(bought)).toMatchObject({ ready: true });
    });

    test('it makes its copy larger than what was bought: the quota stays, and the next verdict refuses', async () => {
      const admit = (): Promise<void> => at.seller.fabric.admitSlice({ buyer: at.buyer.id, contract: bought.contract, resources: BOUGHT });
      await withoutReplicator(async () => {
        await tenant.raw('PATCH', own(), { spec: { resources: { cpu: '64' } } }, MERGE);
        await fails(admit(), 'SLICE_DENIED');
        expect((await replica()).status?.resources).toEqual(BOUGHT);
        expect((await quotas()).map((quota) => quota.spec?.resources)).toEqual([BOUGHT]);
        await tenant.raw('PATCH', own(), { spec: { resources: BOUGHT } }, MERGE);
        await admit();
      });
    });

    test('a second slice under one contract is denied, and the first one stays', async () => {
      await withoutReplicator(async () => {
        await tenant.raw('POST', slices(), forged({ resources: BOUGHT }, {}, 'a-second'));
        await at.seller.fabric.admitSlice({ buyer: at.buyer.id, contract: bought.contract, resources: BOUGHT });
        expect(conditionOf((await replica('a-second')).status?.conditions, 'Resources')).toMatchObject({ status: 'Denied' });
        expect(conditionOf((await replica()).status?.conditions, 'Resources')).toMatchObject({ status: 'Accepted' });
        expect((await quotas()).map((quota) => quota.spec?.resources)).toEqual([BOUGHT]);
        await tenant.remove(KINDS.resourceSlice, { namespace, name: 'a-second' });
      });
    });

    test("a slice of Liqo's own class, which Liqo grants without asking anybody, never reaches the seller", async () => {
      const attempt = newAttempt();
      await did.meet(attempt);
      await did.request(attempt, BOUGHT, 'default');
      await fails(
        at.buyer.fabric.awaitVirtualNode({ seller: at.seller.id, acquisition: attempt.acquisition }, { timeoutMs: 3_000 }),
        'PEERING_TIMEOUT',
      );
      expect(await seller.get(KINDS.resourceSlice, { namespace, name: sliceName(attempt.acquisition) })).toBeUndefined();
      await did.withdraw(attempt);
    });

    test('when its last contract is over its token is dead, whatever it says of its end', async () => {
      await did.withdraw(bought);
      await did.part();
      await waitFor('the death of the token', 30, async () => (await statusOf(tenant.raw('GET', slices()))) === 401);
      await nothingLeft();
    });
  });
}
