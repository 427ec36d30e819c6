import type { Flavor } from '../../domain/flavor.ts';
import { nanos } from '../../domain/quantity.ts';
import type { Inventory, Listing } from '../../ports/inventory.ts';
import { FILTERED, type SliceSelector, selectsSlice } from '../../rear/selector.ts';

interface Kept {
  readonly lineage: string;
  readonly flavor: Flavor;
}

/** The first flavors that were asked for; `more` when there are others. */
export interface Found {
  readonly flavors: readonly Flavor[];
  readonly more: boolean;
}

const double = (quantity: string | undefined): number => (quantity === undefined ? Number.NaN : Number(nanos(quantity)));

/**
 * Columns of doubles beside the flavors: the architecture as a number, then the amounts, NaN where there is none. Rounding keeps the order of amounts: what lies outside of two bounds lies outside as doubles, or upon
 * them. So what surely is not taken is passed over at memory's speed, and whatever else is asked of the selector itself.
 */
function openColumns() {
  const WIDTH = 1 + FILTERED.length;
  const architectures = new Map<string, number>();
  let columns = Array.from({ length: WIDTH }, () => new Float64Array(1_024));
  let rows = 0;

  const numberOf = (architecture: string): number => {
    const known = architectures.get(architecture) ?? architectures.size;
    architectures.set(architecture, known);
    return known;
  };
  const cellsOf = ({ offer }: Flavor): readonly number[] =>
    offer.kind === 'k8slice'
      ? [numberOf(offer.architecture), ...FILTERED.map((name) => double(offer.resources[name]))]
      : Array.from({ length: WIDTH }, () => Number.NaN);
  const grown = (column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
    const twice = new Float64Array(column.length * 2);
    twice.set(column);
    return twice;
  };

  return {
    put(at: number, removed: number, flavor: Flavor | undefined): void {
      const added = flavor === undefined ? [] : cellsOf(flavor);
      const moved = rows + (flavor === undefined ? 0 : 1) - removed;
      if (moved > (columns[0]?.length ?? 0)) columns = columns.map(grown);
      for (const [n, column] of columns.entries()) {
        column.copyWithin(at + (flavor === undefined ? 0 : 1), at + removed, rows);
        const cell = added[n];
        if (cell !== undefined) column[at] = cell;
      }
      rows = moved;
    },
    clear(): void {
      rows = 0;
    },
    /** Rows that may be taken, in their order, each when it is asked for. */
    *rows(selector: SliceSelector): Generator<number, void> {
      const bounds: { readonly column: Float64Array; readonly min: number; readonly max: number }[] = [];
      const between = (n: number, min: number, max: number): void => {
        const column = columns[n];
        if (column) bounds.push({ column, min, max });
      };
      const { architecture } = selector;
      if (architecture !== undefined) between(0, architectures.get(architecture) ?? -1, architectures.get(architecture) ?? -1);
      for (const [n, name] of FILTERED.entries()) {
        const wanted = selector[name];
        if (wanted === undefined) continue;
        const { min, max } = 'match' in wanted ? { min: wanted.match, max: wanted.match } : wanted;
        between(
          n + 1,
          min === undefined ? Number.NEGATIVE_INFINITY : double(min),
          max === undefined ? Number.POSITIVE_INFINITY : double(max),
        );
      }
      for (let row = 0; row < rows; row += 1) {
        let outside = false;
        for (const { column, min, max } of bounds) {
          const cell = column[row] ?? Number.NaN;
          outside ||= cell < min || cell > max;
        }
        if (!outside) yield row;
      }
    },
  };
}

/** All that is on sale, in the order of its lineages whatever the store's collation; a change costs what it is, a question one look at each. */
export function openKeptFlavors() {
  const sorted: Kept[] = [];
  const columns = openColumns();
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
  return {
    put({ lineage, flavor, changesAt }: Listing): void {
      const at = placeOf(lineage);
      const before = sorted[at]?.lineage === lineage ? sorted[at] : undefined;
      const now = flavor?.available ? flavor : undefined;
      if (before) byId.delete(before.flavor.id);
      if (now) byId.set(now.id, now);
      sorted.splice(at, before ? 1 : 0, ...(now ? [{ lineage, flavor: now }] : []));
      columns.put(at, before ? 1 : 0, now);
      if (changesAt === undefined) changing.delete(lineage);
      else changing.set(lineage, changesAt);
      soonest = Math.min(soonest, changesAt ?? soonest);
    },
    clear(): void {
      sorted.length = 0;
      byId.clear();
      columns.clear();
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
    isEmpty: (): boolean => sorted.length === 0,
    find: (id: string): Flavor | undefined => byId.get(id),
    slices(selector: SliceSelector, most: number): Found {
      const flavors: Flavor[] = [];
      for (const row of columns.rows(selector)) {
        const flavor = sorted[row]?.flavor;
        if (flavor === undefined || !selectsSlice(selector, flavor)) continue;
        if (flavors.length === most) return { flavors, more: true };
        flavors.push(flavor);
      }
      return { flavors, more: false };
    },
    first(takes: (flavor: Flavor) => boolean, most: number): Found {
      const flavors: Flavor[] = [];
      for (const { flavor } of sorted) {
        if (!takes(flavor)) continue;
        if (flavors.length === most) return { flavors, more: true };
        flavors.push(flavor);
      }
      return { flavors, more: false };
    },
  };
}
export type KeptFlavors = ReturnType<typeof openKeptFlavors>;

/** Keeps up with what is on sale, one call after the other; answers whether anything is different. A call that fails is gone on with by the next one. */
export function following(inventory: Pick<Inventory, 'changes'>, kept: KeptFlavors): () => Promise<boolean> {
  let since: string | undefined;
  let different = false;
  const read = async (ended: readonly string[]): Promise<number> => {
    for (;;) {
      const { listings, anew, next, more, now } = await inventory.changes({ ...(since !== undefined && { since }), ended });
      if (anew) kept.clear();
      for (const listing of listings) kept.put(listing);
      since = next;
      different ||= anew || listings.length > 0;
      if (!more) return now;
    }
  };
  return async () => {
    // What ends by time alone is asked for when the store says that its time has come: its clock counts, not ours.
    const ended = kept.ended(await read([]));
    if (ended.length > 0) await read(ended);
    const is = different;
    different = false;
    return is;
  };
}
