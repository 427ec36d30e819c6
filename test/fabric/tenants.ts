import { beforeAll, describe, expect, test } from 'vitest';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import { type ResourceSliceObject, conditionOf } from '../../src/adapters/kubernetes/objects.ts';
import { type ClusterId, type ContractId, clusterId, tenantNamespace } from '../../src/domain/ids.ts';
import { BOUGHT, newAttempt } from '../contracts/linked.ts';
import { statusOf } from './answers.ts';
import type { RealClusters } from './clusters.ts';
import { playClusters } from './linked.ts';

/** Four buyers at one seller at once, each with its own token: what is one's is neither seen nor touched by another. */
export function tenantsSuite(start: () => Promise<RealClusters>): void {
  describe('four buyers at one seller', () => {
    const { at, did, operator, tenant, nothingLeft } = playClusters(start);
    const NAMES = ['east', 'west', 'deep', 'deep-south'].map(clusterId);
    interface Buyer {
      readonly id: ClusterId;
      readonly contract: ContractId;
      readonly api: Api;
    }
    let buyers: readonly Buyer[] = [];
    let seller: Api;

    beforeAll(async () => {
      seller = operator('north');
      await Promise.all(NAMES.map((buyer) => at.seller.fabric.ensureTenant({ buyer })));
      buyers = await Promise.all(NAMES.map(async (id) => ({ id, contract: newAttempt().contract, api: await tenant(id) })));
    });

    const slice = ({ id, contract }: Pick<Buyer, 'id' | 'contract'>, name = 'bought') => ({
      apiVersion: KINDS.resourceSlice.apiVersion,
      kind: KINDS.resourceSlice.kind,
      metadata: {
        name,
        namespace: tenantNamespace(id),
        labels: { 'liqo.io/replicated': 'true', 'liqo.io/replication': 'false', 'liqo.io/originID': id, 'liqo.io/remote-cluster-id': id },
        annotations: { 'rearguard.dev/contract': contract },
      },
      spec: { class: 'rearguard', consumerClusterID: id, resources: BOUGHT },
    });
    const slicesOf = (id: ClusterId): string => pathOf(KINDS.resourceSlice, { namespace: tenantNamespace(id) });
    const verdictOn = async (id: ClusterId, name = 'bought') => {
      const found = await seller.get<ResourceSliceObject>(KINDS.resourceSlice, { namespace: tenantNamespace(id), name });
      const { status, message } = conditionOf(found?.status?.conditions, 'Resources') ?? {};
      return [status, message];
    };

    test('each is let in under its own contract', async () => {
      await Promise.all(buyers.map((buyer) => buyer.api.raw('POST', slicesOf(buyer.id), slice(buyer))));
      await Promise.all(buyers.map(({ id, contract }) => at.seller.fabric.admitSlice({ buyer: id, contract, resources: BOUGHT })));
      for (const { id, contract } of buyers) expect(await verdictOn(id)).toEqual(['Accepted', `contract ${contract}`]);
    });

    test('none sees or touches what is another’s', async () => {
      for (const { id, api } of buyers) {
        const { items } = await api.list<ResourceSliceObject>(KINDS.resourceSlice, { namespace: tenantNamespace(id) });
        expect(items.map(({ metadata }) => metadata.name)).toEqual(['bought']);
        expect(await statusOf(api.raw('GET', pathOf(KINDS.resourceSlice)))).toBe(403);
        for (const other of NAMES.filter((each) => each !== id)) {
          const [theirs, maps] = [slicesOf(other), pathOf(KINDS.namespaceMap, { namespace: tenantNamespace(other) })];
          const planted = { ...slice({ id: other, contract: newAttempt().contract }, 'planted') };
          const tried = await Promise.all([
            statusOf(api.raw('GET', theirs)),
            statusOf(api.raw('GET', `${theirs}/bought`)),
            statusOf(api.raw('POST', theirs, planted)),
            statusOf(api.raw('PATCH', `${theirs}/bought`, { spec: { resources: {} } }, 'application/merge-patch+json')),
            statusOf(api.raw('DELETE', `${theirs}/bought`)),
            statusOf(api.raw('GET', maps)),
          ]);
          expect(tried).toEqual([403, 403, 403, 403, 403, 403]);
        }
      }
    });

    test('none maps a namespace onto a name of another', async () => {
      const [east, , , deepSouth] = buyers;
      const map = (id: ClusterId, to: string) => ({
        apiVersion: KINDS.namespaceMap.apiVersion,
        kind: KINDS.namespaceMap.kind,
        metadata: { ...slice({ id, contract: newAttempt().contract }).metadata, name: 'planted', annotations: {} },
        spec: { desiredMapping: { shop: to } },
      });
      const tries = async (buyer: Buyer | undefined, to: string) => {
        if (!buyer) throw new Error('no such buyer');
        const path = pathOf(KINDS.namespaceMap, { namespace: tenantNamespace(buyer.id) });
        return await statusOf(buyer.api.raw('POST', `${path}?dryRun=All`, map(buyer.id, to)));
      };
      expect([await tries(east, 'shop-east'), await tries(east, 'shop-west')]).toEqual([200, 422]);
      expect([await tries(deepSouth, 'shop-deep-south'), await tries(deepSouth, 'shop-south')]).toEqual([200, 422]);
    });

    test('a slice under the contract of another is no slice of that contract, and says why it is refused', async () => {
      const [thief, owner] = buyers;
      if (!thief || !owner) throw new Error('no buyers');
      await thief.api.raw('POST', slicesOf(thief.id), slice({ id: thief.id, contract: owner.contract }, 'stolen'));
      await at.seller.fabric.admitSlice({ buyer: owner.id, contract: owner.contract, resources: BOUGHT });
      expect(await verdictOn(thief.id, 'stolen')).toEqual([undefined, undefined]);
      const reason = `contract ${owner.contract} was never sold to ${thief.id}`;
      await at.seller.fabric.denySlice({ buyer: thief.id, contract: owner.contract, reason });
      expect(await verdictOn(thief.id, 'stolen')).toEqual(['Denied', reason]);
      expect(await verdictOn(owner.id)).toEqual(['Accepted', `contract ${owner.contract}`]);
      await thief.api.remove(KINDS.resourceSlice, { namespace: tenantNamespace(thief.id), name: 'stolen' });
    });

    test('all are given back at once, and nothing of any is left', async () => {
      await Promise.all(
        buyers.map(async ({ id, contract }) => {
          await at.seller.fabric.removeReplica({ buyer: id, contract, patienceMs: 0 }, did.wait);
          await at.seller.fabric.removeTenant({ buyer: id }, did.wait);
          await at.seller.fabric.removeMeetingPlace({ peer: id }, did.wait);
        }),
      );
      await nothingLeft();
    });
  });
}
