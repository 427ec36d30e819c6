import type { KubernetesObject } from '@kubernetes/client-node';
import { ask, clusterOf, end, untilBought, untilPodRuns } from '../../deploy/demo/scenarios/acts.ts';
import { type Scenario, expect } from '../../deploy/demo/scenarios/scenario.ts';
import type { DemoNode } from '../../deploy/demo/world.ts';
import { waitFor } from '../../deploy/playground/wait.ts';
import { LIQO_KEYS, OURS } from '../../src/adapters/kubernetes/labels.ts';
import type { AuditEvent } from '../../src/domain/audit.ts';
import { type AcquisitionId, type ClusterId, type ContractId, sliceName, tenantNamespace } from '../../src/domain/ids.ts';
import { LIQO } from '../../src/domain/owned-objects.ts';

const SEEN = 30;

/** What the buyer's operator writes into its own cluster, past its node; Liqo takes it to the seller. */
const slice = (name: string, { buyer, seller, contract }: { buyer: ClusterId; seller: ClusterId; contract?: ContractId }) => ({
  apiVersion: LIQO.auth,
  kind: 'ResourceSlice',
  metadata: {
    name,
    namespace: tenantNamespace(seller),
    labels: { [LIQO_KEYS.replication]: 'true', [LIQO_KEYS.remoteId]: seller, [LIQO_KEYS.remoteCluster]: seller },
    ...(contract && { annotations: { [OURS.contract]: contract } }),
  },
  spec: {
    class: 'rearguard',
    consumerClusterID: buyer,
    providerClusterID: seller,
    resources: { cpu: '1', memory: '1Gi', pods: '5' },
  },
});
interface Judged extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[] };
}

/** What the seller's audit tells, as its operator reads it. */
async function denialsAt({ api }: DemoNode): Promise<readonly AuditEvent[]> {
  const answer = await fetch(`${api.url}/api/v1/audit?limit=200`, { signal: AbortSignal.timeout(10_000) });
  const { items } = (await answer.json()) as { readonly items: readonly AuditEvent[] };
  return items.filter(({ kind }) => kind === 'slice-denied');
}

/** Nothing gained, nothing broken, and the audit says it. */
export const handMadeSlices: Scenario = {
  key: 'row 8',
  name: 'hand-made-slices',
  title: "A buyer's operator makes slices by hand, one under its contract and one under none: both are refused, with the reason on them",
  killsClusters: false,
  sellers: 1,
  async run(world, note) {
    const { buyer, telling } = world;
    const [seller] = world.sellers;
    expect(seller !== undefined, 'there is no seller');
    const name = 'hand-made';
    await ask(world, { name, cpu: '3', memory: '4Gi' });
    const place = await untilBought(world, name, seller);
    await untilPodRuns(world, name, place, seller);

    const [home, away] = [await clusterOf(buyer), await clusterOf(seller)];
    const contract = place.contract as ContractId;
    const quotas = async () => (await seller.cluster.objects.list(LIQO.offloading, 'Quota', tenantNamespace(home))).items;
    const before = JSON.stringify((await quotas()).map((quota) => (quota as { spec?: unknown }).spec));
    const wanted = new Map([
      ['one-more', `contract ${contract} has the slice ${sliceName(place.acquisition as AcquisitionId)} already`],
      ['of-nothing', 'it names no contract'],
    ]);
    telling.act(`the operator of ${buyer.name} makes the slices ${[...wanted.keys()].join(' and ')} by hand`);
    const made = [slice('one-more', { buyer: home, seller: away, contract }), slice('of-nothing', { buyer: home, seller: away })];
    const since = Date.now();
    const written = await Promise.allSettled(made.map((each) => buyer.cluster.objects.create(each)));
    try {
      for (const each of written) if (each.status === 'rejected') throw each.reason;
      const path = `/apis/${LIQO.auth}/namespaces/${tenantNamespace(away)}/resourceslices`;
      for (const [which, words] of wanted) {
        await buyer.cluster.awaitEvent(`the verdict on ${which}`, path, SEEN, ({ object }) => {
          const { conditions = [] } = (object as Judged).status ?? {};
          return object.metadata?.name === which && conditions.some(({ status, message }) => status === 'Denied' && message === words);
        });
        telling.say(`${buyer.name}: slice ${which} is Denied: ${words}`);
      }
      note(`both refused, as the buyer reads it, within ${((Date.now() - since) / 1_000).toFixed(1)} s`);
      await waitFor(`${seller.name} to tell of both`, SEEN, async () => {
        const told = (await denialsAt(seller)).map(({ peer, contract: of, facts }) => [peer, of, facts['detail']].join('|'));
        return [...wanted].every(([which, words]) =>
          told.includes([home, which === 'one-more' ? contract : undefined, `slice ${which}: ${words}`].join('|')),
        );
      });
      expect(
        JSON.stringify((await quotas()).map((quota) => (quota as { spec?: unknown }).spec)) === before,
        'more was granted than was bought',
      );
      await untilPodRuns(world, name, place, seller);
    } finally {
      // What was not written, or went, is not there to be removed: the leak report says what is left.
      await Promise.allSettled(made.map((each) => buyer.cluster.objects.delete(each)));
    }
    await end(world, name);
  },
};
