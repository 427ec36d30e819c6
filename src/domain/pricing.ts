import type { Flavor } from './flavor.ts';
import { type Price, parseAmount, share } from './money.ts';
import { nanos } from './quantity.ts';
import { RESOURCE_NAMES, type Resources } from './resources.ts';

/**
 * What a part of a flavor costs, so that buyer and seller come to the same digit: the largest share that any of its resources has of the
 * flavor's total, of the flavor's price, as an exact decimal rounded up; at most the whole price. `undefined` when the flavor has none.
 */
export function priceOfPart(flavor: Flavor, part: Resources): Price | undefined {
  const { price, offer } = flavor;
  if (price === undefined || parseAmount(price.amount) === undefined) return undefined;
  if (offer.kind !== 'k8slice') return price;
  let [numerator, denominator] = [0n, 1n];
  for (const name of RESOURCE_NAMES) {
    const total = nanos(offer.resources[name] ?? '0');
    const wanted = nanos(part[name] ?? '0');
    if (total > 0n && wanted * denominator > numerator * total) [numerator, denominator] = [wanted, total];
  }
  if (numerator > denominator) [numerator, denominator] = [1n, 1n];
  return { ...price, amount: share(price.amount, numerator, denominator) };
}
