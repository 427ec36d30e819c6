import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { admissionActivities } from '../../activities/peering.ts';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import { conditionOf, type QuotaObject, type ResourceSliceObject } from '../../src/adapters/kubernetes/objects.ts';
import { clusterId, sliceName, tenantNamespace } from '../../src/domain/ids.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import type { Audit } from '../../src/ports/audit.ts';
import type { Contracts } from '../../src/ports/contracts.ts';
import type { Processes } from '../../src/ports/processes.ts';
import { followWorld } from '../../src/runtime/world.ts';
import { type Attempt, BOUGHT, newAttempt } from '../contracts/linked.ts';
import { termsOf } from '../contracts/samples.ts';
import { sliceCsr } from '../fakes/certificates.ts';
import type { RealClusters } from './clusters.ts';
import { playClusters } from './linked.ts';

/** What a seller's watch makes of slices, on real clusters and with the buyer's own token: the seller's own code, but for its store and its workflows. */
export function judgedSlicesSuite(start: () => Promise<RealClusters>): void {
  describe('a buyer whose slices no contract covers', () => {
    const { at, did, operator, tenant: tenantOf, withoutReplicator, nothingLeft } = playClusters(start);
    const MERGE = 'application/merge-patch+json';
    const EAST = clusterId('east');
    let bought: Attempt;
    let seller: Api;
    let tenant: Api;
    let namespace: string;
    let slice: string;
    let watch: ReturnType<typeof watches>;
    /** How far the seller's clock went meanwhile. */
    let laterMs = 0;
    const soon = <T>(look: () => Promise<T>) => vi.waitFor(look, { timeout: at.timeoutMs, interval: 50 });

    /** As `rearguard work` at a seller with one contract; remembers nothing of who watched before. */
    function watches() {
      const told: (readonly unknown[])[] = [];
      let looks = 0;
      const audit = {
        tally: async ({ peer, contract, detail }) => void told.push([peer, contract, detail]),
      } as Partial<Audit> as Audit;
      const { fabric } = at.seller;
      const terms = termsOf({ id: bought.contract, buyerCluster: at.buyer.id, resources: BOUGHT });
      const clock = { now: () => Date.parse(terms.startsAt) + laterMs };
      const contracts = {
        get: async (id) => (id === bought.contract ? { terms, role: 'seller', state: 'active' } : undefined),
        activate: async () => undefined,
      } as Partial<Contracts> as Contracts;
      const { admitSlice } = admissionActivities({ fabric, contracts, audit, clock, timing: DEFAULT_TIMING });
      const processes = {
        async noticeOfSlice(_, what) {
          const replica = { contract: bought.contract, buyer: at.buyer.id };
          if (what === 'offered') await new MockActivityEnvironment().run(admitSlice, replica).catch(() => undefined);
          looks += 1;
        },
        noticeOfWorkload: async () => undefined,
      } as Partial<Processes> as Processes;
      const ending = new AbortController();
      const log = { info: () => undefined, warn: () => undefined };
      const following = followWorld({ world: at.north.world, processes, contracts, fabric, audit, clock, log, signal: ending.signal });
      return {
        told,
        looks: () => looks,
        async end() {
          ending.abort();
          await following;
        },
      };
    }

    beforeAll(async () => {
      bought = newAttempt();
      namespace = tenantNamespace(at.buyer.id);
      slice = sliceName(bought.acquisition);
      seller = operator('north');
      await did.meet(bought);
      tenant = await tenantOf();
      watch = watches();
    });
    afterAll(() => watch.end());

    const slices = (of = namespace): string => pathOf(KINDS.resourceSlice, { namespace: of });
    const found = (name: string, of = namespace) => seller.get<ResourceSliceObject>(KINDS.resourceSlice, { namespace: of, name });
    const verdictOn = async (name: string, of?: string) => {
      const { status, message } = conditionOf((await found(name, of))?.status?.conditions, 'Resources') ?? {};
      return [status, message];
    };
    const quotas = async () => (await seller.list<QuotaObject>(KINDS.quota, { namespace })).items.map(({ spec }) => spec?.resources);
    const forged = (name: string, contract?: string, csr?: string, origin = at.buyer.id) => ({
      apiVersion: KINDS.resourceSlice.apiVersion,
      kind: KINDS.resourceSlice.kind,
      metadata: {
        name,
        namespace: tenantNamespace(origin),
        labels: {
          'liqo.io/replicated': 'true',
          'liqo.io/replication': 'false',
          'liqo.io/originID': origin,
          'liqo.io/remote-cluster-id': origin,
        },
        ...(contract !== undefined && { annotations: { 'rearguard.dev/contract': contract } }),
      },
      spec: { class: 'rearguard', consumerClusterID: origin, resources: BOUGHT, ...(csr !== undefined && { csr }) },
    });
    /** Denied with these words, and told with them, once. */
    const refused = (name: string, contract: string | undefined, words: string) =>
      soon(async () => {
        expect(await verdictOn(name)).toEqual(['Denied', words]);
        expect(watch.told).toEqual([[at.buyer.id, contract, `slice ${name}: ${words}`]]);
      });

    test('what it bought is let in as soon as it is seen, and nothing is told of it', async () => {
      await did.request(bought);
      await at.buyer.fabric.awaitVirtualNode({ seller: at.seller.id, acquisition: bought.acquisition }, did.wait);
      expect(await verdictOn(slice)).toEqual(['Accepted', `contract ${bought.contract}`]);
      expect(watch.told).toEqual([]);
    });

    test.each([
      ['no contract', undefined, 'it names no contract'],
      ['what is no contract', 'a\u0000b', 'it names no contract'],
      ['a contract that was never sold', 'contract-x', 'contract contract-x was never sold to south'],
    ])(
      'a slice that names %s is refused with the reason on it and told once, also when the watch begins anew',
      async (_, contract, words) => {
        watch.told.length = 0;
        await withoutReplicator(async () => {
          await tenant.raw('POST', slices(), forged('forged', contract));
          await refused('forged', contract === 'contract-x' ? contract : undefined, words);
          await watch.end();
          watch = watches();
          await soon(async () => expect(watch.looks()).toBe(1));
          expect(watch.told).toEqual([]);
          await tenant.remove(KINDS.resourceSlice, { namespace, name: 'forged' });
        });
      },
    );

    test('a second slice under its contract that asks for no certificate is refused as soon as it is seen, and told', async () => {
      watch.told.length = 0;
      const looks = watch.looks();
      await withoutReplicator(async () => {
        await tenant.raw('POST', slices(), forged('a-bare', bought.contract));
        await refused('a-bare', bought.contract, `contract ${bought.contract} has the slice ${slice} already`);
        await tenant.remove(KINDS.resourceSlice, { namespace, name: 'a-bare' });
        await soon(async () => expect(watch.looks()).toBe(looks + 1));
      });
      expect(await quotas()).toEqual([BOUGHT]);
    });

    test('past the end of its contract, which nobody ended yet, one beside it is refused for that and told, and what was let in before is kept', async () => {
      watch.told.length = 0;
      laterMs = 2 * 86_400_000;
      try {
        await withoutReplicator(async () => {
          await tenant.raw('POST', slices(), forged('a-late', bought.contract, sliceCsr('a-late', at.buyer.id)));
          await refused('a-late', bought.contract, `contract ${bought.contract} is over`);
          expect(await verdictOn(slice)).toEqual(['Accepted', `contract ${bought.contract}`]);
          await tenant.remove(KINDS.resourceSlice, { namespace, name: 'a-late' });
        });
      } finally {
        laterMs = 0;
      }
      expect(await quotas()).toEqual([BOUGHT]);
    });

    test('a second slice under its contract, and the first one enlarged: both refused and told, and nothing more is granted', async () => {
      watch.told.length = 0;
      await withoutReplicator(async () => {
        // With a request for a certificate, whatever it says, Liqo says whose it is.
        await tenant.raw('POST', slices(), forged('a-second', bought.contract, sliceCsr('a-second', at.buyer.id)));
        await refused('a-second', bought.contract, `contract ${bought.contract} has the slice ${slice} already`);
        watch.told.length = 0;
        const own = `${slices()}/${slice}`;
        await tenant.raw('PATCH', own, { spec: { resources: { cpu: '64' } } }, MERGE);
        await refused(slice, bought.contract, `contract ${bought.contract}: it asks for cpu 64, and ${BOUGHT.cpu} was bought`);
        expect((await found(slice))?.status?.resources).toEqual(BOUGHT);
        expect(await quotas()).toEqual([BOUGHT]);
        await tenant.raw('PATCH', own, { spec: { resources: BOUGHT } }, MERGE);
        await soon(async () => expect(await verdictOn(slice)).toEqual(['Accepted', `contract ${bought.contract}`]));
        expect(watch.told).toHaveLength(1);
        await tenant.remove(KINDS.resourceSlice, { namespace, name: 'a-second' });
      });
    });

    test('slices of whom an operator peers with by hand are neither judged nor told', async () => {
      watch.told.length = 0;
      const byHand = tenantNamespace(EAST);
      const labels = { 'liqo.io/remote-cluster-id': EAST, 'liqo.io/tenant-namespace': 'true' };
      await seller.raw('POST', pathOf(KINDS.namespace), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: byHand, labels } });
      await seller.raw('POST', pathOf(KINDS.tenant, { namespace: byHand }), {
        apiVersion: KINDS.tenant.apiVersion,
        kind: KINDS.tenant.kind,
        metadata: { name: EAST, namespace: byHand, labels: { 'liqo.io/remote-cluster-id': EAST } },
        spec: { clusterID: EAST, authzPolicy: 'TolerateNoHandshake', tenantCondition: 'Active' },
      });
      await seller.raw('POST', slices(byHand), forged('theirs', undefined, undefined, EAST));
      await withoutReplicator(async () => {
        // The watch tells in the order in which things happen: once the second is judged it has looked at the first.
        await tenant.raw('POST', slices(), forged('forged'));
        await refused('forged', undefined, 'it names no contract');
        await tenant.remove(KINDS.resourceSlice, { namespace, name: 'forged' });
      });
      expect(await verdictOn('theirs', byHand)).toEqual([undefined, undefined]);
      await seller.remove(KINDS.resourceSlice, { namespace: byHand, name: 'theirs' });
      await seller.remove(KINDS.tenant, { namespace: byHand, name: EAST });
      await seller.remove(KINDS.namespace, { name: byHand });
      await soon(async () => expect(await seller.get(KINDS.namespace, { name: byHand })).toBeUndefined());
      await seller.remove(KINDS.foreignCluster, { name: EAST });
    });

    test('all of it is given back', async () => {
      await did.withdraw(bought);
      await did.part();
      await nothingLeft();
    });
  });
}
