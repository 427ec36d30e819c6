import { Fault } from '../../domain/faults.ts';
import { type ClusterId, type ContractId, tenantNamespace } from '../../domain/ids.ts';
import type { Denies, Fabric } from '../../ports/fabric.ts';
import type { Api } from './api.ts';
import { removeCertificates } from './certificates.ts';
import { keepOut } from './ended-contracts.ts';
import { faultOf, isRefused } from './faults.ts';
import { KINDS, pathOf } from './kinds.ts';
import { LIQO_KEYS } from './labels.ts';
import { contractOfSlice, isOurs, isReplica, stillThere } from './meeting.ts';
import { type KubeObject, type QuotaObject, type ResourceSliceObject, annotation, isGoing, label } from './objects.ts';
import { removeOrphans } from './orphans.ts';
import { type Verdict, admitted, denied, inOrder, isGranted, isUnjudged, whyNot, withVerdict } from './slice-verdicts.ts';
import { waitUntil } from './watching.ts';

interface Sold {
  readonly buyer: ClusterId;
  /** `undefined`: of slices that name none. */
  readonly contract: ContractId | undefined;
}
const MOST_CONFLICTS = 20;

/** The seller's side of one contract: its replicated slice, let in and put out. */
export function sliceCalls(api: Api): Pick<Fabric, 'admitSlice' | 'denyExcess' | 'denySlice' | 'hasSlice' | 'stopSlice' | 'removeReplica'> {
  const slicesOf = async ({ buyer, contract }: Sold): Promise<readonly ResourceSliceObject[]> => {
    const { items } = await api.list<ResourceSliceObject>(KINDS.resourceSlice, { namespace: tenantNamespace(buyer) });
    return items.filter((slice) => isReplica(slice) && contractOfSlice(slice) === contract);
  };
  /** Writes a verdict unless `decide` finds none to give, and answers whether it wrote one; again when Liqo was faster. A denial is told before it is written, and only then: what stands on the slice was told. */
  const give = async (
    slice: ResourceSliceObject,
    denies: Denies | undefined,
    decide: (now: ResourceSliceObject) => Verdict | undefined,
  ): Promise<boolean> => {
    const { namespace = '', name } = slice.metadata;
    let current: ResourceSliceObject | undefined = slice;
    let told: string | undefined;
    for (let conflicts = 0; current; conflicts += 1) {
      const verdict = decide(current);
      const next = verdict && withVerdict(current, verdict, new Date().toISOString().replace(/\.\d+Z$/, 'Z'));
      if (!next) return false;
      if (verdict.status === 'Denied' && verdict.message !== told) await denies?.(`slice ${name}: ${verdict.message}`);
      told = verdict.message;
      try {
        await api.raw('PUT', pathOf(KINDS.resourceSlice, { namespace, name, sub: 'status' }), {
          apiVersion: KINDS.resourceSlice.apiVersion,
          kind: KINDS.resourceSlice.kind,
          ...next,
        });
        return true;
      } catch (error) {
        if (isRefused(error, 404)) return false;
        if (!isRefused(error, 409)) throw faultOf(error, `the verdict on slice ${name}`);
        if (conflicts >= MOST_CONFLICTS)
          throw new Fault('CLUSTER_UNREACHABLE', `the verdict on slice ${name}: others write it all the time`);
      }
      current = await api.get<ResourceSliceObject>(KINDS.resourceSlice, { namespace, name });
    }
    return false;
  };
  /** Denies what stands beside the slice that counts. */
  const denyOthers = async ([first, ...others]: readonly ResourceSliceObject[], denies: Denies | undefined, contract: ContractId) => {
    for (const other of others.filter((slice) => !isGoing(slice)))
      await give(other, denies, () => denied(`contract ${contract} has the slice ${first?.metadata.name} already`));
  };

  return {
    async admitSlice({ buyer, contract, resources, gpus, denies }) {
      const there = inOrder(await slicesOf({ buyer, contract }));
      await denyOthers(there, denies, contract);
      const [first] = there;
      if (!first || isGoing(first)) throw new Fault('NOT_FOUND', `no slice of ${buyer} names contract ${contract}`, { contract });
      let why: string | undefined;
      const given = await give(first, denies, (now) => {
        why = whyNot(now, buyer, resources, gpus);
        return why ? denied(`contract ${contract}: ${why}`) : admitted(contract, resources, gpus);
      });
      if (why) throw new Fault('SLICE_DENIED', `slice ${first.metadata.name} of contract ${contract}: ${why}`, { contract });
      // Whoever looked at one that came meanwhile saw none beside it that was let in.
      if (given) await denyOthers(inOrder(await slicesOf({ buyer, contract })), denies, contract);
    },

    async denyExcess({ buyer, contract, resources, gpus, denies }) {
      const there = inOrder(await slicesOf({ buyer, contract }));
      if (there[0] && isGranted(there[0])) return await denyOthers(there, denies, contract);
      for (const slice of there)
        await give(slice, denies, (now) => {
          const why = whyNot(now, buyer, resources, gpus);
          return why === undefined ? undefined : denied(`contract ${contract}: ${why}`);
        });
    },

    async denySlice({ buyer, contract, reason, denies }) {
      const tenant = await api.get(KINDS.tenant, { namespace: tenantNamespace(buyer), name: buyer });
      if (!tenant || !isOurs(tenant)) return;
      for (const slice of await slicesOf({ buyer, contract }))
        await give(slice, denies, (now) => (isUnjudged(now) ? denied(reason) : undefined));
    },

    hasSlice: async (sold) => (await slicesOf(sold)).length > 0,

    async stopSlice({ buyer, contract }, wait) {
      const namespace = tenantNamespace(buyer);
      const labels = `${LIQO_KEYS.podOrigin}=${buyer}`;
      const cordon = { metadata: { annotations: { [LIQO_KEYS.cordon]: 'true' } } };
      await waitUntil({
        api,
        looks: [
          { kind: KINDS.resourceSlice, namespace },
          { kind: KINDS.quota, namespace },
          { kind: KINDS.shadowPod, labels },
          { kind: KINDS.pod, labels },
        ],
        async read([slices = [], quotas = [], shadows = [], pods = []], say) {
          const replicas = slices.filter(isReplica);
          for (const slice of replicas.filter((each) => contractOfSlice(each) === contract && !isGoing(each)))
            if (annotation(slice, LIQO_KEYS.cordon) !== 'true') await api.merge(KINDS.resourceSlice, place(slice), cordon);
          // Everything counts that no slice of another contract covers: a buyer may have deleted its slice to keep what runs under it.
          const living = new Set(replicas.filter((each) => contractOfSlice(each) !== contract).map(({ metadata }) => metadata.uid));
          const covering = quotas.filter((quota) => ownedBy(quota, living)) as readonly QuotaObject[];
          const users = new Set(covering.map(({ spec }) => creatorLabel(spec?.user ?? '')));
          const ended = (object: KubeObject): boolean => !users.has(label(object, LIQO_KEYS.creator) ?? '');
          // Liqo refuses new pods once the quota is cordoned or gone; deleted before that they would come back.
          const open = (quotas as readonly QuotaObject[]).filter((quota) => !covering.includes(quota) && quota.spec?.cordoned !== true);
          if (open.length > 0) {
            say('the quota is not cordoned yet');
            return undefined;
          }
          const [stale, running] = [shadows.filter(ended), pods.filter(ended)];
          for (const shadow of stale) if (!isGoing(shadow)) await api.remove(KINDS.shadowPod, place(shadow));
          if (stale.length + running.length === 0) return true;
          say(`${Math.max(stale.length, running.length)} pods of contract ${contract} are going`);
          return undefined;
        },
        wait,
        late: (last) => stillThere(`what runs under contract ${contract}`, last),
      });
    },

    async removeReplica({ buyer, contract, patienceMs, denies }, wait) {
      const namespace = tenantNamespace(buyer);
      const patientUntil = Date.now() + patienceMs;
      const owners = new Set<string | undefined>();
      let keptOut = false;
      await waitUntil({
        api,
        looks: [
          { kind: KINDS.resourceSlice, namespace },
          { kind: KINDS.quota, namespace },
        ],
        async read([slices = [], quotas = []], say, again) {
          const left = slices.filter((slice) => isReplica(slice) && contractOfSlice(slice) === contract);
          for (const { metadata } of left) owners.add(metadata.uid);
          const kept = quotas.filter((quota) => ownedBy(quota, owners));
          if (left.length + kept.length === 0) return true;
          const names = `slice ${left.map(({ metadata }) => metadata.name).join(', ')}`;
          say(left.length > 0 ? names : 'its quota');
          if (Date.now() < patientUntil) again(patientUntil);
          else if (left.length > 0) {
            const why = `contract ${contract} is over, and its buyer left it here: taken away, and kept out`;
            if (!keptOut) await keepOut(api, { buyer, contract }, async () => await denies?.(`${names}: ${why}`));
            keptOut = true;
            // Once more when it was copied again before the policy knew of the end.
            for (const slice of left) if (!isGoing(slice)) await api.remove(KINDS.resourceSlice, place(slice));
          }
          return undefined;
        },
        wait,
        late: (last) => stillThere(`the slice of contract ${contract}`, last),
      });
      await removeOrphans(api, buyer, wait);
      await removeCertificates(api, namespace);
    },
  };
}

const ownedBy = ({ metadata }: KubeObject, owners: ReadonlySet<string | undefined>): boolean =>
  (metadata.ownerReferences ?? []).some(({ uid }) => owners.has(uid));
const place = ({ metadata }: KubeObject): { readonly namespace: string; readonly name: string } => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});
/** How Liqo writes a user into a label. */
const creatorLabel = (user: string): string => user.replace(/[^a-zA-Z0-9_.-]/g, '-');
