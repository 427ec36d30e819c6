import type { Flavor } from '../../domain/flavor.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { encodeFlavor } from '../../rear/flavor.ts';
import { type ServiceSelector, type SliceSelector, selectsService } from '../../rear/selector.ts';
import { following } from './following.ts';
import { type Found, type KeptFlavors, openKeptFlavors } from './kept-flavors.ts';

const KNOWN_TO_ALL: ReadonlySet<string> = new Set(['k8slice', 'service']);
const isKnownToAll = ({ offer }: Flavor): boolean => KNOWN_TO_ALL.has(offer.kind);

type Bytes = Uint8Array<ArrayBuffer>;

/** One answer of LIST. */
export interface Answered {
  readonly body: Bytes;
  /** Others are on sale that were asked for. */
  readonly more: boolean;
}

/** What is on sale, until it changes. */
export interface Listed {
  readonly isEmpty: boolean;
  find(id: string): Flavor | undefined;
  /** LIST's whole answer: slices and services, since a FLUIDOS node that meets another word fails on all of it. */
  all(): Answered;
  /** Those that the selector of a query takes; kept by the query. */
  slices(query: string, selector: SliceSelector): Answered;
  services(query: string, selector: ServiceSelector): Answered;
  kind(kind: Flavor['offer']['kind']): Answered;
}

/** Different queries that are remembered until the list changes; longer ones are never. */
const [MOST_QUERIES, LONGEST_QUERY] = [64, 512];

const write = ({ flavors, more }: Found): Answered => ({
  body: new TextEncoder().encode(`[${flavors.map(encodeFlavor).join(',')}]`),
  more,
});

function listed(kept: KeptFlavors, most: number): Listed {
  const answers = new Map<string, Answered>();
  const once = (query: string, find: () => Found): Answered => {
    const known = answers.get(query);
    if (known !== undefined) return known;
    const answer = write(find());
    if (answers.size < MOST_QUERIES && query.length <= LONGEST_QUERY) answers.set(query, answer);
    return answer;
  };
  return {
    isEmpty: kept.first(isKnownToAll, 1).flavors.length === 0,
    find: kept.find,
    all: () => once('', () => kept.first(isKnownToAll, most)),
    slices: (query, selector) => once(`k8slice?${query}`, () => kept.slices(selector, most)),
    services: (query, selector) => once(`service?${query}`, () => kept.first((flavor) => selectsService(selector, flavor), most)),
    kind: (kind) => once(kind, () => kept.first(({ offer }) => offer.kind === kind, most)),
  };
}

/**
 * One question at a time for everybody: who asks while one is under way gets the answer of the next, since the present one may have begun
 * before what the asker knows of had happened.
 */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const start = (): Promise<T> => {
    const mine = ask().finally(() => {
      if (running === mine) running = undefined;
    });
    running = mine;
    return mine;
  };
  return () => {
    if (running === undefined) return start();
    next ??= running
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}

/** The list as it is now: read once, and followed from then on. `most` flavors are in one answer. */
export function currentList(inventory: Pick<Inventory, 'changes'>, most: number): () => Promise<Listed> {
  const kept = openKeptFlavors();
  const follow = following(inventory, kept);
  let now: Listed | undefined;
  return shared(async () => {
    if ((await follow()) || now === undefined) now = listed(kept, most);
    return now;
  });
}
