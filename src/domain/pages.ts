/** Where a row stands in its list: by what the list is ordered, none of which ever changes while the row is there. */
export type Place = readonly (string | number)[];
/** Of a list by time, newest first: RFC 3339, and what orders those of the same moment. */
export type ByTime = readonly [at: string, name: string];
/** Of a list by names. */
export type ByName = readonly [name: string];
export type ByNames = readonly [first: string, second: string];

/** So many rows of a list: its first, or those after a place, whether or not a row stands there still. What is written meanwhile moves no row from one page to another. */
export interface PageOf<P extends Place> {
  readonly limit: number;
  readonly after?: P;
}

/** `next` is the place of its last row, where others follow. */
export interface Page<T, P extends Place> {
  readonly items: readonly T[];
  readonly next?: P;
}

/** A page of rows in their order, of which one more was looked for than it may hold. */
export function pageOf<R, T, P extends Place>(
  rows: readonly R[],
  limit: number,
  { item, place }: { readonly item: (row: R) => T; readonly place: (row: R) => P },
): Page<T, P> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(item), ...(rows.length > limit && last !== undefined && { next: place(last) }) };
}

/** A page of rows that are all at hand, in their order; `isAfter` says whether a place comes after another one. */
export function pageIn<T, P extends Place>(
  rows: readonly T[],
  { limit, after }: PageOf<P>,
  { place, isAfter }: { readonly place: (row: T) => P; readonly isAfter: (place: P, other: P) => boolean },
): Page<T, P> {
  const left = after === undefined ? rows : rows.filter((row) => isAfter(place(row), after));
  return pageOf(left, limit, { item: (row) => row, place });
}

/** The order of lists by time: newest first, those of the same moment by name. */
export const isOlder = ([at, name]: ByTime, [otherAt, other]: ByTime): boolean => {
  const later = Date.parse(otherAt) - Date.parse(at);
  return later === 0 ? name > other : later > 0;
};
/** The order of lists by names. */
export const isBehind = (place: Place, other: Place): boolean => {
  const i = place.findIndex((part, index) => part !== other[index]);
  const [a, b] = [place[i], other[i]];
  return a !== undefined && b !== undefined && a > b;
};
