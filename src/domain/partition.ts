import type { Flavor, K8Slice, SliceFlavor } from './flavor.ts';
import { withAmounts } from './gpu.ts';
import { type Price, share } from './money.ts';
import { formatQuantity, nanos, parseQuantity } from './quantity.ts';
import { RESOURCE_NAMES, type ResourceName, type Resources, canonicalResources, fits, formatResource, sameResources } from './resources.ts';

/** Without any of these a slice runs no pod; storage may be absent. */
const NEEDED = ['cpu', 'memory', 'pods'] as const satisfies readonly ResourceName[];

const amount = (resources: Resources, name: ResourceName): bigint => {
  const stated = resources[name];
  return stated === undefined ? 0n : nanos(stated);
};

/** Nobody sells half a GPU. */
const stepOf = (step: Resources, name: ResourceName): bigint => {
  const stated = amount(step, name);
  return name === 'gpu' && stated < WHOLE ? WHOLE : stated;
};
const WHOLE = 10n ** 9n;

/** The smallest amount of a resource that may be sold and is at least `wanted`: the minimum and a whole number of steps above it. */
function roundUp(min: bigint, step: bigint, wanted: bigint): bigint {
  if (wanted <= min) return min;
  if (step <= 0n) return wanted;
  return min + ((wanted - min + step - 1n) / step) * step;
}

/**
 * Says why a part may not be cut from a slice, in words for the buyer; `undefined` when it may. The whole slice is exempt from the
 * steps (a remainder would otherwise never be sold), not from the minimum. Whether so much is left is another question.
 */
export function checkPart(slice: K8Slice, part: Resources): string | undefined {
  for (const name of RESOURCE_NAMES) {
    const text = part[name];
    if (text !== undefined && parseQuantity(text) === undefined) return `${name} is not a quantity`;
  }
  if (amount(part, 'gpu') > 0n && slice.resources.gpu === undefined) return 'it has no GPUs';
  const whole = part === slice.resources || sameResources(slice.resources, part);
  const { min, step } = slice.partitionability;
  for (const name of RESOURCE_NAMES) {
    const [wanted, least] = [amount(part, name), amount(min, name)];
    if (wanted < 0n || (wanted === 0n && NEEDED.some((needed) => needed === name))) return `${name} must be more than 0`;
    if (wanted < least) return `${name} ${part[name] ?? '0'} is below the minimum of ${min[name] ?? '0'}`;
    if (whole) continue;
    const unit = stepOf(step, name);
    if (roundUp(least, unit, wanted) !== wanted)
      return `${name} ${part[name] ?? '0'} is not the minimum of ${min[name] ?? '0'} and whole steps of ${formatResource(name, unit)}`;
  }
  return undefined;
}

/**
 * The smallest part of a slice that covers a request, so that nobody pays for more than the seller's cuts force; the whole slice when rounding
 * goes past what it has; `undefined` when no part will do.
 */
export function roundUpPart(slice: K8Slice, request: Resources): Resources | undefined {
  if (!fits(slice.resources, request)) return undefined;
  const { min, step } = slice.partitionability;
  const cut = (name: ResourceName): string => formatQuantity(roundUp(amount(min, name), stepOf(step, name), amount(request, name)));
  const rounded = canonicalResources({
    cpu: cut('cpu'),
    memory: cut('memory'),
    pods: cut('pods'),
    ...(request.storage === undefined && min.storage === undefined ? {} : { storage: cut('storage') }),
    ...(request.gpu === undefined && min.gpu === undefined ? {} : { gpu: cut('gpu') }),
  });
  const part = fits(slice.resources, rounded) ? rounded : canonicalResources(slice.resources);
  return checkPart(slice, part) === undefined ? part : undefined;
}

/**
 * What a part costs in the flavor's own currency and period: its largest resource share of the flavor, as an exact decimal rounded up, so that buyer
 * and seller come to the same figure; of a blueprint, an instance's. `undefined` when the flavor has no price.
 */
export function priceOfPart(flavor: Flavor, part: Resources): Price | undefined {
  const { price, offer } = flavor;
  if (price === undefined || offer.kind !== 'k8slice') return price;
  let [numerator, denominator] = [0n, 1n];
  for (const name of RESOURCE_NAMES) {
    const [wanted, total] = [amount(part, name), amount(offer.resources, name)];
    if (total > 0n && wanted * denominator > numerator * total) [numerator, denominator] = [wanted, total];
  }
  return { ...price, amount: share(price.amount, numerator, denominator) };
}

/** Whether anybody could buy something of what is left of a slice: a slice is listed only then. */
export const isSellable = (slice: K8Slice): boolean => checkPart(slice, slice.resources) === undefined;

/** The flavor as it is when only `part` of it is on offer: its resources are the part's, and so is its price. */
export function partOf(flavor: SliceFlavor, part: Resources): SliceFlavor {
  const price = priceOfPart(flavor, part);
  return { ...flavor, offer: withAmounts(flavor.offer, part), ...(price === undefined ? {} : { price }) };
}
