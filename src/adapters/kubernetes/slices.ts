import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../domain/faults.ts';
import { type ClusterId, type ContractId, tenantNamespace } from '../../domain/ids.ts';
import { parseQuantity } from '../../domain/quantity.ts';
import type { Resources } from '../../domain/resources.ts';
import type { Denies, Fabric, SliceGpus } from '../../ports/fabric.ts';
import type { Api } from './api.ts';
import { removeCertificates } from './certificates.ts';
import { keepOut } from './ended-contracts.ts';
import { faultOf, isRefused } from './faults.ts';
import { KINDS, pathOf } from './kinds.ts';
import { LIQO_KEYS } from './labels.ts';
import { contractOfSlice, isOurs, isReplica, stillThere } from './meeting.ts';
import {
  type Amounts,
  type KubeObject,
  type QuotaObject,
  type ResourceSliceObject,
  annotation,
  conditionOf,
  isGoing,
  label,
} from './objects.ts';
import { removeOrphans } from './orphans.ts';
import { SLICE_CLASS } from './policies.ts';
import { amountsOf } from './slice-manifests.ts';
import { waitUntil } from './watching.ts';

interface Sold {
  readonly buyer: ClusterId;
  /** `undefined`: of slices that name none. */
  readonly contract: ContractId | undefined;
}
const MOST_CONFLICTS = 20;
const VALID = 'ContractValid';

/** A tenant may write as much as it likes: what is told of it is short. */
const short = (text: unknown): string => String(text).slice(0, 64);

/** What is no quantity is more than any. */
const isMore = (asked: unknown, bought = '0'): boolean => {
  const amount = parseQuantity(String(asked));
  return amount === undefined || amount > (parseQuantity(bought) ?? 0n);
};

/** Why a slice is not what was sold; `undefined` when it is. */
export function whyNot(slice: ResourceSliceObject, buyer: ClusterId, sold: Resources, gpus?: SliceGpus): string | undefined {
  const { spec = {} } = slice;
  if (spec.class !== SLICE_CLASS)
    return `its class is ${spec.class ? `"${short(spec.class)}"` : 'not given'}, and only "${SLICE_CLASS}" is sold`;
  // Liqo may copy a slice before it has filled in whose it is; in another's name no tenant may write.
  if (spec.consumerClusterID !== undefined && spec.consumerClusterID !== buyer)
    return `it is for the cluster ${short(spec.consumerClusterID)}, and the buyer's is ${buyer}`;
  const bought = amountsOf(sold, gpus);
  for (const [name, amount] of Object.entries(spec.resources ?? {})) {
    if (parseQuantity(String(amount)) === undefined) return `it asks for ${short(name)} ${short(amount)}, which is no quantity`;
    if (isMore(amount, bought[name])) return `it asks for ${short(name)} ${short(amount)}, and ${bought[name] ?? 'none'} was bought`;
  }
  return undefined;
}

/** Whether it was let in once: its Quota stands until it is gone, whatever was said of it since. Only who gives verdicts writes it. */
const isGranted = ({ status }: ResourceSliceObject): boolean => Object.keys(status?.resources ?? {}).length > 0;

/** Whether nobody gave a verdict yet, or it asks for more than ours gave it. */
function isUnjudged({ spec, status }: ResourceSliceObject): boolean {
  const verdict = conditionOf(status?.conditions, 'Resources');
  if (!verdict) return true;
  return (
    verdict.reason === VALID && Object.entries(spec?.resources ?? {}).some(([name, amount]) => isMore(amount, status?.resources?.[name]))
  );
}

const sameAmounts = (a: Amounts | undefined, b: Amounts): boolean =>
  a !== undefined &&
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(b).every(([name, amount]) => parseQuantity(a[name] ?? '') === parseQuantity(amount));

interface Verdict {
  readonly status: 'Accepted' | 'Denied';
  readonly reason: string;
  readonly message: string;
  readonly resources?: Amounts;
  /** Of our nodes, on which the buyer's pods are kept. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
}

/** The status with our verdict in it; Liqo writes the same object, so all of its own fields stay. `undefined` when it says so already. */
export function withVerdict(slice: ResourceSliceObject, verdict: Verdict, now: string): ResourceSliceObject | undefined {
  const { resources, nodeSelector, ...condition } = verdict;
  const before = conditionOf(slice.status?.conditions, 'Resources');
  const same = before?.status === verdict.status && before.message === verdict.message;
  const kept = isDeepStrictEqual(slice.status?.nodeSelector ?? {}, nodeSelector ?? {});
  if (same && kept && (resources === undefined || sameAmounts(slice.status?.resources, resources))) return undefined;
  const others = (slice.status?.conditions ?? []).filter(({ type }) => type !== 'Resources');
  return {
    ...slice,
    status: {
      ...slice.status,
      conditions: [...others, { type: 'Resources', ...condition, lastTransitionTime: now }],
      ...(resources !== undefined && { resources }),
      ...(nodeSelector !== undefined && { nodeSelector }),
    },
  };
}

/** The seller's side of one contract: its replicated slice, let in and put out. */
export function sliceCalls(api: Api): Pick<Fabric, 'admitSlice' | 'denySlice' | 'hasSlice' | 'stopSlice' | 'removeReplica'> {
  const slicesOf = async ({ buyer, contract }: Sold): Promise<readonly ResourceSliceObject[]> => {
    const { items } = await api.list<ResourceSliceObject>(KINDS.resourceSlice, { namespace: tenantNamespace(buyer) });
    return items.filter((slice) => isReplica(slice) && contractOfSlice(slice) === contract);
  };
  /** Writes a verdict unless `decide` finds none to give; again when Liqo was faster. A denial is told before it is written, and only then: what stands on the slice was told. */
  const give = async (
    slice: ResourceSliceObject,
    denies: Denies | undefined,
    decide: (now: ResourceSliceObject) => Verdict | undefined,
  ): Promise<void> => {
    const { namespace = '', name } = slice.metadata;
    let current: ResourceSliceObject | undefined = slice;
    let told: string | undefined;
    for (let conflicts = 0; current; conflicts += 1) {
      const verdict = decide(current);
      const next = verdict && withVerdict(current, verdict, new Date().toISOString().replace(/\.\d+Z$/, 'Z'));
      if (!next) return;
      if (verdict.status === 'Denied' && verdict.message !== told) await denies?.(`slice ${name}: ${verdict.message}`);
      told = verdict.message;
      try {
        await api.raw('PUT', pathOf(KINDS.resourceSlice, { namespace, name, sub: 'status' }), {
          apiVersion: KINDS.resourceSlice.apiVersion,
          kind: KINDS.resourceSlice.kind,
          ...next,
        });
        return;
      } catch (error) {
        if (isRefused(error, 404)) return;
        if (!isRefused(error, 409)) throw faultOf(error, `the verdict on slice ${name}`);
        if (conflicts >= MOST_CONFLICTS)
          throw new Fault('CLUSTER_UNREACHABLE', `the verdict on slice ${name}: others write it all the time`);
      }
      current = await api.get<ResourceSliceObject>(KINDS.resourceSlice, { namespace, name });
    }
  };
  const denied = (message: string): Verdict => ({ status: 'Denied', reason: 'ContractRefused', message });

  return {
    async admitSlice({ buyer, contract, resources, gpus, denies }) {
      // One that was let in and is going holds its Quota until it is gone.
      const there = (await slicesOf({ buyer, contract })).filter((slice) => isGranted(slice) || !isGoing(slice));
      const age = (slice: ResourceSliceObject): string => `${slice.metadata.creationTimestamp ?? ''} ${slice.metadata.name}`;
      const [first, ...others] = there.toSorted((a, b) => Number(isGranted(b)) - Number(isGranted(a)) || age(a).localeCompare(age(b)));
      for (const other of others.filter((slice) => !isGoing(slice)))
        await give(other, denies, () => denied(`contract ${contract} has the slice ${first?.metadata.name} already`));
      if (!first || isGoing(first)) throw new Fault('NOT_FOUND', `no slice of ${buyer} names contract ${contract}`, { contract });
      let why: string | undefined;
      await give(first, denies, (now) => {
        why = whyNot(now, buyer, resources, gpus);
        if (why) return denied(`contract ${contract}: ${why}`);
        return {
          status: 'Accepted',
          reason: VALID,
          message: `contract ${contract}`,
          resources: amountsOf(resources, gpus),
          ...(gpus?.nodes && { nodeSelector: gpus.nodes }),
        };
      });
      if (why) throw new Fault('SLICE_DENIED', `slice ${first.metadata.name} of contract ${contract}: ${why}`, { contract });
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

    async removeReplica({ buyer, contract, patienceMs }, wait) {
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
          say(left.length > 0 ? `slice ${left.map(({ metadata }) => metadata.name).join(', ')}` : 'its quota');
          if (Date.now() < patientUntil) again(patientUntil);
          else if (left.length > 0) {
            if (!keptOut) await keepOut(api, { buyer, contract });
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
