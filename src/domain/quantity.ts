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
const GRAMMAR = /^([+-]?)(\d*)(?:\.(\d*))?(?:(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?\d{1,3}))?$/;

/** Reads a quantity as nano-units; `undefined` when it is not one. Below one nano is rounded up, as Kubernetes does. */
export function parseQuantity(text: string): bigint | undefined {
  if (text.length > 64) return undefined;
  const found = GRAMMAR.exec(text);
  if (!found) return undefined;
  const [, sign, whole = '', fraction = '', suffix, exponent] = found;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(whole + fraction);
  let scale = suffix === undefined ? 10n ** 9n : (DECIMAL[suffix] ?? BINARY[suffix] ?? 0n);
  let divisor = 10n ** BigInt(fraction.length);
  if (exponent !== undefined) {
    const power = Number(exponent);
    if (Math.abs(power) > 30) return undefined;
    if (power >= 0) scale *= 10n ** BigInt(power);
    else divisor *= 10n ** BigInt(-power);
  }
  const product = digits * scale;
  const nanos = product / divisor + (product % divisor === 0n ? 0n : 1n);
  return sign === '-' ? -nanos : nanos;
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
  if (family === 'binary' && value % 10n ** 9n === 0n && value >= 1024n * 10n ** 9n) {
    const whole = value / 10n ** 9n;
    for (const suffix of ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki']) {
      const scale = (BINARY[suffix] ?? 1n) / 10n ** 9n;
      if (whole % scale === 0n) return `${whole / scale}${suffix}`;
    }
    return whole.toString();
  }
  for (const suffix of ['E', 'P', 'T', 'G', 'M', 'k', '', 'm', 'u', 'n']) {
    const scale = DECIMAL[suffix] ?? 1n;
    if (value % scale === 0n) return `${value / scale}${suffix}`;
  }
  return `${value}n`;
}

/** Which family a quantity was written in; memory and storage are binary by custom. */
export const familyOf = (quantity: Quantity): QuantityFamily => (quantity.endsWith('i') ? 'binary' : 'decimal');

/** The canonical spelling of a quantity, its family kept. */
export const canonical = (quantity: Quantity): Quantity => formatQuantity(nanos(quantity), familyOf(quantity));
