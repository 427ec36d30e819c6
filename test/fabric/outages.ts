import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { parseKubeconfig, tokenClaims } from '../../src/adapters/kubernetes/kubeconfig.ts';
import { type ForeignClusterObject, type NodeObject, type SecretObject, conditionOf } from '../../src/adapters/kubernetes/objects.ts';
import { identitySecret, sliceName, tenantAccount, tenantNamespace } from '../../src/domain/ids.ts';
import { type Attempt, BOUGHT, fails, newAttempt } from '../contracts/linked.ts';
import { type RealClusters, running } from './clusters.ts';
import { playClusters } from './linked.ts';

/** Who is away, comes back, or comes again: the ports on real clusters whose API servers die. */
export function outagesSuite(start: () => Promise<RealClusters>): void {
  describe('API servers that die', () => {
    const { at, did, operator, nothingLeft } = playClusters(start);
    let south: Api;
    let north: Api;
    let attempt: Attempt;

    beforeAll(() => {
      [south, north] = [operator('south'), operator('north')];
    });
    beforeEach(() => {
      attempt = newAttempt();
    });
    afterEach(async () => {
      await did.withdraw(attempt);
      await did.part();
      await nothingLeft();
    });
    const slice = () => ({ seller: at.seller.id, acquisition: attempt.acquisition });

    test("the seller's API server is away: undone here at once, there when it is back", async () => {
      await did.meet(attempt);
      await did.extend(attempt);
      const away = running(at.stack, 'north');
      await away.kill('kubernetes');
      try {
        await fails(
          at.seller.fabric.admitSlice({ buyer: at.buyer.id, contract: attempt.contract, resources: BOUGHT }),
          'CLUSTER_UNREACHABLE',
        );
        await fails(
          at.seller.fabric.removeReplica({ buyer: at.buyer.id, contract: attempt.contract, patienceMs: 1_000 }, { timeoutMs: 500 }),
          'CLUSTER_UNREACHABLE',
        );
        await at.buyer.fabric.withdrawSlice(slice());
        const node = await south.get<NodeObject>(KINDS.node, { name: sliceName(attempt.acquisition) });
        expect(node?.spec?.unschedulable).toBe(true);
        const left = at.buyer.fabric.awaitSliceGone(slice(), { timeoutMs: 1_000 });
        await expect(left).rejects.toMatchObject({ code: 'STILL_THERE', message: expect.stringContaining('slice') });
        await fails(at.buyer.fabric.removeIdentity({ seller: at.seller.id }, { timeoutMs: 1_000 }), 'STILL_THERE');
        // Waited for from before its return on: what a worker does whose seller is away.
        const gone = at.buyer.fabric.awaitSliceGone(slice(), did.wait);
        gone.catch(() => undefined);
        await away.start('kubernetes');
        await gone;
      } finally {
        if (away.pids()['kubernetes'] === undefined) await away.start('kubernetes');
      }
    });

    test('our own API server dies in the middle of a wait, which goes on when it is back', async () => {
      await did.meet(attempt);
      await did.request(attempt);
      const seen: string[] = [];
      const ready = at.buyer.fabric.awaitVirtualNode(slice(), { ...did.wait, seen: (what) => seen.push(what) });
      ready.catch(() => undefined);
      await expect.poll(() => seen.at(-1), { timeout: 30_000 }).toContain('verdict');
      await running(at.stack, 'south').kill('kubernetes');
      await fails(at.buyer.fabric.withdrawSlice({ ...slice(), acquisition: newAttempt().acquisition }), 'CLUSTER_UNREACHABLE');
      await running(at.stack, 'south').start('kubernetes');
      await did.admit(attempt);
      expect(await ready).toEqual({ node: sliceName(attempt.acquisition) });
      expect(seen.join()).toContain('does not answer');
    });

    test('a held contract outlives its first token: Liqo asks the seller with the renewed one', async () => {
      const { acquisition } = attempt;
      const check = async (): Promise<string | undefined> => {
        const peer = await south.get<ForeignClusterObject>(KINDS.foreignCluster, { name: at.seller.id });
        return conditionOf(peer?.status?.conditions, 'APIServerStatus')?.status;
      };
      const patience = { timeout: at.timeoutMs, interval: 200 };
      await did.meet(attempt);
      await did.extend(attempt);
      await expect.poll(check, patience).toBe('Established');
      // What the end of its life does to a token, without waiting for it: Kubernetes issues none for less than ten minutes.
      await north.remove(KINDS.serviceAccount, { namespace: tenantNamespace(at.buyer.id), name: tenantAccount(at.buyer.id) });
      await expect.poll(check, patience).toBe('Error');
      expect(await did.meet(attempt)).toEqual({ identityStands: false });
      await expect.poll(check, patience).toBe('Established');
      await expect.poll(async () => (await at.buyer.fabric.nodeHealth({ acquisition })).ready, patience).toBe(true);
      const next = newAttempt();
      await did.meet(next);
      expect(await did.extend(next)).toEqual({ node: sliceName(next.acquisition) });
      expect(await at.buyer.fabric.nodeHealth({ acquisition })).toMatchObject({ ready: true });
      await did.withdraw(next);
    });

    test('a buyer whose tenant was drained under it comes again, with new credentials', async () => {
      await did.meet(attempt);
      await did.extend(attempt);
      await at.seller.fabric.removeTenant({ buyer: at.buyer.id }, did.wait);
      await did.withdraw(attempt);
      attempt = newAttempt();
      await did.meet(attempt);
      expect(await did.extend(attempt)).toEqual({ node: sliceName(attempt.acquisition) });
    });

    test('of two credentials the identity keeps the one that lives longer, in whatever order they come', async () => {
      const [long, short] = [newAttempt(), newAttempt()];
      await at.seller.fabric.ensureTenant({ buyer: at.buyer.id });
      for (const [each, lifetimeMs] of [
        [long, 7_200_000],
        [short, 900_000],
      ] as const) {
        const credentials = await at.seller.fabric.issueCredentials({ buyer: at.buyer.id, lifetimeMs });
        await at.buyer.fabric.storeCredentials({ acquisition: each.acquisition, credentials, renewable: true });
      }
      const lives = async (): Promise<number> => {
        const secret = await south.get<SecretObject>(KINDS.secret, {
          namespace: tenantNamespace(at.seller.id),
          name: identitySecret(at.seller.id),
        });
        const { expires, issued } = tokenClaims(parseKubeconfig(secret?.data?.['kubeconfig'] ?? '').token);
        return expires - issued;
      };
      const seller = at.seller.id;
      const seen: number[] = [];
      for (const { acquisition } of [short, long, short]) {
        await at.buyer.fabric.ensureIdentity({ seller, acquisition });
        seen.push(await lives());
      }
      expect(seen).toEqual([900, 7_200, 7_200]);
      for (const { acquisition } of [long, short]) await at.buyer.fabric.dropCredentials({ acquisition });
    });
  });
}
