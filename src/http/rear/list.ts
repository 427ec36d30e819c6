import type { Flavor } from '../../domain/flavor.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { writeFlavor } from '../../rear/flavor.ts';
import { encode } from '../../rear/json.ts';

const KNOWN_TO_ALL: ReadonlySet<string> = new Set(['k8slice', 'service']);

type Bytes = Uint8Array<ArrayBuffer>;

/** What is on sale, in domain words and on the wire. */
export interface Listed {
  readonly flavors: readonly Flavor[];
  /** LIST's whole answer, and whether anything is in it: slices and services, since a FLUIDOS node that meets another word fails on all of it. */
  readonly all: Bytes;
  readonly anything: boolean;
  /** The answer with those flavors only that are taken; kept by its query. */
  select(query: string, takes: (flavor: Flavor) => boolean): Bytes;
}

/** Different queries that are remembered until the list changes; longer ones are never. */
const [MOST_QUERIES, LONGEST_QUERY] = [64, 512];

const bytes = (rows: readonly string[]): Bytes => new TextEncoder().encode(`[${rows.join(',')}]`);

function listed(flavors: readonly Flavor[]): Listed {
  const rows = flavors.map((flavor) => encode(writeFlavor(flavor)));
  const kept = new Map<string, Bytes>();
  return {
    flavors,
    all: bytes(rows.filter((_row, at) => KNOWN_TO_ALL.has(flavors[at]?.offer.kind ?? ''))),
    anything: flavors.some(({ offer }) => KNOWN_TO_ALL.has(offer.kind)),
    select(query, takes) {
      const known = kept.get(query);
      if (known !== undefined) return known;
      const found = bytes(rows.filter((_row, at) => flavors[at] !== undefined && takes(flavors[at])));
      if (kept.size < MOST_QUERIES && query.length <= LONGEST_QUERY) kept.set(query, found);
      return found;
    },
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

/** The list as it is now; encoded again only when the inventory's generation has moved. */
export function currentList(inventory: Pick<Inventory, 'list' | 'generation'>): () => Promise<Listed> {
  let kept: { readonly generation: string; readonly list: Listed } | undefined;
  return shared(async () => {
    // Read before the list: what changes in between shows as another generation next time.
    const generation = await inventory.generation();
    if (kept?.generation === generation) return kept.list;
    const flavors = (await inventory.list()).filter(({ available }) => available);
    kept = { generation, list: listed(flavors) };
    return kept.list;
  });
}
