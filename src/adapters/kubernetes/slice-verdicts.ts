import { isDeepStrictEqual } from 'node:util';
import type { ClusterId, ContractId } from '../../domain/ids.ts';
import { parseQuantity } from '../../domain/quantity.ts';
import type { Resources } from '../../domain/resources.ts';
import type { SliceGpus } from '../../ports/fabric.ts';
import { type Amounts, type ResourceSliceObject, conditionOf, isGoing } from './objects.ts';
import { SLICE_CLASS } from './policies.ts';
import { amountsOf } from './slice-manifests.ts';

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
export const isGranted = ({ status }: ResourceSliceObject): boolean => Object.keys(status?.resources ?? {}).length > 0;

/** Those of a contract that count, the one that its slice is or would be first: one that was let in holds its Quota until it is gone, also while it is going. */
export function inOrder(slices: readonly ResourceSliceObject[]): readonly ResourceSliceObject[] {
  const age = ({ metadata }: ResourceSliceObject): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  return slices
    .filter((slice) => isGranted(slice) || !isGoing(slice))
    .toSorted((a, b) => Number(isGranted(b)) - Number(isGranted(a)) || age(a).localeCompare(age(b)));
}

/** Whether nobody gave a verdict yet, or it asks for more than ours gave it. */
export function isUnjudged({ spec, status }: ResourceSliceObject): boolean {
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

/** What is said of a slice, as its condition. */
export interface Verdict {
  readonly status: 'Accepted' | 'Denied';
  readonly reason: string;
  readonly message: string;
  readonly resources?: Amounts;
  /** Of our nodes, on which the buyer's pods are kept. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
}

/** A refusal, in the words that its buyer reads. */
export const denied = (message: string): Verdict => ({ status: 'Denied', reason: 'ContractRefused', message });

/** Let in with exactly what was bought. */
export const admitted = (contract: ContractId, bought: Resources, gpus?: SliceGpus): Verdict => ({
  status: 'Accepted',
  reason: VALID,
  message: `contract ${contract}`,
  resources: amountsOf(bought, gpus),
  ...(gpus?.nodes && { nodeSelector: gpus.nodes }),
});

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
