import type { Flavor } from '../../domain/flavor.ts';
import { nanos } from '../../domain/quantity.ts';
import { FILTERED, type SliceSelector } from '../../rear/selector.ts';

/** The architecture as a number, then the amounts. */
const WIDTH = 1 + FILTERED.length;
/** Rows that are looked at together: who wants the first few does not wait for all. */
const CHUNK = 4_096;
const NOTHING: readonly number[] = Array.from({ length: WIDTH }, () => Number.NaN);

interface Bound {
  readonly column: Float64Array;
  readonly min: number;
  readonly max: number;
}

const double = (quantity: string | undefined): number => (quantity === undefined ? Number.NaN : Number(nanos(quantity)));

/**
 * Columns of doubles beside the flavors; NaN, where there is no amount, is within no bounds, as the selector has it. Rounding keeps the order of amounts: what lies outside of two bounds lies outside as doubles, or
 * upon them. So what surely is not taken is passed over at memory's speed, and whatever else is asked of the selector itself.
 */
export function openColumns() {
  const architectures = new Map<string, number>();
  let columns = NOTHING.map(() => new Float64Array());
  let rows = 0;

  const numberOf = (architecture: string): number => {
    const known = architectures.get(architecture) ?? architectures.size;
    architectures.set(architecture, known);
    return known;
  };
  const cellsOf = (flavor: Flavor | undefined): readonly number[] => {
    if (flavor?.offer.kind !== 'k8slice') return NOTHING;
    const { architecture, resources } = flavor.offer;
    return [numberOf(architecture), ...FILTERED.map((name) => double(resources[name]))];
  };
  const boundsOf = (selector: SliceSelector): readonly Bound[] => {
    const bounds: Bound[] = [];
    const between = (n: number, min: number, max: number): void => {
      const column = columns[n];
      if (column) bounds.push({ column, min, max });
    };
    const { architecture } = selector;
    if (architecture !== undefined) {
      const number = architectures.get(architecture) ?? -1;
      between(0, number, number);
    }
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
    return bounds;
  };

  const put = (row: number, flavor: Flavor | undefined): void => {
    const cells = cellsOf(flavor);
    for (const [n, column] of columns.entries()) column[row] = cells[n] ?? Number.NaN;
  };

  return {
    put,
    /** Other rows in all: of each the one that it was before, or -1 for the next one that is new. */
    arrange(origins: readonly number[], added: readonly Flavor[]): void {
      rows = origins.length;
      columns = columns.map((column) => moved(column, origins));
      let next = 0;
      for (let row = 0; row < rows; row += 1) if (origins[row] === -1) put(row, added[next++]);
    },
    /** Rows that may be taken, in their order, each when it is asked for. */
    *rows(selector: SliceSelector): Generator<number, void> {
      const [first, ...others] = boundsOf(selector);
      const found = new Uint32Array(CHUNK);
      for (let from = 0; from < rows; from += CHUNK) {
        const end = Math.min(from + CHUNK, rows);
        let count = first ? look(first, found, from, end) : all(found, from, end);
        for (const bound of others) count = lookAgain(bound, found, count);
        for (let n = 0; n < count; n += 1) yield found[n] ?? rows;
      }
    },
  };
}

function moved(column: Float64Array, origins: readonly number[]): Float64Array<ArrayBuffer> {
  const other = new Float64Array(origins.length);
  for (let row = 0; row < other.length; row += 1) other[row] = column[origins[row] ?? 0] ?? Number.NaN;
  return other;
}

function all(found: Uint32Array, from: number, end: number): number {
  for (let row = from; row < end; row += 1) found[row - from] = row;
  return end - from;
}

/** Finds the rows that lie within; answers how many. */
function look({ column, min, max }: Bound, found: Uint32Array, from: number, end: number): number {
  let count = 0;
  if (min === max) {
    // One amount alone is what engines look for without a step of ours for each row.
    const part = column.subarray(from, end);
    for (let at = part.indexOf(min); at >= 0; at = part.indexOf(min, at + 1)) found[count++] = from + at;
    return count;
  }
  for (let row = from; row < end; row += 1) {
    const cell = column[row] ?? Number.NaN;
    if (cell >= min && cell <= max) found[count++] = row;
  }
  return count;
}

/** Of the first `count` rows that were found keeps those that lie within; answers how many. */
function lookAgain({ column, min, max }: Bound, found: Uint32Array, count: number): number {
  let kept = 0;
  for (let n = 0; n < count; n += 1) {
    const row = found[n] ?? 0;
    const cell = column[row] ?? Number.NaN;
    if (cell >= min && cell <= max) found[kept++] = row;
  }
  return kept;
}
