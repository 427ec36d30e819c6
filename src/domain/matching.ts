import { isSameAddress } from './address.ts';
import type { Candidate, Dialect, Refusal, ResourceRequest } from './candidate.ts';
import { type Flavor, type Location, type NodeIdentity, type SliceFlavor, isSlice } from './flavor.ts';
import { whyNotGpu } from './gpu.ts';
import { compareAmounts, exactPriceWords, hourly, parseAmount, sameCurrency } from './money.ts';
import { checkPart, priceOfPart, roundUpPart } from './partition.ts';
import { parseQuantity } from './quantity.ts';
import { RESOURCE_NAMES, type Resources, lacking } from './resources.ts';

const WORDS = { k8slice: 'a slice', service: 'a service', vm: 'a virtual machine', sensor: 'a sensor' } as const;

export type Verdict = { readonly candidate: Candidate } | { readonly refusals: readonly Refusal[] };

/** Nobody has rated anybody yet. */
export const NEUTRAL_RATING = 0.5;

/** Whom we asked, and who it says that it is. */
export interface AskedNode {
  readonly address: string;
  readonly identity?: NodeIdentity;
  /** Addresses of other nodes that we know, by their ids. */
  readonly others?: ReadonlyMap<string, string>;
}

/**
 * Whether a flavor will do for a request, and what buying the part we need would cost; otherwise every reason why not, so that a failed intent
 * explains itself. It trusts nothing that the seller wrote: what cannot be read is a reason, never a throw.
 */
export function assess(
  flavor: Flavor,
  request: ResourceRequest,
  { self, dialect, asked, rating = NEUTRAL_RATING }: Asking & { readonly rating?: number },
): Verdict {
  const refusals: Refusal[] = [];
  const refuse = (code: Refusal['code'], detail: string): void => void refusals.push({ code, detail });

  checkOffered(flavor, { self, dialect, asked }, refuse);
  if (!isSlice(flavor)) {
    refuse('not-a-slice', `offers ${WORDS[flavor.offer.kind]}, not a slice of a cluster`);
    return { refusals };
  }
  const { offer } = flavor;
  if (request.architecture !== undefined && offer.architecture.toLowerCase() !== request.architecture.toLowerCase())
    refuse('architecture', `is ${offer.architecture || 'of no stated architecture'}, not ${request.architecture}`);
  checkLocation(flavor.location, request.locations, refuse);
  const latencyMs = offer.latencyMs !== undefined && offer.latencyMs >= 0 && Number.isFinite(offer.latencyMs) ? offer.latencyMs : undefined;
  checkLatency(latencyMs, request.maxLatencyMs, refuse);

  const part = partOf(flavor, request, refuse);
  const priced = part && priceByHour(flavor, part, refuse);
  if (!part) checkCurrency(flavor, request, refuse);
  else if (priced !== 'unreadable') checkPrice(priced, request, refuse);

  if (refusals.length > 0 || !part || priced === 'unreadable') return { refusals };
  const price = priced ? { hourly: priced } : {};
  const latency = latencyMs === undefined ? {} : { latencyMs };
  return { candidate: { flavor, seller: sellerOf(flavor, { dialect, asked }), dialect, part, ...price, ...latency, rating } };
}

/** Who asks whom. */
export interface Asking {
  readonly self: NodeIdentity;
  readonly dialect: Dialect;
  readonly asked: AskedNode;
}

/** Where RESERVE and PURCHASE go. REAR's lists name no Liqo cluster; a node of our dialect says in its description which one it is. */
export function sellerOf({ owner }: Flavor, { dialect, asked }: Omit<Asking, 'self'>): NodeIdentity {
  const clusterId = dialect === 'rearguard' ? asked.identity?.clusterId : undefined;
  return { ...owner, address: asked.address, ...(clusterId && { clusterId }) };
}

/** Whether it can be bought at all, and of whoever offers it. */
export function checkOffered(flavor: Flavor, { self, dialect, asked }: Asking, refuse: Refuse): void {
  if (!flavor.available) refuse('unavailable', 'is not available');
  if (flavor.owner.id === self.id || flavor.owner.address === self.address) refuse('own-flavor', 'is our own');
  const elsewhere = asked.others?.get(flavor.owner.id);
  if (elsewhere !== undefined)
    refuse('not-theirs', `is offered at ${asked.address} as of ${flavor.owner.id}, whom we know at ${elsewhere}`);
  else if (dialect === 'rearguard') checkOwner(flavor.owner, asked, refuse);
}

/** A node offers its own only, at the address where we know it: otherwise it would send us to others, or trade in their name. A FLUIDOS node says not who it is. */
function checkOwner(owner: NodeIdentity, { address, identity }: AskedNode, refuse: Refuse): void {
  const wrong =
    identity === undefined
      ? 'does not say who it is'
      : owner.id !== identity.id
        ? `says that it is ${identity.id}`
        : !isSameAddress(identity.address, owner.address)
          ? `says that it is at ${identity.address}`
          : undefined;
  if (wrong !== undefined) refuse('not-theirs', `is offered as of ${owner.id} at ${owner.address} by a node that ${wrong}`);
  else if (!isSameAddress(owner.address, address))
    refuse('not-theirs', `is offered by a node that is known at ${address} and says that it is at ${owner.address}`);
}

export type Refuse = (code: Refusal['code'], detail: string) => void;
interface Hourly {
  readonly amount: string;
  readonly currency: string;
}

const isIn = (location: Location | undefined, wanted: readonly string[]): boolean => {
  const places = [location?.country, location?.city].flatMap((place) => (place === undefined ? [] : [place.trim().toLowerCase()]));
  return wanted.some((place) => places.includes(place.trim().toLowerCase()));
};
const placeOf = (location: Location | undefined): string =>
  [location?.city, location?.country].filter((place) => place !== undefined && place !== '').join(', ') || 'no stated place';

export function checkLocation(location: Location | undefined, wanted: readonly string[] | undefined, refuse: Refuse): void {
  if (wanted !== undefined && !isIn(location, wanted)) refuse('location', `is in ${placeOf(location)}, not in ${wanted.join(' or ')}`);
}

export function checkLatency(latencyMs: number | undefined, most: number | undefined, refuse: Refuse): void {
  if (most === undefined) return;
  if (latencyMs === undefined) refuse('latency', `states no latency, and at most ${most} ms is wanted`);
  else if (latencyMs > most) refuse('latency', `states ${latencyMs} ms, and at most ${most} ms is wanted`);
}

/** What to buy of it. */
function partOf({ offer }: SliceFlavor, { resources, gpu }: ResourceRequest, refuse: Refuse): Resources | undefined {
  const unreadable = (['resources', 'min', 'step'] as const).flatMap((what) => {
    const amounts = what === 'resources' ? offer.resources : offer.partitionability[what];
    return RESOURCE_NAMES.filter((name) => amounts[name] !== undefined && (parseQuantity(amounts[name]) ?? -1n) < 0n).map((name) =>
      what === 'resources' ? name : `${name} ${what}`,
    );
  });
  if (unreadable.length > 0) {
    refuse('malformed', `has unreadable amounts: ${unreadable.join(', ')}`);
    return undefined;
  }
  const short = lacking(offer.resources, resources);
  for (const name of short) refuse('too-small', `has ${offer.resources[name] ?? 'no'} ${name}, and ${resources[name]} is wanted`);
  const otherGpu = (parseQuantity(resources.gpu ?? '0') ?? 0n) > 0n ? whyNotGpu(offer, gpu ?? {}) : undefined;
  if (otherGpu !== undefined) refuse('gpu', otherGpu);
  if (short.length > 0 || otherGpu !== undefined) return undefined;
  const part = roundUpPart(offer, resources);
  if (!part) refuse('cannot-be-cut', checkPart(offer, offer.resources) ?? 'cannot be cut to what is wanted');
  return part;
}

/** What an hour of the part costs; `undefined` when the flavor has no price. */
export function priceByHour(flavor: Flavor, part: Resources, refuse: Refuse): Hourly | undefined | 'unreadable' {
  if (flavor.price === undefined) return undefined;
  const price = parseAmount(flavor.price.amount) === undefined ? undefined : priceOfPart(flavor, part);
  if (price) return { amount: hourly(price), currency: price.currency };
  refuse('malformed', `has an unreadable price: ${flavor.price.amount.slice(0, 60)}`);
  return 'unreadable';
}

type Paid = Pick<ResourceRequest, 'currency' | 'maxHourlyPrice'>;
const currencyOf = ({ maxHourlyPrice, currency }: Paid): string | undefined => maxHourlyPrice?.currency ?? currency;

function checkCurrency({ price }: Flavor, request: ResourceRequest, refuse: Refuse): void {
  const wanted = currencyOf(request);
  if (wanted === undefined) return;
  if (price === undefined) refuse('no-price', `states no price, and one in ${wanted} is wanted`);
  else if (!sameCurrency(price.currency, wanted)) refuse('currency', `is paid in ${price.currency}, and ${wanted} is wanted`);
}

export function checkPrice(priced: Hourly | undefined, request: Paid, refuse: Refuse): void {
  const wanted = currencyOf(request);
  if (wanted === undefined) return;
  if (priced === undefined) refuse('no-price', `states no price, and one in ${wanted} is wanted`);
  else if (!sameCurrency(priced.currency, wanted)) refuse('currency', `is paid in ${priced.currency}, and ${wanted} is wanted`);
  else if (request.maxHourlyPrice && compareAmounts(priced.amount, request.maxHourlyPrice.amount) > 0)
    refuse('price', `costs ${exactPriceWords(priced)} for the part, and at most ${request.maxHourlyPrice.amount} is wanted`);
}
