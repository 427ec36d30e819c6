import type { Flavor } from '../../domain/flavor.ts';
import type { Listing } from '../../ports/inventory.ts';
import { type SliceSelector, selectsSlice } from '../../rear/selector.ts';
import { openColumns } from './list-columns.ts';
import { sharedParts } from './shared-parts.ts';

/** A lineage, and what is listed of it; nothing for now where it was listed before: it keeps its place, since it is likely to come back. */
interface Kept {
  readonly lineage: string;
  flavor: Flavor | undefined;
}

/** The first flavors that were asked for; `more` when there are others. */
export interface Found {
  readonly flavors: readonly Flavor[];
  readonly more: boolean;
}

const byLineage = (a: Kept, b: Kept): number => (a.lineage < b.lineage ? -1 : 1);

/** All that is on sale, in the order of its lineages whatever the store's collation; a change costs what it is, new lineages one pass together, a question one look at each. */
export function openKeptFlavors() {
  let sorted: readonly Kept[] = [];
  const columns = openColumns();
  const share = sharedParts();
  const byId = new Map<string, Flavor>();
  const changing = new Map<string, number>();
  /** No earlier than this anything changes by time alone. */
  let soonest = Number.POSITIVE_INFINITY;

  /** Where a lineage stands, or would. */
  const placeOf = (lineage: string): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle]?.lineage ?? '') < lineage) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  /** Sorts lineages in that have no place yet; when most of the others are empty, these go. */
  const insert = (added: readonly Kept[]): void => {
    const fresh = added.toSorted(byLineage);
    const keepsEmpty = byId.size * 2 >= sorted.length;
    const next: Kept[] = [];
    const origins: number[] = [];
    const flavors: Flavor[] = [];
    let at = 0;
    const takeBefore = (end: number): void => {
      for (; at < end; at += 1) {
        const kept = sorted[at];
        if (!kept || (kept.flavor === undefined && !keepsEmpty)) continue;
        next.push(kept);
        origins.push(at);
      }
    };
    for (const kept of fresh) {
      if (!kept.flavor) continue;
      takeBefore(placeOf(kept.lineage));
      next.push(kept);
      origins.push(-1);
      flavors.push(kept.flavor);
    }
    takeBefore(sorted.length);
    sorted = next;
    columns.arrange(origins, flavors);
  };
  const first = (takes: (flavor: Flavor) => boolean, most: number, kept: Iterable<Kept>): Found => {
    const flavors: Flavor[] = [];
    for (const { flavor } of kept) {
      if (flavor === undefined || !takes(flavor)) continue;
      if (flavors.length === most) return { flavors, more: true };
      flavors.push(flavor);
    }
    return { flavors, more: false };
  };
  function* candidates(selector: SliceSelector): Generator<Kept, void> {
    for (const row of columns.rows(selector)) {
      const kept = sorted[row];
      if (kept) yield kept;
    }
  }

  return {
    /** What is said of a lineage last counts. */
    put(listings: readonly Listing[]): void {
      const added = new Map<string, Kept>();
      for (const { lineage, flavor, changesAt } of listings) {
        const now = flavor?.available ? share(flavor) : undefined;
        const at = placeOf(lineage);
        const known = sorted[at]?.lineage === lineage ? sorted[at] : undefined;
        const kept = known ?? added.get(lineage) ?? { lineage, flavor: undefined };
        if (kept.flavor) byId.delete(kept.flavor.id);
        if (now) byId.set(now.id, now);
        kept.flavor = now;
        if (known) columns.put(at, now);
        else if (now) added.set(lineage, kept);
        if (changesAt === undefined) changing.delete(lineage);
        else changing.set(lineage, changesAt);
        soonest = Math.min(soonest, changesAt ?? soonest);
      }
      if (added.size > 0) insert([...added.values()]);
    },
    clear(): void {
      sorted = [];
      byId.clear();
      columns.arrange([], []);
      changing.clear();
      soonest = Number.POSITIVE_INFINITY;
    },
    /** Lineages of which more may be listed by now, since a hold has ended. */
    ended(now: number): readonly string[] {
      if (now < soonest) return [];
      soonest = Number.POSITIVE_INFINITY;
      const found: string[] = [];
      for (const [lineage, at] of changing) {
        if (at <= now) found.push(lineage);
        soonest = Math.min(soonest, at);
      }
      return found;
    },
    isEmpty: (): boolean => byId.size === 0,
    find: (id: string): Flavor | undefined => byId.get(id),
    slices: (selector: SliceSelector, most: number): Found => first((flavor) => selectsSlice(selector, flavor), most, candidates(selector)),
    first: (takes: (flavor: Flavor) => boolean, most: number): Found => first(takes, most, sorted),
  };
}
export type KeptFlavors = ReturnType<typeof openKeptFlavors>;
