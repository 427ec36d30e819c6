import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { KINDS, type Kind, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { ResourceQuotaObject } from '../../src/adapters/kubernetes/objects.ts';
import { sliceName, tenantNamespace } from '../../src/domain/ids.ts';
import { newAttempt } from '../contracts/linked.ts';
import { sliceCsr } from '../fakes/certificates.ts';
import { answerOf } from './answers.ts';
import { type RealClusters, running } from './clusters.ts';
import { playClusters } from './linked.ts';

/** How many objects, and how large ones, a buyer may make at its seller with the credentials that a contract gave it. */
export function tenantBoundsSuite(start: () => Promise<RealClusters>): void {
  describe('a buyer that makes objects without end', () => {
    const { at, did, operator, tenant: tenantOf, withoutReplicator, nothingLeft } = playClusters(start);
    const bought = newAttempt();
    const name = 'rearguard-tenant';
    let namespace: string;
    let seller: Api;
    let tenant: Api;

    beforeAll(async () => {
      namespace = tenantNamespace(at.buyer.id);
      await did.meet(bought);
      await did.extend(bought);
      seller = operator('north');
      tenant = await tenantOf();
    });

    const object = (kind: Kind, spec: object) => ({
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: {
        name: 'forged',
        namespace,
        labels: {
          'liqo.io/replicated': 'true',
          'liqo.io/replication': 'false',
          'liqo.io/originID': at.buyer.id,
          'liqo.io/remote-cluster-id': at.buyer.id,
        },
      },
      spec,
    });
    const slice = (spec: object = {}) => object(KINDS.resourceSlice, { class: 'rearguard', consumerClusterID: at.buyer.id, ...spec });
    const map = (namespaces: number) =>
      object(KINDS.namespaceMap, {
        desiredMapping: Object.fromEntries(Array.from({ length: namespaces }, (_, n) => [`shop-${n}`, `shop-${n}-${at.buyer.id}`])),
      });
    const renew = () => object(KINDS.renew, { consumerClusterID: at.buyer.id, csr: 'AA==', resourceSliceRef: { name: 'none' } });
    const asked = (kind: Kind, body: unknown, query = '?dryRun=All'): Promise<string> =>
      answerOf(tenant.raw('POST', `${pathOf(kind, { namespace })}${query}`, body));
    const amounts = (names: number) => Object.fromEntries(Array.from({ length: names }, (_, n) => [`example.com/r${n}`, '1']));

    test.each<readonly [string, Kind, () => unknown, RegExp]>([
      ['maps more than five hundred namespaces', KINDS.namespaceMap, () => map(501), /^422 .*no more than 500 namespaces/],
      [
        'names more than a hundred resources',
        KINDS.resourceSlice,
        () => slice({ resources: amounts(101) }),
        /^422 .*no more than 100 resources/,
      ],
      [
        'hides much in a CSR',
        KINDS.resourceSlice,
        () => slice({ csr: sliceCsr('forged', at.buyer.id).replace(/=+$/, '').padEnd(4_100, 'A') }),
        /^422 .*no more than 4096 characters/,
      ],
    ])('it %s: refused', async (_, kind, body, words) => {
      expect(await asked(kind, body())).toMatch(words);
    });

    test('as many as that it may', async () => {
      expect(await asked(KINDS.namespaceMap, map(500))).toBe('written');
      expect(await asked(KINDS.resourceSlice, slice({ resources: amounts(100) }))).toBe('written');
    });

    test('what it mapped before there was a bound it may map again, and less of it', async () => {
      const path = pathOf(KINDS.namespaceMap, { namespace, name: 'forged' });
      const put = async (namespaces: number): Promise<string> => {
        const { metadata } = (await seller.get(KINDS.namespaceMap, { namespace, name: 'forged' })) ?? {};
        const body = { ...map(namespaces), metadata: { ...map(0).metadata, resourceVersion: metadata?.resourceVersion } };
        return await answerOf(tenant.raw('PUT', `${path}?dryRun=All`, body));
      };
      // Liqo would make the namespaces, and its buyer's take the map away.
      const north = running(at.stack, 'north');
      await north.kill('liqo-controller-manager');
      try {
        await withoutReplicator(async () => {
          await seller.raw('POST', pathOf(KINDS.namespaceMap, { namespace }), map(503));
          const answers = [await put(502), await put(503), await put(504)];
          await seller.remove(KINDS.namespaceMap, { namespace, name: 'forged' });
          expect(answers).toEqual(['written', 'written', expect.stringMatching(/^422 .*no more than 500 namespaces/)]);
        });
      } finally {
        await north.start('liqo-controller-manager');
      }
    });

    const bounds = async (): Promise<ResourceQuotaObject> => {
      const found = await seller.get<ResourceQuotaObject>(KINDS.resourceQuota, { namespace, name });
      if (!found) throw new Error(`no quota ${name}`);
      return found;
    };
    test.each<readonly [string, string, Kind, () => unknown]>([
      ['slices', '1k', KINDS.resourceSlice, slice],
      ['Renews', '1k', KINDS.renew, renew],
      ['maps', '4', KINDS.namespaceMap, () => map(1)],
    ])('it makes more %s than %s: refused', async (_, most, kind, body) => {
      const counted = `count/${kind.plural}.${kind.apiVersion.split('/')[0]}`;
      expect((await bounds()).spec?.hard).toMatchObject({ [counted]: most });
      expect(await asked(kind, body())).toBe('written');
      // A thousand of them say no more than those that stand there: an operator makes these as many as there may be.
      const { items } = await seller.list(kind, { namespace });
      const spec = { hard: { [counted]: `${items.length}` } };
      await seller.merge(KINDS.resourceQuota, { namespace, name }, { spec });
      await vi.waitFor(async () => expect((await bounds()).status?.hard).toMatchObject(spec.hard), { timeout: at.timeoutMs });
      expect(await asked(kind, body(), '')).toMatch(/^403 .*exceeded quota: rearguard-tenant/);
      // The next sale puts right what somebody changed.
      await at.seller.fabric.ensureTenant({ buyer: at.buyer.id });
      await vi.waitFor(async () => expect((await bounds()).status?.hard).toMatchObject({ [counted]: most }), { timeout: at.timeoutMs });
      expect(await asked(kind, body())).toBe('written');
    });

    test('what it bought stands as before, and in the end nothing is left', async () => {
      expect(await at.buyer.fabric.nodeHealth(bought)).toMatchObject({ ready: true });
      const slices = await seller.list(KINDS.resourceSlice, { namespace });
      expect(slices.items.map(({ metadata }) => metadata.name)).toEqual([sliceName(bought.acquisition)]);
      await did.withdraw(bought);
      await did.part();
      await nothingLeft();
    });
  });
}
