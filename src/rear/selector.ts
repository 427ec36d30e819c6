/** The query language of LIST_FLAVORS, as a FLUIDOS node reads it (section 2.3 of our notes) and writes it (2.4). */
import type { BlueprintRequest, ResourceRequest } from '../domain/candidate.ts';
import { Fault } from '../domain/faults.ts';
import type { Flavor } from '../domain/flavor.ts';
import { canonical, nanos, parseQuantity, type Quantity } from '../domain/quantity.ts';
import type { ResourceName } from '../domain/resources.ts';

/** What can be asked for: a FLUIDOS node refuses a filter on GPUs. */
export const FILTERED = ['cpu', 'memory', 'pods', 'storage'] as const satisfies readonly ResourceName[];
type Filtered = (typeof FILTERED)[number];

type Bounds = { readonly match: Quantity } | { readonly min?: Quantity; readonly max?: Quantity };

export type SliceSelector = { readonly architecture?: string } & { readonly [name in Filtered]?: Bounds };

export interface ServiceSelector {
  readonly category?: string;
  readonly tags?: string;
}

const SLICE_KEY = /^filter\[(architecture|cpu|memory|pods|storage)\]\[(match|range)\](?:\[(min|max|regex)\])?$/;
const SERVICE_KEY = /^filter\[(category|tags)\]\[(match)\]$/;
/** A FLUIDOS client forgets `filter` before storage (its bug; its own server refuses the key). */
const BARE_STORAGE = /^\[storage\]/;

const refuse = (why: string): Fault => new Fault('BAD_REQUEST', `Error building the selector from the URL query parameters: ${why}`);

/** Pairs as Go's `url.ParseQuery` with its errors dropped: a pair with `;` or a broken `%` vanishes, `+` is a space, the first value of a key wins. */
function pairs(query: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const at = pair.indexOf('=');
    const [key, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    try {
      const name = decodeURIComponent(key.replaceAll('+', ' '));
      if (!found.has(name)) found.set(name, decodeURIComponent(value.replaceAll('+', ' ')));
    } catch {
      // A broken escape: Go drops the pair.
    }
  }
  return found;
}

const amount = (value: string, key: string): Quantity => {
  if (parseQuantity(value) === undefined) throw refuse(`${key} is not a quantity`);
  return value;
};

/**
 * Reads a k8slice query. BAD_REQUEST on everything that a FLUIDOS node refuses, and on what makes it panic (`[range]` without a bound).
 * `query` is what stands behind the `?`, undecoded.
 */
export function parseSliceSelector(query: string): SliceSelector {
  const read: { architecture?: string } & { [name in Filtered]?: Bounds } = {};
  for (const [written, value] of pairs(query)) {
    const key = written.replace(BARE_STORAGE, 'filter[storage]');
    const [, name, operation, bound] = SLICE_KEY.exec(key) ?? [];
    if (name === undefined) throw refuse('unknown key');
    if (name === 'architecture') {
      if (operation === 'range') throw refuse('an architecture has no range');
      if (read.architecture !== undefined) throw refuse('architecture is matched twice');
      read.architecture = value;
      continue;
    }
    const resource = name as Filtered;
    const before = read[resource];
    if (operation === 'match') {
      if (before !== undefined) throw refuse(`${name} has more than one filter`);
      read[resource] = { match: amount(value, name) };
    } else {
      if (bound !== 'min' && bound !== 'max') throw refuse(`the range of ${name} needs min or max`);
      if (before !== undefined && 'match' in before) throw refuse(`${name} has both match and range`);
      read[resource] = { ...before, [bound]: amount(value, name) };
    }
  }
  return read;
}

/** Reads a service query; BAD_REQUEST on unknown keys. */
export function parseServiceSelector(query: string): ServiceSelector {
  const read: { category?: string; tags?: string } = {};
  for (const [key, value] of pairs(query)) {
    const [, name] = SERVICE_KEY.exec(key) ?? [];
    if (name !== 'category' && name !== 'tags') throw refuse('unknown key');
    read[name] = value;
  }
  return read;
}

function within(bounds: Bounds, offered: Quantity | undefined): boolean {
  if (offered === undefined) return false;
  if ('match' in bounds) return offered === bounds.match || nanos(offered) === nanos(bounds.match);
  const value = nanos(offered);
  return (bounds.min === undefined || value >= nanos(bounds.min)) && (bounds.max === undefined || value <= nanos(bounds.max));
}

/** Whether a flavor is a slice that the selector takes. A resource that the flavor does not name matches no filter on it (a FLUIDOS node panics). */
export function selectsSlice(selector: SliceSelector, { offer }: Flavor): boolean {
  if (offer.kind !== 'k8slice') return false;
  if (selector.architecture !== undefined && selector.architecture !== offer.architecture) return false;
  return FILTERED.every((name) => {
    const bounds = selector[name];
    return bounds === undefined || within(bounds, offer.resources[name]);
  });
}

export function selectsService(selector: ServiceSelector, { offer }: Flavor): boolean {
  if (offer.kind !== 'service') return false;
  if (selector.category !== undefined && selector.category !== offer.category) return false;
  return selector.tags === undefined || offer.tags.includes(selector.tags);
}

/** Whether a flavor is a blueprint that is looked for. */
export const isLookedFor = ({ kind, category, tags = [] }: BlueprintRequest, { offer }: Flavor): boolean =>
  offer.kind === kind && (category === undefined || category === offer.category) && tags.every((tag) => offer.tags.includes(tag));

/** The selector of a request: at least these amounts. */
export function selectorOf({ architecture, resources }: ResourceRequest): SliceSelector {
  const bounds = FILTERED.flatMap((name) => {
    const wanted = resources[name];
    return wanted === undefined || nanos(wanted) === 0n ? [] : [[name, { min: canonical(wanted) }] as const];
  });
  return { ...(architecture === undefined ? {} : { architecture }), ...Object.fromEntries(bounds) };
}

/** Writes a k8slice query in the order of a FLUIDOS client; values percent-encoded, which that client forgets. */
export function writeSliceSelector(selector: SliceSelector): string {
  const written: string[] = [];
  const put = (key: string, value: string | undefined): void => {
    if (value !== undefined) written.push(`filter${key}=${encodeURIComponent(value)}`);
  };
  put('[architecture][match]', selector.architecture);
  for (const name of FILTERED) {
    const bounds = selector[name];
    if (bounds === undefined) continue;
    if ('match' in bounds) put(`[${name}][match]`, bounds.match);
    else {
      put(`[${name}][range][min]`, bounds.min);
      put(`[${name}][range][max]`, bounds.max);
    }
  }
  return written.join('&');
}
