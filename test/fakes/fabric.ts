/** The port Fabric in memory; passes its contract suite. */
import { Fault } from '../../src/domain/faults.ts';
import { type ClusterId, type ContractId, sliceName } from '../../src/domain/ids.ts';
import { fits } from '../../src/domain/resources.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { FakeSlice, LiqoWorld } from './liqo-world.ts';

const still =
  (what: string): (() => Fault) =>
  () =>
    new Fault('STILL_THERE', what);

export function fakeFabric(world: LiqoWorld, id: ClusterId): Fabric {
  const own = world.cluster(id);
  const replica = (buyer: ClusterId, contract: ContractId): FakeSlice | undefined =>
    [...(world.find(buyer)?.slices.values() ?? [])].find((slice) => slice.seller === id && slice.contract === contract && slice.copied);
  const replicasOf = (buyer: ClusterId): readonly FakeSlice[] =>
    [...(world.find(buyer)?.slices.values() ?? [])].filter(({ seller, copied }) => seller === id && copied);
  return {
    clusterId: async () => id,
    prepare: async () => undefined,
    enforcement: async () => own.enforcement,
    async watchEnforcement(sink, signal) {
      while (!signal.aborted) {
        const told = own.enforcement;
        await sink(told);
        const wait = { timeoutMs: 2 ** 31 - 1, signal };
        await world.until(() => own.enforcement !== told || undefined, wait, still('enforcement')).catch(() => undefined);
      }
    },
    meetingPlaces: async () =>
      [...own.places].map((peer) => {
        const tenant = own.tenants.has(peer);
        return { peer, tenant, tenantWhole: tenant, identity: own.identities.has(peer) };
      }),
    async removeMeetingPlace({ peer }) {
      if (own.tenants.has(peer) || own.identities.has(peer)) throw new Fault('STILL_THERE', `the peering with ${peer} is in use`);
      own.places.delete(peer);
      world.changed();
    },
    async ensureTenant({ buyer }) {
      own.places.add(buyer);
      own.tenants.add(buyer);
      world.changed();
    },
    async issueCredentials({ buyer }) {
      if (!own.tenants.has(buyer)) throw new Fault('CLUSTER_REFUSED', `no tenant ${buyer}`);
      return { clusterId: id, kubeconfig: Buffer.from(`token for ${buyer}`).toString('base64') };
    },
    async removeTenant({ buyer }) {
      for (const slice of replicasOf(buyer)) {
        slice.verdict = { accepted: false, reason: 'drained' };
        slice.copied = false;
      }
      own.tenants.delete(buyer);
      world.changed();
    },
    async admitSlice({ buyer, contract, resources, denies }) {
      const slice = replica(buyer, contract);
      if (!slice || slice.deleting) throw new Fault('NOT_FOUND', `no slice names contract ${contract}`);
      const why =
        slice.sliceClass !== 'rearguard'
          ? `class ${slice.sliceClass}`
          : fits(resources, slice.resources)
            ? undefined
            : 'asks for more than was bought';
      if (why && slice.verdict?.reason !== why) await denies?.(`slice ${sliceName(slice.acquisition)}: ${why}`);
      slice.verdict = { accepted: why === undefined, reason: why ?? 'contract' };
      world.changed();
      if (why) throw new Fault('SLICE_DENIED', why);
    },
    async denyExcess({ buyer, contract, resources, denies }) {
      const there = replicasOf(buyer).filter((slice) => slice.contract === contract);
      const granted = there.find(({ verdict }) => verdict?.accepted);
      for (const slice of there.filter(({ verdict }) => !verdict)) {
        const why = granted
          ? `contract ${contract} has the slice ${sliceName(granted.acquisition)} already`
          : fits(resources, slice.resources)
            ? undefined
            : 'asks for more than was bought';
        if (!why) continue;
        await denies?.(`slice ${sliceName(slice.acquisition)}: ${why}`);
        slice.verdict = { accepted: false, reason: why };
      }
      world.changed();
    },
    async denySlice({ buyer, contract, reason, denies }) {
      const slice = contract !== undefined && own.tenants.has(buyer) ? replica(buyer, contract) : undefined;
      if (!slice || slice.verdict) return;
      await denies?.(`slice ${sliceName(slice.acquisition)}: ${reason}`);
      slice.verdict = { accepted: false, reason };
      world.changed();
    },
    async hasSlice({ buyer, contract }) {
      return replica(buyer, contract) !== undefined;
    },
    async stopSlice({ buyer, contract }) {
      const slice = replica(buyer, contract);
      if (slice) slice.stopped = true;
      world.changed();
    },
    async removeReplica({ buyer, contract, patienceMs, denies }, wait) {
      const untilGone = (timeoutMs: number) =>
        world.until(() => (replica(buyer, contract) ? undefined : true), { ...wait, timeoutMs }, still(`slice of ${contract}`));
      if (patienceMs >= wait.timeoutMs) return void (await untilGone(wait.timeoutMs));
      await untilGone(patienceMs).catch(async (error: unknown) => {
        const slice = replica(buyer, contract);
        if (!slice || wait.signal?.aborted) throw error;
        const why = `contract ${contract} is over, and its buyer left it here: taken away, and kept out`;
        await denies?.(`slice ${sliceName(slice.acquisition)}: ${why}`);
        slice.copied = false;
        world.changed();
      });
    },
    async storeCredentials({ acquisition, credentials }) {
      if (credentials.kubeconfig === '') throw new Fault('KUBECONFIG_REFUSED', 'empty');
      own.credentials.set(acquisition, credentials.clusterId);
      return { identityStands: own.identities.has(credentials.clusterId) };
    },
    async dropCredentials({ acquisition }) {
      own.credentials.delete(acquisition);
    },
    async ensureIdentity({ seller, acquisition }) {
      if (!own.credentials.has(acquisition) && !own.identities.has(seller))
        throw new Fault('NOT_FOUND', `no credentials of ${acquisition}`);
      own.places.add(seller);
      own.identities.set(seller, acquisition);
      world.changed();
    },
    async removeIdentity({ seller }, wait) {
      await world.until(
        () => ([...own.slices.values()].some((slice) => slice.seller === seller) ? undefined : true),
        wait,
        still(`slices towards ${seller}`),
      );
      own.identities.delete(seller);
      world.changed();
    },
    async requestSlice({ seller, acquisition, contract, resources, sliceClass }) {
      if (own.slices.has(acquisition)) return;
      own.slices.set(acquisition, {
        acquisition,
        contract,
        seller,
        resources,
        sliceClass,
        deleting: false,
        cordoned: false,
        stopped: false,
        copied: true,
        verdict: undefined,
      });
      world.changed();
      world.tell(seller, { kind: 'slice-offered', buyer: id, contract });
    },
    async awaitAccepted({ acquisition }, wait) {
      await world.until(
        () => own.slices.get(acquisition)?.verdict?.accepted || undefined,
        wait,
        () => new Fault('PEERING_TIMEOUT', `slice ${sliceName(acquisition)} is not accepted`),
      );
    },
    async awaitVirtualNode({ acquisition }, wait) {
      return await world.until(
        () => {
          const slice = own.slices.get(acquisition);
          if (slice?.verdict && !slice.verdict.accepted) throw new Fault('SLICE_DENIED', slice.verdict.reason);
          const up = slice && (world.find(slice.seller)?.reachable ?? true);
          return slice?.verdict && up && !slice.deleting ? { node: sliceName(acquisition) } : undefined;
        },
        wait,
        () => new Fault('PEERING_TIMEOUT', own.slices.has(acquisition) ? 'last seen: a slice without verdict' : 'last seen: no slice'),
      );
    },
    async awaitNode({ acquisition }, wait) {
      await world.until(
        () => {
          const slice = own.slices.get(acquisition);
          const up = slice && (world.find(slice.seller)?.reachable ?? true);
          return slice?.verdict?.accepted && up && !slice.deleting ? true : undefined;
        },
        wait,
        () => new Fault('PEERING_TIMEOUT', `no virtual node ${sliceName(acquisition)}`),
      );
    },
    async withdrawSlice({ acquisition }) {
      const slice = own.slices.get(acquisition);
      if (!slice) return;
      slice.cordoned = true;
      slice.deleting = true;
      world.changed();
    },
    async awaitSliceGone({ acquisition }, wait) {
      await world.until(() => (own.slices.has(acquisition) ? undefined : true), wait, still(`slice ${sliceName(acquisition)}`));
    },
    async nodeHealth({ acquisition }) {
      const slice = own.slices.get(acquisition);
      const ready = slice?.verdict?.accepted === true && !slice.deleting && (world.find(slice.seller)?.reachable ?? true);
      return { present: slice !== undefined, ready };
    },
  };
}
