/** What every `Fabric` must do, real or fake: one suite, given two linked clusters. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sliceName } from '../../src/domain/ids.ts';
import { type Attempt, BOUGHT, type LinkedClusters, fails, newAttempt, openLinked, steps } from './linked.ts';

export function fabricContract(name: string, start: () => Promise<LinkedClusters>): void {
  describe(`Fabric: ${name}`, () => {
    const { at, did, nothingLeft } = openLinked(start);
    let attempt: Attempt;
    beforeEach(() => {
      attempt = newAttempt();
    });
    /** Every test gives everything back, and nothing is left. */
    const everythingGone = async () => {
      await did.part();
      await nothingLeft();
    };
    const tidy: Attempt[] = [];
    afterEach(async () => {
      for (const each of tidy.splice(0)) await did.withdraw(each);
      await everythingGone();
    });

    test('says which cluster it is', async () => {
      expect(await at.buyer.fabric.clusterId()).toBe(at.buyer.id);
      expect(await at.seller.fabric.clusterId()).toBe(at.seller.id);
    });

    test('what was never done is undone with success', async () => {
      const { acquisition, contract } = attempt;
      await did.withdraw(attempt);
      await at.seller.fabric.denySlice({ buyer: at.buyer.id, contract, reason: 'none' });
      await at.seller.fabric.stopSlice({ buyer: at.buyer.id, contract }, did.wait);
      await at.seller.fabric.removeReplica({ buyer: at.buyer.id, contract, patienceMs: 0 }, did.wait);
      expect(await at.buyer.fabric.nodeHealth({ acquisition })).toMatchObject({ present: false, ready: false });
    });

    test('tells where it meets whom, and what stands there', async () => {
      tidy.push(attempt);
      expect(await at.seller.fabric.meetingPlaces()).toEqual([]);
      await did.meet(attempt);
      expect(await at.seller.fabric.meetingPlaces()).toEqual([{ peer: at.buyer.id, tenant: true, tenantWhole: true, identity: false }]);
      expect(await at.buyer.fabric.meetingPlaces()).toEqual([{ peer: at.seller.id, tenant: false, tenantWhole: false, identity: true }]);
      await at.seller.fabric.removeTenant({ buyer: at.buyer.id }, did.wait);
      expect(await at.seller.fabric.meetingPlaces()).toEqual([{ peer: at.buyer.id, tenant: false, tenantWhole: false, identity: false }]);
    });

    test('what needs something first says that it is not there', async () => {
      const { acquisition, contract } = attempt;
      await fails(at.seller.fabric.issueCredentials({ buyer: at.buyer.id, lifetimeMs: 3_600_000 }), 'CLUSTER_REFUSED');
      await fails(
        at.buyer.fabric.storeCredentials({ acquisition, credentials: { clusterId: at.seller.id, kubeconfig: '' }, renewable: true }),
        'KUBECONFIG_REFUSED',
      );
      await fails(at.buyer.fabric.ensureIdentity({ seller: at.seller.id, acquisition }), 'NOT_FOUND');
      await fails(at.seller.fabric.admitSlice({ buyer: at.buyer.id, contract, resources: BOUGHT }), 'NOT_FOUND');
      await fails(at.buyer.fabric.awaitVirtualNode({ seller: at.seller.id, acquisition }, { timeoutMs: 300 }), 'PEERING_TIMEOUT');
    });

    test('a slice becomes a Ready virtual node, and each step may be repeated', async () => {
      const { acquisition } = attempt;
      tidy.push(attempt);
      await did.meet(attempt);
      expect(await did.meet(attempt)).toEqual({ identityStands: true });
      const sold = { buyer: at.buyer.id, contract: attempt.contract };
      expect(await at.seller.fabric.hasSlice(sold)).toBe(false);
      await did.request(attempt);
      const slice = { seller: at.seller.id, acquisition };
      await fails(at.buyer.fabric.awaitAccepted(slice, { timeoutMs: 300 }), 'PEERING_TIMEOUT');
      await fails(at.buyer.fabric.awaitNode({ acquisition }, { timeoutMs: 300 }), 'PEERING_TIMEOUT');
      const up = Promise.all([at.buyer.fabric.awaitAccepted(slice, did.wait), at.buyer.fabric.awaitNode({ acquisition }, did.wait)]);
      expect(await did.extend(attempt)).toEqual({ node: sliceName(acquisition) });
      await up;
      expect(await did.extend(attempt)).toEqual({ node: sliceName(acquisition) });
      expect(await at.buyer.fabric.nodeHealth({ acquisition })).toMatchObject({ present: true, ready: true });
      await fails(at.buyer.fabric.removeIdentity({ seller: at.seller.id }, { timeoutMs: 300 }), 'STILL_THERE');
      await fails(at.buyer.fabric.removeMeetingPlace({ peer: at.seller.id }, { timeoutMs: 300 }), 'STILL_THERE');
      await fails(at.seller.fabric.removeMeetingPlace({ peer: at.buyer.id }, { timeoutMs: 300 }), 'STILL_THERE');
      expect(await at.seller.fabric.hasSlice(sold)).toBe(true);
      await fails(at.seller.fabric.removeReplica({ ...sold, patienceMs: 1_000 }, { timeoutMs: 300 }), 'STILL_THERE');
      expect(await at.buyer.fabric.nodeHealth({ acquisition })).toMatchObject({ present: true, ready: true });
    });

    test('without a verdict the wait says what it last saw, and ends with its signal', async () => {
      const { acquisition } = attempt;
      tidy.push(attempt);
      await did.meet(attempt);
      await did.request(attempt);
      await fails(at.buyer.fabric.awaitVirtualNode({ seller: at.seller.id, acquisition }, { timeoutMs: 300 }), 'PEERING_TIMEOUT');
      const ending = new AbortController();
      const waiting = at.buyer.fabric.awaitVirtualNode({ seller: at.seller.id, acquisition }, { ...did.wait, signal: ending.signal });
      ending.abort(new Error('cancelled'));
      await expect(waiting).rejects.toThrow('cancelled');
    });

    test('more than was bought is denied, and the buyer reads why', async () => {
      const { acquisition } = attempt;
      tidy.push(attempt);
      await did.meet(attempt);
      await did.request(attempt, { ...BOUGHT, cpu: '1500m' });
      await fails(did.admit(attempt), 'SLICE_DENIED');
      await fails(at.buyer.fabric.awaitVirtualNode({ seller: at.seller.id, acquisition }, did.wait), 'SLICE_DENIED');
    });

    test('beside the slice that was let in any other is denied, and none is before for being there', async () => {
      const second = { ...newAttempt(), contract: attempt.contract };
      const sold = { buyer: at.buyer.id, contract: attempt.contract, resources: BOUGHT };
      const slice = { seller: at.seller.id, acquisition: second.acquisition };
      tidy.push(attempt);
      await did.meet(attempt);
      await did.request(attempt);
      await vi.waitFor(async () => expect(await at.seller.fabric.hasSlice(sold)).toBe(true), { timeout: at.timeoutMs });
      await at.seller.fabric.denyExcess(sold);
      expect(await did.extend(attempt)).toEqual({ node: sliceName(attempt.acquisition) });
      await did.request(second);
      expect(await did.deny(second, () => at.seller.fabric.denyExcess(sold))).toMatchObject({
        code: 'SLICE_DENIED',
        message: expect.stringContaining(`has the slice ${sliceName(attempt.acquisition)} already`),
      });
      await at.buyer.fabric.withdrawSlice(slice);
      await at.buyer.fabric.awaitSliceGone(slice, did.wait);
      expect(await at.buyer.fabric.nodeHealth({ acquisition: attempt.acquisition })).toMatchObject({ present: true, ready: true });
    });

    test('a slice without verdict can be denied; one with a verdict keeps it', async () => {
      const other = newAttempt();
      tidy.push(attempt, other);
      await did.meet(attempt);
      await did.extend(attempt);
      await at.seller.fabric.denySlice({ buyer: at.buyer.id, contract: attempt.contract, reason: 'too late' });
      expect(await did.extend(attempt)).toEqual({ node: sliceName(attempt.acquisition) });
      await did.request(other);
      const over = { buyer: at.buyer.id, contract: other.contract, reason: 'the contract is over' };
      expect(await did.deny(other, () => at.seller.fabric.denySlice(over))).toMatchObject({
        code: 'SLICE_DENIED',
        message: expect.stringContaining('the contract is over'),
      });
    });

    test('two contracts share a peering; the end of one leaves the other', async () => {
      const other = newAttempt();
      await did.meet(attempt);
      await did.meet(other);
      await did.extend(attempt);
      await did.extend(other);
      tidy.push(other);
      await did.withdraw(attempt);
      expect(await at.buyer.fabric.nodeHealth({ acquisition: other.acquisition })).toMatchObject({ present: true, ready: true });
      await fails(at.buyer.fabric.removeIdentity({ seller: at.seller.id }, { timeoutMs: 300 }), 'STILL_THERE');
    });

    test('a seller ends one contract of two alone: its replica goes, the other one stays, and the buyer’s own teardown still ends', async () => {
      const other = newAttempt();
      tidy.push(attempt, other);
      await did.meet(attempt);
      await did.extend(attempt);
      await did.extend(other);
      const told: string[] = [];
      const denies = async (words: string): Promise<void> => void told.push(words);
      const sold = (each: Attempt, patienceMs: number) => ({ buyer: at.buyer.id, contract: each.contract, patienceMs, denies });
      await at.seller.fabric.stopSlice({ buyer: at.buyer.id, contract: attempt.contract }, did.wait);
      const began = Date.now();
      await at.seller.fabric.removeReplica(sold(attempt, 500), did.wait);
      // The buyer had its time.
      expect(Date.now() - began).toBeGreaterThanOrEqual(490);
      await at.seller.fabric.removeReplica(sold(attempt, 0), did.wait);
      await fails(at.seller.fabric.removeReplica(sold(other, 1_000), { timeoutMs: 300 }), 'STILL_THERE');
      // The buyer's Liqo lives, and copies it no more.
      await at.seller.fabric.removeReplica(sold(attempt, 1_000), { timeoutMs: 300 });
      expect(told).toEqual([expect.stringContaining(`slice ${sliceName(attempt.acquisition)}: contract ${attempt.contract} is over`)]);
      expect(await at.buyer.fabric.nodeHealth({ acquisition: other.acquisition })).toMatchObject({ present: true, ready: true });
    });

    test('a seller ends it alone: the tenant is drained, and the buyer’s own teardown still ends', async () => {
      await did.meet(attempt);
      await did.extend(attempt);
      await at.seller.fabric.removeTenant({ buyer: at.buyer.id }, did.wait);
      await did.withdraw(attempt);
    });

    test('both directions: the end of one leaves the other', async () => {
      const back = newAttempt();
      const turned = steps({ ...at, buyer: at.seller, seller: at.buyer });
      tidy.push(attempt);
      await did.meet(attempt);
      await did.extend(attempt);
      await turned.meet(back);
      await turned.extend(back);
      await turned.withdraw(back);
      await at.seller.fabric.removeIdentity({ seller: at.buyer.id }, did.wait);
      await at.buyer.fabric.removeTenant({ buyer: at.seller.id }, did.wait);
      await fails(at.buyer.fabric.removeMeetingPlace({ peer: at.seller.id }, { timeoutMs: 300 }), 'STILL_THERE');
      await fails(at.seller.fabric.removeMeetingPlace({ peer: at.buyer.id }, { timeoutMs: 300 }), 'STILL_THERE');
      expect(await at.buyer.fabric.nodeHealth({ acquisition: attempt.acquisition })).toMatchObject({ present: true, ready: true });
    });
  });
}
