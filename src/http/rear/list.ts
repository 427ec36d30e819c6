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

/** One question at a time, shared by everybody. */
export interface Shared<T> {
  /** What was asked no longer ago than it may be, or what is asked now. */
  readonly ask: () => Promise<T>;
  /** What was asked before now is of no use to anybody who comes from now on. */
  readonly outdate: () => void;
}

interface Asked<T> {
  readonly began: number;
  readonly answer: Promise<T>;
}

/**
 * An answer serves whoever comes less than `ageMs` after its question began, since what it says was so at that time or later; with 0 the question begins after the asker came. Who comes later, while one is
 * under way, gets the answer of the next. Half way to its end an answer is asked for anew, so that hardly anybody waits while many come.
 */
export function shared<T>(question: () => Promise<T>, ageMs: number): Shared<T> {
  let answered: Asked<T> | undefined;
  let running: Asked<T> | undefined;
  let next: Promise<T> | undefined;
  /** Under way, and of no use any more to who comes. */
  let outdated: Asked<T> | undefined;
  const start = (): Promise<T> => {
    const mine = { began: performance.now(), answer: question() };
    [running, next] = [mine, undefined];
    mine.answer.then(
      () => {
        running = undefined;
        if (outdated !== mine) answered = mine;
      },
      () => {
        running = undefined;
      },
    );
    return mine.answer;
  };
  return {
    ask() {
      const now = performance.now();
      const serves = (asked: Asked<T>): boolean => asked !== outdated && now - asked.began < ageMs;
      if (answered !== undefined && serves(answered)) {
        if (running === undefined && now - answered.began >= ageMs / 2) start();
        return answered.answer;
      }
      if (running === undefined) return start();
      if (serves(running)) return running.answer;
      next ??= running.answer.then(start, start);
      return next;
    },
    outdate() {
      [answered, outdated] = [undefined, running];
    },
  };
}

/** The list of at most `ageMs` ago: read once, and followed from then on. `most` flavors are in one answer. */
export function currentList(
  inventory: Pick<Inventory, 'changes'>,
  { most, ageMs }: { readonly most: number; readonly ageMs: number },
): Shared<Listed> {
  const kept = openKeptFlavors();
  let now: Listed | undefined;
  const list = shared(async () => {
    if ((await follow()) || now === undefined) now = listed(kept, most);
    return now;
  }, ageMs);
  // Nobody is answered from a list of which a part is sorted in already.
  const follow = following(inventory, kept, list.outdate);
  return list;
}
