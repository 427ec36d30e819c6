/** What every `Cluster` must do, real or fake: one suite, given two linked clusters that are peered. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { acquisitionId } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { fits } from '../../src/domain/resources.ts';
import type { Cluster, WorkloadHealth } from '../../src/ports/cluster.ts';
import { type Attempt, type LinkedClusters, fails, newAttempt, openLinked } from './linked.ts';
import { configMap, deployment, job, newPlace, type Place, pod } from './workloads.ts';

export function clusterContract(name: string, start: () => Promise<LinkedClusters>): void {
  describe(`Cluster: ${name}`, () => {
    const { at, did, nothingLeft } = openLinked(start);
    let place: Place;
    let held: Attempt[] = [];
    beforeEach(() => {
      place = newPlace();
    });
    const hold = async (): Promise<Attempt> => {
      const attempt = newAttempt();
      held.push(attempt);
      await did.meet(attempt);
      await did.extend(attempt);
      return attempt;
    };
    const remote = ({ acquisition }: Attempt, manifests: readonly Manifest[]) => ({
      ...place,
      manifests,
      acquisition,
      seller: at.seller.id,
    });
    const deploy = async (attempt: Attempt, manifests: readonly Manifest[]) => {
      await at.buyer.cluster.ensureNamespace(place);
      await at.buyer.cluster.offload({ namespace: place.namespace, sellers: [at.seller.id] });
      await at.buyer.cluster.awaitOffloaded(place, did.wait);
      await at.buyer.cluster.applyWorkload(remote(attempt, manifests));
      return await at.buyer.cluster.awaitWorkload(remote(attempt, manifests), did.wait);
    };
    afterEach(async () => {
      const { cluster } = at.buyer;
      await cluster.removeWorkload(place, did.wait);
      await cluster.removeOffloading(place, did.wait);
      await cluster.removeNamespace(place, did.wait);
      for (const attempt of held) await did.withdraw(attempt);
      held = [];
      await did.part();
      await nothingLeft();
    });

    test('a namespace belongs to the run that made it', async () => {
      await at.buyer.cluster.ensureNamespace(place);
      await at.buyer.cluster.ensureNamespace(place);
      await fails(at.buyer.cluster.ensureNamespace({ ...place, runId: 'another' }), 'CLUSTER_REFUSED');
      expect(await at.buyer.cluster.intentNamespaces()).toContainEqual(place);
      await at.buyer.cluster.removeNamespace({ ...place, runId: 'another' }, did.wait);
      await fails(at.buyer.cluster.ensureNamespace({ ...place, runId: 'another' }), 'CLUSTER_REFUSED');
      await at.buyer.cluster.removeNamespace(place, did.wait);
      expect(await at.buyer.cluster.intentNamespaces()).not.toContainEqual(place);
    });

    test('an offloading belongs to the run that made it', async () => {
      const { cluster } = at.buyer;
      const { namespace } = place;
      const owner = { intent: place.intent, runId: `${place.runId}-offloads` };
      const other = { intent: place.intent, runId: 'another' };
      await cluster.ensureNamespace(place);
      for (const _ of [1, 2]) await cluster.offload({ namespace, sellers: [], owner });
      await fails(cluster.offload({ namespace, sellers: [], owner: other }), 'CLUSTER_REFUSED');
      await cluster.moveOffloadingAway({ namespace });
      await cluster.removeOffloading({ namespace, runId: other.runId }, did.wait);
      expect(await cluster.intentNamespaces()).toEqual(expect.arrayContaining([place, { ...owner, namespace }]));
      await cluster.removeOffloading({ namespace, runId: owner.runId }, did.wait);
      expect(await cluster.intentNamespaces()).not.toContainEqual({ ...owner, namespace });
      await cluster.offload({ namespace, sellers: [], owner: other });
      await cluster.removeOffloading({ namespace }, did.wait);
    });

    test('a workload runs at home, and is missing once it is removed', async () => {
      const here = { ...place, manifests: [deployment(), configMap] };
      const { total } = await at.buyer.cluster.free();
      expect(fits(total, { cpu: '1', memory: '1Gi', pods: '2' })).toBe(true);
      await at.buyer.cluster.ensureNamespace(place);
      expect(await at.buyer.cluster.workloadHealth(here)).toMatchObject({ state: 'missing' });
      await at.buyer.cluster.applyWorkload(here);
      const health = await at.buyer.cluster.awaitWorkload(here, did.wait);
      expect(health.state).toBe('running');
      expect(health.pods.every(({ readAt }) => readAt === 'home')).toBe(true);
      await at.buyer.cluster.applyWorkload(here);
      await at.buyer.cluster.removeWorkload(place, did.wait);
      expect(await at.buyer.cluster.workloadHealth(here)).toMatchObject({ state: 'missing' });
    });

    test('a workload runs at the seller and is read there; the end of one contract stops it and nothing else', async () => {
      const [attempt, other] = [await hold(), await hold()];
      const running = await deploy(attempt, [deployment(), configMap]);
      expect(running).toMatchObject({ state: 'running' });
      expect(running.pods.length).toBeGreaterThan(0);
      expect(running.pods.every(({ readAt }) => readAt === 'seller')).toBe(true);
      const first = place;
      place = newPlace();
      try {
        await deploy(other, [pod]);
        await at.seller.fabric.stopSlice({ buyer: at.buyer.id, contract: attempt.contract }, did.wait);
        await at.seller.fabric.stopSlice({ buyer: at.buyer.id, contract: attempt.contract }, did.wait);
        const stopped = await at.buyer.cluster.workloadHealth({ ...remote(attempt, [deployment(), configMap]), ...first });
        expect(stopped.state).toBe('pending');
        expect(await at.buyer.cluster.workloadHealth(remote(other, [pod]))).toMatchObject({ state: 'running' });
        await fails(
          at.buyer.cluster.awaitWorkload({ ...remote(attempt, [deployment(), configMap]), ...first }, { timeoutMs: 500 }),
          'WORKLOAD_TIMEOUT',
        );
      } finally {
        await at.buyer.cluster.removeWorkload(first, did.wait);
        await at.buyer.cluster.removeOffloading(first, did.wait);
        await at.buyer.cluster.removeNamespace(first, did.wait);
      }
    });

    test('a workload moves from home to a contract’s node, to another one’s and back, what cannot be changed too', async () => {
      const [old, next] = [await hold(), await hold()];
      const manifests = [deployment(), pod];
      const here = { ...place, manifests };
      const { cluster } = at.buyer;
      await cluster.ensureNamespace(place);
      await cluster.applyWorkload(here);
      await cluster.awaitWorkload(here, did.wait);
      await deploy(old, manifests);
      expect(await deploy(next, manifests)).toMatchObject({ state: 'running' });
      expect(await cluster.workloadHealth(remote(next, manifests))).toMatchObject({ state: 'running' });
      await cluster.removeOffloading(place, did.wait);
      await cluster.applyWorkload(here);
      const back = await cluster.awaitWorkload(here, did.wait);
      expect(back.state).toBe('running');
      expect(back.pods.every(({ readAt }) => readAt === 'home')).toBe(true);
    });

    /** What each look finds of these manifests that the shared watch gives rise to. */
    const looksOf = async (
      ref: Parameters<Cluster['workloadHealth']>[0],
      work: (found: WorkloadHealth[]) => Promise<void>,
    ): Promise<void> => {
      const found: WorkloadHealth[] = [];
      const ending = new AbortController();
      const watching = at.world.watch(async (event) => {
        if (event.kind === 'workload-changed' && event.intent === place.intent) found.push(await at.buyer.cluster.workloadHealth(ref));
      }, ending.signal);
      try {
        await work(found);
      } finally {
        ending.abort();
        await watching;
      }
    };
    const within = () => ({ timeout: at.timeoutMs, interval: 20 });

    test('whoever looks when a Job at home has ended is told so, and finds it done', async () => {
      const here = { ...place, manifests: [job, configMap] };
      await at.buyer.cluster.ensureNamespace(place);
      await looksOf(here, async (found) => {
        await at.buyer.cluster.applyWorkload(here);
        expect((await at.buyer.cluster.awaitWorkload(here, did.wait)).state).toMatch(/running|succeeded/);
        await at.endJob({ at: 'home', namespace: place.namespace, name: 'once', how: 'Complete' });
        await vi.waitFor(() => expect(found).toContainEqual(expect.objectContaining({ state: 'succeeded' })), within());
      });
    });

    test('a Job that ends at a seller is told, and not made anew in another place; one that fails says why', async () => {
      const [old, next] = [await hold(), await hold()];
      const other = { ...job, metadata: { name: 'never' } };
      const { namespace } = place;
      await deploy(old, [deployment(), job, other]);
      await looksOf(remote(old, [job]), async (found) => {
        await at.endJob({ at: 'seller', namespace, name: 'once', how: 'Complete' });
        await vi.waitFor(() => expect(found).toContainEqual(expect.objectContaining({ state: 'succeeded' })), within());
      });
      await deploy(next, [deployment(), job, other]);
      expect(await at.buyer.cluster.workloadHealth(remote(next, [job]))).toMatchObject({ state: 'succeeded' });
      expect(await at.buyer.cluster.workloadHealth(remote(next, [deployment(), job, other]))).toMatchObject({ state: 'running' });
      await looksOf(remote(next, [deployment(), job, other]), async (found) => {
        await at.endJob({ at: 'seller', namespace, name: 'never', how: 'Failed' });
        const words = expect.stringMatching(/^Job never: BackoffLimitExceeded/);
        await vi.waitFor(() => expect(found).toContainEqual(expect.objectContaining({ state: 'failed', message: words })), within());
      });
    });

    test('what was handed over of a service lies in its Secret until whoever holds it gives it back, or another holds it', async () => {
      const [{ cluster }, { namespace }] = [at.buyer, place];
      const [{ acquisition: old }, { acquisition: next }] = [newAttempt(), newAttempt()];
      const secret = { username: 'user', password: 'one' };
      const handover = { secret, endpoint: { host: 'db.example', port: 5432 } };
      const there = () => at.secretOf({ namespace, name: 'db' });
      await fails(cluster.handOver({ namespace: 'nowhere', service: 'db', acquisition: old, handover }), 'CLUSTER_REFUSED');
      await cluster.ensureNamespace(place);
      for (const _ of [1, 2]) await cluster.handOver({ namespace, service: 'db', acquisition: old, handover });
      expect(await there()).toEqual({ host: 'db.example', port: '5432', ...secret });
      await cluster.handOver({ namespace, service: 'db', acquisition: next, handover: { secret: { password: 'two', port: '6' } } });
      expect(await there()).toEqual({ password: 'two', port: '6' });
      await cluster.takeBack({ acquisition: old });
      // Two intents may share a namespace of their user's.
      await fails(
        cluster.handOver({ namespace, service: 'db', acquisition: acquisitionId('0123456789ab-1'), handover }),
        'CLUSTER_REFUSED',
      );
      expect(await there()).toEqual({ password: 'two', port: '6' });
      for (const _ of [1, 2]) await cluster.takeBack({ acquisition: next });
      expect(await there()).toBeUndefined();
      const own: Manifest = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { password: 'own' } };
      await cluster.applyWorkload({ ...place, manifests: [own] });
      await fails(cluster.handOver({ namespace, service: 'db', acquisition: next, handover }), 'CLUSTER_REFUSED');
    });

    test('a namespace without manifests runs when its offloading is Ready', async () => {
      const attempt = await hold();
      expect(await deploy(attempt, [])).toMatchObject({ state: 'running', pods: [] });
      expect(await at.buyer.cluster.workloadHealth(remote(attempt, []))).toMatchObject({ state: 'running' });
      await at.buyer.cluster.moveOffloadingAway(place);
      await at.buyer.cluster.moveOffloadingAway(place);
    });

    test('what was never done is undone with success', async () => {
      await at.buyer.cluster.moveOffloadingAway(place);
      await at.buyer.cluster.offload({ namespace: place.namespace, sellers: [] }).catch(() => undefined);
    });
  });
}
