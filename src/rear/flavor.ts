import { z } from 'zod';
import type { Flavor, Location } from '../domain/flavor.ts';
import { DNS_SUBDOMAIN, flavorId, nodeId } from '../domain/ids.ts';
import { PERIODS, parseAmount, type Price } from '../domain/money.ts';
import { ADDRESS, identity, writeIdentity } from './identity.ts';
import { encode, isRecord, omitEmpty, writtenOnce } from './json.ts';
import { offer, offerText } from './offer.ts';
import { offerTerms, writeOfferTerms } from './offer-terms.ts';
import { compact, firstIssue, goObject, strictText, text } from './reading.ts';

/** Go's zero time: a contract of a FLUIDOS node carries it in its flavor. */
export const UNSET_TIME = '0001-01-01T00:00:00Z';

/** RFC 3339 to the second, as a FLUIDOS node writes it. */
export const writeTime = (time: string): string => time.replace(/\.\d+(?=Z$|[+-]\d\d:\d\d$)/, '');

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
export const isTime = (value: string): boolean => RFC3339.test(value) && !Number.isNaN(Date.parse(value));

/** How else people write a period: REAR does not list the words. */
const UNITS = { hourly: 'hour', daily: 'day', weekly: 'week', monthly: 'month', yearly: 'year' } as const;

/** Empty strings are no price (the default installation of a FLUIDOS node); a price that cannot be compared makes the row unreadable, never free. */
export const price = goObject({ amount: text, currency: text, period: text }).transform(
  ({ amount, currency, period }, context): Price | undefined => {
    if (amount === '') return undefined;
    const known = PERIODS.find((each) => each === period.toLowerCase() || UNITS[each] === period.toLowerCase());
    if (parseAmount(amount) === undefined || known === undefined || !/^\P{C}{1,16}$/u.test(currency)) {
      context.issues.push({ code: 'custom', message: 'a price that cannot be compared', input: amount });
      return z.NEVER;
    }
    return { amount, currency, period: known };
  },
);

/** The country travels as `altitude` between FLUIDOS nodes; the specification calls it `country`. */
export const location = goObject(
  { latitude: text, longitude: text, altitude: text, city: text, additionalNotes: text },
  { country: 'altitude' },
).transform(
  ({ altitude, ...rest }): Location =>
    Object.fromEntries(Object.entries({ ...rest, country: altitude }).filter(([, value]) => value !== '')),
);

export const flavor = goObject({
  flavorID: strictText.refine((value) => DNS_SUBDOMAIN.test(value), 'not a lower-case Kubernetes name'),
  providerID: strictText,
  type: offer,
  networkPropertyType: strictText,
  timestamp: strictText,
  location,
  price,
  owner: identity.refine(({ address }) => ADDRESS.test(address), 'the owner has no address'),
  availability: z.boolean().optional(),
  terms: z.union([z.undefined(), offerTerms]),
}).transform(
  ({ flavorID, providerID, type, networkPropertyType, timestamp, location, price, owner, availability, terms }): Flavor => ({
    id: flavorId(flavorID),
    providerId: nodeId(providerID),
    offer: type,
    ...compact({
      networkPropertyType: networkPropertyType === '' ? undefined : networkPropertyType,
      price,
      location: Object.keys(location).length === 0 ? undefined : location,
      terms,
    }),
    owner,
    available: availability ?? true,
    createdAt: isTime(timestamp) ? timestamp : UNSET_TIME,
  }),
);

/** LIST's answer: rows that cannot be read are left out and told, as `id: why`. Throws when it is no list at all. */
export function readFlavors(value: unknown): { readonly flavors: readonly Flavor[]; readonly unreadable: readonly string[] } {
  const flavors: Flavor[] = [];
  const unreadable: string[] = [];
  const rows = value === null ? [] : z.array(z.unknown()).parse(value);
  for (const row of rows) {
    const read = flavor.safeParse(row);
    if (read.success) flavors.push(read.data);
    else unreadable.push(`${nameOf(row)}: ${firstIssue(read.error)}`);
  }
  return { flavors, unreadable };
}

function nameOf(row: unknown): string {
  const id = isRecord(row) ? Object.entries(row).find(([key]) => key.toLowerCase() === 'flavorid')?.[1] : undefined;
  return typeof id === 'string' ? JSON.stringify(id.slice(0, 80)) : 'a row without an id';
}

const locationText = writtenOnce(({ country, ...rest }: Location) => ({
  ...omitEmpty('latitude', rest.latitude),
  ...omitEmpty('longitude', rest.longitude),
  ...omitEmpty('altitude', country),
  ...omitEmpty('city', rest.city),
  ...omitEmpty('additionalNotes', rest.additionalNotes),
}));
const ownerText = writtenOnce(writeIdentity);
const termsText = writtenOnce(writeOfferTerms);
const priceText = writtenOnce(({ amount, currency, period }: Price) => ({ amount, currency, period }));
const NO_PRICE = encode({ amount: '', currency: '', period: '' });

/** Most texts are written as they are: asking what is to escape in them takes longer than the rest of a row. */
const PLAIN = /^[\w .:+-]*$/;
const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : encode(text));

/**
 * A flavor as it is written. Its parts (what it offers, its price, owner, location, terms) are written once each, however many flavors share them: a list of a thousand is of a few makes, and was most of what LIST
 * cost.
 */
export function encodeFlavor(flavor: Flavor): string {
  const { networkPropertyType = '', price } = flavor;
  const property = networkPropertyType === '' ? '' : `,"networkPropertyType":${quoted(networkPropertyType)}`;
  const place = flavor.location === undefined ? '{}' : locationText(flavor.location);
  const location = place === '{}' ? '' : `,"location":${place}`;
  const priced = price === undefined ? NO_PRICE : priceText(price);
  // Ours alone: a FLUIDOS node passes over keys that it does not know.
  const terms = flavor.terms === undefined ? '' : `,"terms":${termsText(flavor.terms)}`;
  return (
    `{"flavorID":${quoted(flavor.id)},"providerID":${quoted(flavor.providerId)},"type":${offerText(flavor.offer)}${property}` +
    `,"timestamp":${quoted(writeTime(flavor.createdAt))}${location},"price":${priced}` +
    `,"owner":${ownerText(flavor.owner)},"availability":${flavor.available}${terms}}`
  );
}

/** The same as a value, to stand within another one. */
export const writeFlavor = (flavor: Flavor): unknown => JSON.parse(encodeFlavor(flavor));
