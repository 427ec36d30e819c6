import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { KubeObject } from '../../src/adapters/kubernetes/objects.ts';
import { remoteNamespace } from '../../src/domain/ids.ts';
import { BOUGHT, newAttempt } from '../contracts/linked.ts';
import { newPlace } from '../contracts/workloads.ts';
import { answerOf } from './answers.ts';
import type { RealClusters } from './clusters.ts';
import { playClusters } from './linked.ts';

interface PodWithSpec extends KubeObject {
  readonly spec?: { readonly pod?: PodSpec } & PodSpec;
}
interface PodSpec {
  readonly resources?: object;
  readonly containers?: readonly { readonly resources?: object }[];
}
interface EventObject extends KubeObject {
  readonly reason?: string;
  readonly message?: string;
}

/** What a buyer gets that asks its seller for pods itself, with the identity of a slice; and what an honest one is told whose pods Liqo's quota would count wrongly. */
export function hostilePodsSuite(start: () => Promise<RealClusters>): void {
  describe('a buyer that asks for pods itself', () => {
    const { at, did, operator, kubelet: kubeletOf, nothingLeft } = playClusters(start);
    const bought = newAttempt();
    const amounts = { ...BOUGHT, storage: '1Gi' };
    const place = newPlace();
    let kubelet: Api;
    let there: string;

    beforeAll(async () => {
      await did.meet(bought);
      await did.request(bought, amounts);
      await did.admit(bought, amounts);
      await at.buyer.fabric.awaitVirtualNode({ seller: at.seller.id, acquisition: bought.acquisition }, did.wait);
      await at.buyer.cluster.ensureNamespace(place);
      await at.buyer.cluster.offload({ namespace: place.namespace, sellers: [at.seller.id] });
      await at.buyer.cluster.awaitOffloaded(place, did.wait);
      there = remoteNamespace(place.namespace, at.buyer.id);
      kubelet = await kubeletOf(bought.acquisition);
    });

    const image = 'registry.k8s.io/pause:3.10';
    const container = (cpu: string, memory: string, more: object = {}) => ({
      name: 'c',
      image,
      resources: { requests: { cpu, memory }, limits: { cpu, memory } },
      ...more,
    });
    const small = container('10m', '16Mi');
    const restarts = { restartPolicy: 'Always' };
    const inits = (...all: readonly object[]) => ({
      containers: [small],
      initContainers: all.map((each, i) => ({ ...each, name: `i${i}` })),
    });
    const limited = (limits: object, requests: object = {}) => ({
      name: 'c',
      image,
      resources: { requests: { cpu: '10m', memory: '16Mi', ...requests }, limits: { cpu: '10m', memory: '16Mi', ...limits } },
    });
    const shadow = (pod: object, metadata: object = {}) => ({
      apiVersion: KINDS.shadowPod.apiVersion,
      kind: KINDS.shadowPod.kind,
      metadata: { name: 'planted', namespace: there, labels: { 'offloading.liqo.io/origin': at.buyer.id }, ...metadata },
      spec: { pod },
    });
    const path = (query = '', name?: string): string =>
      `${pathOf(KINDS.shadowPod, { namespace: there, ...(name !== undefined && { name }) })}${query}`;
    const asked = (pod: object, metadata?: object): Promise<string> =>
      answerOf(kubelet.raw('POST', path('?dryRun=All'), shadow(pod, metadata)));

    test.each<readonly [string, object]>([
      ['resources of the whole pod', { containers: [small], resources: { requests: { cpu: '4' }, limits: { cpu: '4' } } }],
      ['overhead', { containers: [small], overhead: { cpu: '4' } }],
      ['devices by claim', { containers: [small], resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] }],
      ['a node of its choice', { containers: [small], nodeName: 'north-worker-1' }],
      ['a place before all others', { containers: [small], priorityClassName: 'system-node-critical' }],
      ['another scheduler', { containers: [small], schedulerName: 'other' }],
      ['a year to go', { containers: [small], terminationGracePeriodSeconds: 31_536_000 }],
      ['the network of the node', { containers: [small], hostNetwork: true }],
      ['a GPU by its limit', { containers: [limited({ 'nvidia.com/gpu': '1' })] }],
      ['storage by its limit', { containers: [limited({ 'ephemeral-storage': '1Gi' })] }],
      ['fewer cores than none, to have more later', { containers: [container('-5', '16Mi')] }],
      ['nothing, which limits nothing', { containers: [container('0', '0')] }],
      ['less of a core than Kubernetes gives', { containers: [container('100n', '16Mi')] }],
      ['a little more than it says', inits(container('1m', '16Mi'), container('1000001n', '16Mi'))],
      ['nothing, for an init container', inits(container('0', '16Mi'))],
      ['sidecars', inits(container('300m', '16Mi', restarts), container('300m', '16Mi', restarts))],
      ['a sidecar that its container covers alone', inits(container('10m', '16Mi', restarts))],
      ['init containers whose cores Liqo rounds', inits(container('1m', '16Mi'), container('900m', '16Mi'))],
      ['a sidecar beside a large init container', inits(container('5m', '16Mi', restarts), container('500m', '64Mi'))],
    ])('it asks for %s: refused', async (_, pod) => {
      expect(await asked(pod)).toMatch(/^422 .*rearguard-tenant-pods/);
    });

    test.each<readonly [string, object]>([
      ['a container', { containers: [small] }],
      ['an hour to go', { containers: [small], terminationGracePeriodSeconds: 3_600 }],
      ['no GPU', { containers: [limited({}), { ...limited({}), name: 'd' }] }],
      ['init containers by size', inits(container('900m', '16Mi'), container('1m', '512Mi'))],
      ['init containers below its containers', inits(container('1m', '1Mi'), container('10m', '16Mi'))],
      ['a sidecar within what an init container asked for first', inits(container('100m', '64Mi'), container('20m', '32Mi', restarts))],
    ])('it asks for %s: written', async (_, pod) => {
      expect(await asked(pod)).toBe('written');
    });

    test('it asks for more than it bought: refused by Liqo', async () => {
      expect(await asked({ containers: [container('1500m', '16Mi')] })).toMatch(/^403 .*cpu/);
      expect(await asked(inits(container('100m', '16Mi'), container('1500m', '16Mi')))).toMatch(/^403 .*cpu/);
    });

    const storage = (amount: string) => limited({ 'ephemeral-storage': amount }, { 'ephemeral-storage': amount });
    test.each([
      ['memory', container('10m', '1100Mi'), container('10m', '900Mi')],
      ['ephemeral-storage', storage('1100Mi'), storage('900Mi')],
    ])('it asks for more %s than it bought: refused by Liqo, by name; within it: written', async (name, more, within) => {
      expect(await asked({ containers: [more] })).toMatch(new RegExp(`^403 .*${name}`));
      expect(await asked({ containers: [within] })).toBe('written');
    });

    test('what runs stays counted: it neither goes slowly nor leaves its pod behind', async () => {
      expect(await asked({ containers: [small] }, { finalizers: ['a.b/c'] })).toMatch(/^422 .*finalizers/);
      await kubelet.raw('POST', path(), shadow({ containers: [small] }));
      const finalizers = { metadata: { finalizers: ['a.b/c'] } };
      const patched = kubelet.raw('PATCH', path('', 'planted'), finalizers, 'application/merge-patch+json');
      expect(await answerOf(patched)).toMatch(/^422 .*finalizers/);
      for (const body of [{ propagationPolicy: 'Orphan' }, { propagationPolicy: 'Foreground' }, { orphanDependents: true }])
        expect(await answerOf(kubelet.raw('DELETE', path('', 'planted'), body))).toMatch(/^422 .*rearguard-tenant-pods/);
      expect(await answerOf(kubelet.raw('DELETE', path('', 'planted')))).toBe('written');
      expect(await operator('north').get(KINDS.shadowPod, { namespace: there, name: 'planted' })).toBeUndefined();
    });

    test('what a seller limits itself in a namespace of its buyer is held to there, however its pods are asked for', async () => {
      const north = operator('north');
      const limit = pathOf(KINDS.resourceQuota, { namespace: there });
      const pods = async (): Promise<number> => (await north.list(KINDS.pod, { namespace: there })).items.length;
      await north.raw('POST', limit, { metadata: { name: 'mine' }, spec: { hard: { pods: '2' } } });
      await vi.waitFor(
        async () =>
          expect(await north.get(KINDS.resourceQuota, { namespace: there, name: 'mine' })).toMatchObject({
            status: { hard: { pods: '2' } },
          }),
        {
          timeout: at.timeoutMs,
        },
      );
      for (const name of ['one', 'two', 'three']) await kubelet.raw('POST', path(), shadow({ containers: [small] }, { name }));
      await vi.waitFor(
        async () => {
          const { items } = await north.list<EventObject>(KINDS.event, { namespace: there });
          expect(items.map(({ reason, message }) => `${reason} ${message}`)).toContainEqual(
            expect.stringMatching(/^FailedCreatePod .*exceeded quota: mine/),
          );
          expect(await pods()).toBe(2);
        },
        { timeout: at.timeoutMs, interval: 100 },
      );
      await north.remove(KINDS.resourceQuota, { namespace: there, name: 'mine' });
      await vi.waitFor(async () => expect(await pods()).toBe(3), { timeout: at.timeoutMs, interval: 100 });
      for (const name of ['one', 'two', 'three']) await kubelet.remove(KINDS.shadowPod, { namespace: there, name });
    });

    /** An honest buyer's pod; answers what its events say of it, once one of them has these words. */
    async function said(name: string, spec: object, words: RegExp): Promise<void> {
      const south = operator('south');
      await south.raw('POST', pathOf(KINDS.pod, { namespace: place.namespace }), { metadata: { name }, spec });
      await vi.waitFor(
        async () => {
          const { items } = await south.list<EventObject>(KINDS.event, { namespace: place.namespace });
          const events = items.filter(({ metadata }) => metadata.name.startsWith(`${name}.`));
          expect(events.map(({ reason, message }) => `${reason} ${message}`)).toContainEqual(expect.stringMatching(words));
        },
        { timeout: at.timeoutMs, interval: 100 },
      );
    }

    test('an honest buyer reads on its pod why the seller refuses it', async () => {
      await said('sidecar', inits(container('10m', '16Mi', restarts)), /^FailedReflection .*rearguard-tenant-pods.*init container/);
      const whole = { requests: { cpu: '200m', memory: '64Mi' }, limits: { cpu: '200m', memory: '64Mi' } };
      await said(
        'whole',
        { containers: [{ name: 'c', image }], resources: whole },
        /^FailedReflection .*CPU and\/or memory requests not set/,
      );
    });

    test("Liqo does not copy what an honest buyer's pod asks for as a whole: there it has what its containers ask for", async () => {
      const whole = { requests: { cpu: '200m', memory: '64Mi' }, limits: { cpu: '200m', memory: '64Mi' } };
      await said('both', { containers: [small], resources: whole }, /^SuccessfulReflection .*object status/);
      const copy = await operator('north').get<PodWithSpec>(KINDS.pod, { namespace: there, name: 'both' });
      expect(copy?.spec?.resources).toBeUndefined();
      expect(copy?.spec?.containers?.map(({ resources }) => resources)).toEqual([small.resources]);
    });

    test('in the end nothing is left on either side', async () => {
      for (const name of ['sidecar', 'whole', 'both']) await operator('south').remove(KINDS.pod, { namespace: place.namespace, name });
      await at.buyer.cluster.removeOffloading(place, did.wait);
      await at.buyer.cluster.removeNamespace(place, did.wait);
      await did.withdraw(bought);
      await did.part();
      await nothingLeft();
    });
  });
}
