import { z } from 'zod';
import type { Location, Offer } from '../domain/flavor.ts';
import type { Price } from '../domain/money.ts';
import { location, price } from './flavor.ts';
import { offer } from './offer.ts';
import { compact, firstIssue, goObject, strictText } from './reading.ts';

/** What the spec of FLUIDOS' resource Flavor (`nodecore.fluidos.eu/v1alpha1`) says of what is for sale. Whose it is we know better. */
export interface FlavorResource {
  readonly offer: Offer;
  readonly price?: Price;
  readonly location?: Location;
  readonly networkPropertyType?: string;
  readonly available: boolean;
}

/** The resource spells right what the wire misspells (`characteristics`), and other keys otherwise (`flavorType`, `carbon-footprint`). */
const spec = goObject({
  flavorType: offer,
  price,
  location,
  networkPropertyType: strictText,
  availability: z.boolean().optional(),
}).transform(
  ({ flavorType, price, location, networkPropertyType, availability }): FlavorResource => ({
    offer: flavorType,
    ...compact({
      price,
      location: Object.keys(location).length === 0 ? undefined : location,
      networkPropertyType: networkPropertyType === '' ? undefined : networkPropertyType,
    }),
    available: availability ?? true,
  }),
);

/** Reads such a spec, or says what is wrong with it. */
export function readFlavorResource(value: unknown): FlavorResource | { readonly wrong: string } {
  const read = spec.safeParse(value);
  return read.success ? read.data : { wrong: firstIssue(read.error) };
}
