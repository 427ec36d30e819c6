const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const GRAMMAR = /^(?:\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h|d))+$/;

/** The longest that we wait for anything: ten years. */
export const LONGEST_MS = 3_650 * 86_400_000;

/** Reads `20ms`, `90s`, `10m`, `1h30m` or `2d` as whole milliseconds, rounded up; `undefined` when it is none, or longer than {@link LONGEST_MS}. */
export function parseDuration(text: string): number | undefined {
  if (text.length > 64 || !GRAMMAR.test(text)) return undefined;
  let sum = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)) sum += Number(amount) * (UNITS[unit] ?? 0);
  return sum <= LONGEST_MS ? Math.ceil(sum) : undefined;
}

/** Writes whole milliseconds so that {@link parseDuration} reads them back exactly: `1h30m`. */
export function formatDuration(milliseconds: number): string {
  let left = milliseconds;
  const parts: string[] = [];
  for (const [unit, size] of Object.entries(UNITS).toReversed()) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count}${unit}`);
    left -= count * size;
  }
  return parts.join('') || '0s';
}
