/** Flavors from the store share what is alike in them, and say what they said. */
import { expect, it } from 'vitest';
import type { Flavor } from '../../src/domain/flavor.ts';
import { flavorId } from '../../src/domain/ids.ts';
import { sharedParts } from '../../src/http/rear/shared-parts.ts';
import { encodeFlavor } from '../../src/rear/flavor.ts';
import { identityOf, sliceOf } from '../fakes/samples.ts';

/** As one is read from the store: nothing in it is anybody else's. */
const read = (name: string, change: Partial<Flavor> = {}): Flavor => {
  const flavor: Flavor = {
    ...sliceOf(identityOf('north')),
    location: { country: 'IT', city: 'Torino' },
    price: { amount: '0.10', currency: 'EUR', period: 'hourly' },
    terms: { noticeMs: 60_000 },
    id: flavorId(name),
    ...change,
  };
  return structuredClone(flavor);
};
const partsOf = ({ owner, location, price, terms, offer }: Flavor) => [
  owner,
  location,
  price,
  terms,
  offer,
  offer.kind === 'k8slice' && offer.partitionability,
];

it('makes parts that say the same one object', () => {
  const share = sharedParts();
  const [one, other] = [share(read('a')), share(read('b'))];
  for (const [n, part] of partsOf(one).entries()) expect(partsOf(other)[n]).toBe(part);
});

it('keeps every flavor as it was', () => {
  const share = sharedParts();
  const flavors = [read('a'), read('b', { location: { city: 'Milano' } }), read('c', { owner: identityOf('south') }), read('d')];
  expect(flavors.map(share)).toEqual(flavors);
});

it('writes a flavor whose part is shared as one whose part is not, and other parts as they are', () => {
  const share = sharedParts();
  const { offer } = sliceOf(identityOf('north'));
  for (const flavor of [
    read('a'),
    read('b', { terms: { noticeMs: 120_000 } }),
    read('c', { location: { city: '<Torino & Milano>' } }),
    read('d', { offer: { ...offer, resources: { ...offer.resources, cpu: '3' } } }),
    read('e', { offer: { ...offer, partitionability: { ...offer.partitionability, min: { ...offer.partitionability.min, cpu: '2' } } } }),
    read('f', { price: { amount: '0.20', currency: 'EUR', period: 'hourly' } }),
  ]) {
    expect(encodeFlavor(share(flavor))).toBe(encodeFlavor(flavor));
    expect(encodeFlavor(share(flavor))).toBe(encodeFlavor(flavor));
  }
  expect(encodeFlavor(read('c', { location: { city: '<&>' } }))).toContain('"city":"\\u003c\\u0026\\u003e"');
});

it('writes what needs no escape as it is, and everything else as Go does', () => {
  const row = JSON.parse(encodeFlavor(read('d', { networkPropertyType: 'a"b\\c<d>\u2028é' })));
  expect(row.networkPropertyType).toBe('a"b\\c<d>\u2028é');
  expect(encodeFlavor(read('d', { networkPropertyType: '<"é' }))).toContain('"networkPropertyType":"\\u003c\\"é"');
  expect(encodeFlavor(read('d', { networkPropertyType: 'plain text' }))).toContain('"networkPropertyType":"plain text"');
});
