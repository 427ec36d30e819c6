import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openMending } from '../../activities/mending.ts';
import { ACCOUNT, accountManifests, offloadingManifests } from '../../src/adapters/kubernetes/account-manifests.ts';
import { type Api, openApi } from '../../src/adapters/kubernetes/api.ts';
import { ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import { isGoing } from '../../src/adapters/kubernetes/objects.ts';
import type { Kubernetes } from '../../src/adapters/kubernetes/open.ts';
import { ROLES } from '../../src/adapters/kubernetes/rights.ts';
import { clusterId, intentName, tenantNamespace } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { newAttempt } from '../contracts/linked.ts';
import { deployment, newPlace } from '../contracts/workloads.ts';
import { statusOf } from './answers.ts';
import { rightsIn } from './account-rights.ts';
import { ANYBODY, canI } from './can-i.ts';
import { type RealClusters, running } from './clusters.ts';
import { playClusters } from './linked.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const OWN = 'users-own';

/** What the account may do under which nodes run here, and all of fabric, cluster and hosting with them. */
export function accountSuite(start: () => Promise<RealClusters>): void {
  describe('the account of a node', () => {
    const { at, did, operator, nothingLeft } = playClusters(start);
    const attempt = newAttempt();
    const place = newPlace();
    const meeting = tenantNamespace(clusterId('north'));
    const within = () => ({ timeout: at.timeoutMs, interval: 100 });
    /** At the buyer, which has meeting places and workloads. */
    let node: Api;
    let owner: Api;

    beforeAll(async () => {
      node = openApi(ownConnection({ kubeconfig: running(at.stack, 'south').nodeKubeconfigPath }), quiet);
      owner = operator('south');
      await did.meet(attempt);
      await at.buyer.cluster.ensureNamespace(place);
      await at.buyer.cluster.applyWorkload({ ...place, manifests: [deployment()] });
      await owner.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: OWN } });
    });
    afterAll(async () => {
      node.close();
      await owner.remove(KINDS.namespace, { name: OWN });
      await at.buyer.cluster.removeWorkload(place, did.wait);
      await at.buyer.cluster.removeNamespace(place, did.wait);
      await did.withdraw(attempt);
      await did.part();
      await nothingLeft();
    });

    const answered = (method: string, path: string, body?: unknown, type?: string): Promise<number> =>
      statusOf(node.raw(method, path, body, type));
    const patch = (path: string, body: object) => answered('PATCH', `${path}?dryRun=All`, body, 'application/merge-patch+json');
    const create = (path: string, body: object) => answered('POST', `${path}?dryRun=All`, body);
    const may = async (attributes: object): Promise<boolean> => {
      const api = 'authorization.k8s.io/v1';
      const review = { apiVersion: api, kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: attributes } };
      return (await node.raw<{ status: { allowed: boolean } }>('POST', `/apis/${api}/selfsubjectaccessreviews`, review)).status.allowed;
    };

    test('it has exactly its rights, in each namespace those of what the namespace is for, and no wildcard', async () => {
      const where = { rearguard: 'rearguard', liqo: 'liqo', [meeting]: 'peering', [place.namespace]: 'workload' } as const;
      const spaces = (await owner.list(KINDS.namespace)).items.map(({ metadata }) => metadata.name);
      expect(spaces).toEqual(expect.arrayContaining([...Object.keys(where), 'kube-system', 'default', OWN]));
      for (const space of spaces) {
        const found = await canI(node, space);
        expect([space, found]).toEqual([space, [...ANYBODY, ...rightsIn(where[space as keyof typeof where])].toSorted()]);
        expect(found.filter((line) => line.includes('*') && !line.startsWith('/'))).toEqual([]);
      }
    });

    test('it reads no Secrets but ours, runs nothing elsewhere, and speaks for nobody else', async () => {
      for (const namespace of ['kube-system', 'default', 'liqo', OWN]) {
        expect([namespace, await answered('GET', pathOf(KINDS.secret, { namespace }))]).toEqual([namespace, 403]);
        expect(await create(pathOf(KINDS.pod, { namespace }), { metadata: { name: 'x' }, spec: { containers: [] } })).toBe(403);
        expect(await may({ namespace, verb: 'create', resource: 'serviceaccounts', subresource: 'token' })).toBe(false);
      }
      expect(await answered('GET', pathOf(KINDS.secret))).toBe(403);
      expect(await answered('GET', `${pathOf(KINDS.node, { name: 'south-worker-1' })}/proxy/metrics`)).toBe(403);
      expect(await answered('POST', `${pathOf(KINDS.pod, { namespace: place.namespace, name: 'web' })}/exec?command=id`)).toBe(403);
      for (const resource of ['users', 'groups', 'serviceaccounts']) expect(await may({ verb: 'impersonate', resource })).toBe(false);
      for (const verb of ['escalate', 'bind', 'patch', 'delete'])
        expect(await may({ verb, group: 'rbac.authorization.k8s.io', resource: 'clusterroles', name: 'cluster-admin' })).toBe(false);
    });

    test('it binds itself, makes and changes nothing but what is ours, however its names are', async () => {
      const bind = (role: string) => ({
        metadata: { name: 'planted' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: 'rearguard' }],
      });
      const bindings = (namespace: string): string => `${RBAC}/namespaces/${namespace}/rolebindings`;
      expect(await create(bindings(place.namespace), bind(ROLES.workload))).toBe(200);
      expect(await create(bindings(meeting), bind(ROLES.peering))).toBe(200);
      for (const namespace of ['kube-system', 'default', OWN])
        expect([namespace, await create(bindings(namespace), bind(ROLES.workload))]).toEqual([namespace, 422]);
      expect(await create(bindings(place.namespace), bind('cluster-admin'))).toBe(403);
      const labels = { 'app.kubernetes.io/managed-by': 'rearguard' };
      expect(await create(pathOf(KINDS.namespace), { metadata: { name: 'planted', labels } })).toBe(200);
      expect(await create(pathOf(KINDS.namespace), { metadata: { name: 'planted' } })).toBe(422);
      for (const name of ['kube-system', OWN]) expect(await patch(pathOf(KINDS.namespace, { name }), { metadata: { labels } })).toBe(422);
      expect(await patch(pathOf(KINDS.namespace, { name: place.namespace }), { metadata: { labels: { x: 'y' } } })).toBe(200);
      expect(await answered('DELETE', `${pathOf(KINDS.namespace, { name: OWN })}?dryRun=All`)).toBe(422);
      expect(await patch(pathOf(KINDS.node, { name: 'south-worker-1' }), { spec: { unschedulable: true } })).toBe(422);
    });

    const [intent, runId] = [intentName('orphan'), 'run-that-was-closed'];
    const offload = ({ cluster }: Pick<Kubernetes, 'cluster'>) =>
      cluster.offload({ namespace: OWN, sellers: [], owner: { intent, runId } });

    test('a namespace of a user’s own is let to it by its user', async () => {
      const { cluster } = at.buyer;
      const command = expect.stringContaining(`rearguard rbac --offloading-in ${OWN} | kubectl apply -f -`);
      expect(await cluster.whyNotOffload({ namespace: OWN })).toEqual(command);
      await expect(offload(at.buyer)).rejects.toMatchObject({ code: 'CLUSTER_REFUSED', message: command });
      for (const each of offloadingManifests([OWN])) await owner.apply(each);
      await vi.waitFor(async () => expect(await cluster.whyNotOffload({ namespace: OWN })).toBeUndefined(), within());
      expect(await canI(node, OWN)).toEqual([...ANYBODY, ...rightsIn('offloading')].toSorted());
    });

    test.each([
      ['that account', () => at.south],
      ['its administrator’s', () => at.southOwner],
    ])('taken back under %s, nothing is touched in a namespace of a user’s own but the offloading', async (_, under) => {
      const { cluster } = under();
      await offload(under());
      // As somebody has it who took a manifest of a workload of ours for a beginning.
      const users: Manifest = { ...deployment(), metadata: { name: 'theirs', namespace: OWN, labels: { 'rearguard.dev/intent': intent } } };
      await owner.apply(users);
      const mending = openMending({
        cluster,
        processes: { runsIntent: async () => false },
        timing: { undoRoundMs: at.timeoutMs },
      } as unknown as Parameters<typeof openMending>[0]);
      const found = (await cluster.intentNamespaces()).filter(({ namespace }) => namespace === OWN);
      expect(found).toEqual([{ intent, namespace: OWN, runId }]);
      for (const space of found) expect(await mending.namespace(space, new AbortController().signal)).toContain(OWN);
      expect((await owner.list(KINDS.namespaceOffloading, { namespace: OWN })).items).toEqual([]);
      const left = await owner.get(KINDS.deployment, { namespace: OWN, name: 'theirs' });
      expect(left && !isGoing(left)).toBe(true);
      expect(await owner.get(KINDS.namespace, { name: OWN })).toBeDefined();
    });

    test('a node whose account lacks a right says which, and what gives it', async () => {
      const [roles] = accountManifests().filter(({ metadata, kind }) => kind === 'ClusterRole' && metadata.name === ROLES.node);
      const whole = roles as Manifest & { readonly rules: readonly { readonly resources: readonly string[] }[] };
      await owner.apply({ ...whole, rules: whole.rules.filter(({ resources }) => !resources.includes('shadowpods')) });
      const words =
        /`rearguard rbac \| kubectl apply -f -`.*system:serviceaccount:rearguard:rearguard-node may not .*shadowpods\.offloading/;
      try {
        await vi.waitFor(
          () => expect(at.buyer.fabric.prepare()).rejects.toMatchObject({ code: 'CLUSTER_REFUSED', message: expect.stringMatching(words) }),
          within(),
        );
      } finally {
        await owner.apply(whole);
      }
      await vi.waitFor(() => at.buyer.fabric.prepare(), within());
    });
  });
}
