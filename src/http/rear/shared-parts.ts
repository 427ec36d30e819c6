import { type Flavor, isSlice, type K8Slice } from '../../domain/flavor.ts';

/** Different ones of a part that are remembered; a node has as many as it has kinds of machines, and of an offer as many as amounts that are left of them, unless somebody writes one by hand for each. */
const MOST = 10_000;

/** Parts that say the same become one object. */
function sharing<T extends object>(): (part: T) => T {
  const known = new Map<string, T>();
  return (part) => {
    const text = JSON.stringify(part);
    const same = known.get(text);
    if (same !== undefined) return same;
    if (known.size >= MOST) known.clear();
    known.set(text, part);
    return part;
  };
}

/** Flavors that share what is alike in them: a hundred thousand from the store have a hundred thousand owners, all the same, to keep and to write. */
export function sharedParts(): (flavor: Flavor) => Flavor {
  const [owner, location, terms, price, slice] = [
    sharing<Flavor['owner']>(),
    sharing<NonNullable<Flavor['location']>>(),
    sharing<NonNullable<Flavor['terms']>>(),
    sharing<NonNullable<Flavor['price']>>(),
    sharing<K8Slice>(),
  ];
  return (flavor) => ({
    ...flavor,
    owner: owner(flavor.owner),
    ...(flavor.location && { location: location(flavor.location) }),
    ...(flavor.terms && { terms: terms(flavor.terms) }),
    ...(flavor.price && { price: price(flavor.price) }),
    ...(isSlice(flavor) && { offer: slice(flavor.offer) }),
  });
}
