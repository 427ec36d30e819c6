import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { NOTHING } from '../../src/domain/resources.ts';
import type { WorldEvent } from '../../src/ports/world.ts';
import { deployment, newPlace } from '../contracts/workloads.ts';
import { type Attempt, fails, newAttempt } from '../contracts/linked.ts';
import { type RealClusters, running } from './clusters.ts';
import { playClusters } from './linked.ts';
import { nodesNow, WORKER } from './local-resources.ts';

/** A seller whose API server is away, and the shared watch. */
export function awaySuite(start: () => Promise<RealClusters>): void {
  describe('a seller that is away', () => {
    const { at, did, nothingLeft } = playClusters(start);
    let attempt: Attempt;
    const place = newPlace();
    const heard: WorldEvent[] = [];
    const watching = new AbortController();
    let watches: Promise<unknown>;

    beforeAll(async () => {
      attempt = newAttempt();
      watches = Promise.allSettled([
        at.north.world.watch(async (event) => void heard.push(event), watching.signal),
        at.south.world.watch(async (event) => void heard.push(event), watching.signal),
      ]);
    });
    afterAll(async () => {
      watching.abort();
      await watches;
    });
    const hears = (event: WorldEvent) => vi.waitFor(() => expect(heard).toContainEqual(event), { timeout: at.timeoutMs, interval: 50 });

    test('the shared watch tells of a slice, and not of what comes up as it should', async () => {
      await did.meet(attempt);
      await did.extend(attempt);
      const ref = { ...place, manifests: [deployment()], acquisition: attempt.acquisition, seller: at.seller.id };
      await at.buyer.cluster.ensureNamespace(place);
      await at.buyer.cluster.offload({ namespace: place.namespace, sellers: [at.seller.id] });
      await at.buyer.cluster.awaitOffloaded(place, did.wait);
      await at.buyer.cluster.applyWorkload(ref);
      await at.buyer.cluster.awaitWorkload(ref, did.wait);
      await hears({ kind: 'slice-offered', buyer: at.buyer.id, contract: attempt.contract });
      // What comes up as it should is not news: each event would cost a history. Of what a suite before took away this watch tells too.
      const own = heard.filter(
        (event) =>
          (event.kind === 'node-changed' && event.acquisition === attempt.acquisition) ||
          (event.kind === 'workload-changed' && event.intent === place.intent),
      );
      expect(own).toEqual([]);
      // A buyer's pods use what is sold, and the ledger takes that off already: of the seller's own there are none.
      expect((await nodesNow(at.north)).find(({ name }) => name === WORKER)?.own).toEqual(NOTHING);
    });

    test('while a seller is away everything is undone here, and there once it is back', async () => {
      const north = running(at.stack, 'north');
      await north.kill('kubernetes');
      heard.length = 0;
      await fails(at.seller.fabric.ensureTenant({ buyer: at.buyer.id }), 'CLUSTER_UNREACHABLE');
      await at.buyer.cluster.moveOffloadingAway(place);
      await at.buyer.fabric.withdrawSlice({ seller: at.seller.id, acquisition: attempt.acquisition });
      await at.buyer.fabric.withdrawSlice({ seller: at.seller.id, acquisition: attempt.acquisition });
      const ref = { ...place, manifests: [deployment()], acquisition: attempt.acquisition, seller: at.seller.id };
      expect(await at.buyer.cluster.workloadHealth(ref)).toMatchObject({ state: 'unknown' });
      await at.buyer.cluster.removeWorkload(place, did.wait);
      await hears({ kind: 'workload-changed', intent: place.intent });
      await fails(
        at.buyer.fabric.awaitSliceGone({ seller: at.seller.id, acquisition: attempt.acquisition }, { timeoutMs: 3_000 }),
        'STILL_THERE',
      );
      await north.start('kubernetes');
      await at.buyer.cluster.removeOffloading(place, did.wait);
      await at.buyer.cluster.removeNamespace(place, did.wait);
      await did.withdraw(attempt);
      // It went while the watch was interrupted, or after: either way it is told.
      await hears({ kind: 'slice-gone', buyer: at.buyer.id, contract: attempt.contract });
      await hears({ kind: 'node-changed', acquisition: attempt.acquisition, ready: false });
      await did.part();
      await nothingLeft();
    });
  });
}
