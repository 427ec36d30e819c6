/**
 * The known name that somebody probably meant: the one with the fewest typing mistakes, or else one that contains what was written, or is contained
 * in it (`maxPrice` for `price`); `undefined` when none is near.
 */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  const wanted = plain(written).slice(0, 64);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const word = plain(name);
    // Of three letters one is a third of the word: `gpu` is not a mistyped `cpu`.
    if (word.length <= 3 && word[0] !== wanted[0]) continue;
    const distance = edits(wanted, word);
    if (distance <= Math.max(1, Math.floor(name.length / 3)) && (!best || distance < best.distance)) best = { name, distance };
  }
  return best?.name ?? known.find((name) => contains(wanted, plain(name)) || contains(plain(name), wanted));
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_.\s]/g, '');
/** Of at least half its length, so that `in` is not found everywhere. */
const contains = (long: string, short: string): boolean => short.length >= 3 && short.length * 2 >= long.length && long.includes(short);

/** Insertions, deletions, substitutions and swaps of neighbours between two words. */
function edits(a: string, b: string): number {
  let older: readonly number[] = [];
  let old: readonly number[] = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((old[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (old[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (older[j - 2] ?? 0) + 1);
      row.push(least);
    }
    older = old;
    old = row;
  }
  return old[b.length] ?? 0;
}
