/** Kubernetes quantities (`resource.Quantity`) as exact numbers of nano-units; compared numerically, never as text. */

/** A quantity in its wire form, e.g. `500m`, `8Gi`, `7970838142n`; canonical when it comes from {@link formatQuantity}. */
export type Quantity = string;

const DECIMAL: Record<string, bigint> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  '': 1_000_000_000n,
  k: 10n ** 12n,
  M: 10n ** 15n,
  G: 10n ** 18n,
  T: 10n ** 21n,
  P: 10n ** 24n,
  E: 10n ** 27n,
};
const BINARY: Record<string, bigint> = {
  Ki: 1024n * 10n ** 9n,
  Mi: 1024n ** 2n * 10n ** 9n,
  Gi: 1024n ** 3n * 10n ** 9n,
  Ti: 1024n ** 4n * 10n ** 9n,
  Pi: 1024n ** 5n * 10n ** 9n,
  Ei: 1024n ** 6n * 10n ** 9n,
};
const WHOLE = 10n ** 9n;
const EXACT = BigInt(Number.MAX_SAFE_INTEGER);
const GRAMMAR = /^([+-]?)(\d*)(?:\.(\d*))?(?:(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?\d{1,3}))?$/;

/** Amounts repeat: of a hundred thousand flavors most have the same minimum, step and memory. So many are remembered, since whoever asks may name others without end. */
const MOST_KNOWN = 1_024;
const known = new Map<string, bigint>();

/** Reads a quantity as nano-units; `undefined` when it is not one. Below one nano is rounded up, as Kubernetes does. */
export function parseQuantity(text: string): bigint | undefined {
  const before = known.get(text);
  if (before !== undefined) return before;
  const value = text.length > 64 ? undefined : read(text);
  if (value === undefined) return undefined;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(text, value);
  return value;
}

function read(text: string): bigint | undefined {
  const found = GRAMMAR.exec(text);
  if (!found) return undefined;
  const [, sign, whole = '', fraction = '', suffix, exponent] = found;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(whole + fraction);
  const scale = suffix === undefined ? WHOLE : (DECIMAL[suffix] ?? BINARY[suffix] ?? 0n);
  const nanos =
    fraction === '' && exponent === undefined ? digits * scale : scaled(digits, scale, fraction.length, Number(exponent ?? '0'));
  return nanos !== undefined && sign === '-' ? -nanos : nanos;
}

function scaled(digits: bigint, scale: bigint, decimals: number, power: number): bigint | undefined {
  if (Math.abs(power) > 30) return undefined;
  const product = digits * scale * 10n ** BigInt(Math.max(power, 0));
  const divisor = 10n ** BigInt(decimals + Math.max(-power, 0));
  return product / divisor + (product % divisor === 0n ? 0n : 1n);
}

/** Nano-units of a quantity that is known to be one; throws on anything else (a bug, not a fault). */
export function nanos(quantity: Quantity): bigint {
  const value = parseQuantity(quantity);
  if (value === undefined) throw new Error(`not a quantity: ${quantity}`);
  return value;
}

export type QuantityFamily = 'decimal' | 'binary';

/** Writes nano-units canonically: the largest suffix that leaves a whole number; below 1024 also a binary one in decimal, as Kubernetes does. */
export function formatQuantity(value: bigint, family: QuantityFamily = 'decimal'): Quantity {
  if (value === 0n) return '0';
  if (value < 0n) return `-${formatQuantity(-value, family)}`;
  return family === 'binary' && value >= 1024n * WHOLE && value % WHOLE === 0n
    ? shortest(value / WHOLE, 1024, ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'])
    : shortest(value, 1000, ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']);
}

/** In the largest unit that leaves a whole number. A long list is tens of thousands of these: a number, where it is exact, is several times as fast as a big integer. */
function shortest(value: bigint, step: number, units: readonly string[]): string {
  const last = units.length - 1;
  let power = 0;
  if (value <= EXACT) {
    let rest = Number(value);
    for (; power < last && rest % step === 0; power += 1) rest /= step;
    return `${rest}${units[power]}`;
  }
  let rest = value;
  for (const by = BigInt(step); power < last && rest % by === 0n; power += 1) rest /= by;
  return `${rest}${units[power]}`;
}

/** Which family a quantity was written in; memory and storage are binary by custom. */
export const familyOf = (quantity: Quantity): QuantityFamily => (quantity.endsWith('i') ? 'binary' : 'decimal');

/** Most that are written down are canonical as they are: below a thousand of the unit nothing is left to shorten. */
const SHORT = /^[1-9]\d{0,2}(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;

/** The canonical spelling of a quantity, its family kept. */
export const canonical = (quantity: Quantity): Quantity =>
  SHORT.test(quantity) ? quantity : formatQuantity(nanos(quantity), familyOf(quantity));
