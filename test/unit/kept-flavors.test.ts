/** What is kept of the list answers every selector as the selector itself does. */
import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { flavorId } from '../../src/domain/ids.ts';
import type { Flavor } from '../../src/domain/flavor.ts';
import type { Listing } from '../../src/ports/inventory.ts';
import { openKeptFlavors } from '../../src/http/rear/kept-flavors.ts';
import { type SliceSelector, selectsSlice } from '../../src/rear/selector.ts';
import { identityOf, sliceOf } from '../fakes/samples.ts';

const owner = identityOf('north');
/** Few enough that flavors and bounds meet, some further apart than doubles can tell. */
const quantity = fc.constantFrom(
  '0',
  '1',
  '1000m',
  '2',
  '999999999n',
  '1000000001n',
  '9007199254740993',
  '9007199254740992',
  '1Gi',
  '1073741824',
);
const slice = fc
  .record({
    cpu: quantity,
    memory: quantity,
    pods: quantity,
    storage: fc.option(quantity, { nil: undefined }),
    architecture: fc.constantFrom('amd64', 'arm64'),
  })
  .map(({ architecture, storage, ...rest }) => {
    const { offer } = sliceOf(owner);
    return { ...offer, architecture, resources: { ...rest, ...(storage !== undefined && { storage }) } };
  });
const service: Flavor['offer'] = {
  kind: 'service',
  name: 'db',
  description: '',
  category: 'database',
  tags: [],
  hostingPolicies: [],
  configurationTemplate: {},
};
const bounds = fc.oneof(
  quantity.map((match) => ({ match })),
  fc.record({ min: quantity, max: quantity }, { requiredKeys: [] }),
);
const selector: fc.Arbitrary<SliceSelector> = fc.record(
  { architecture: fc.constantFrom('amd64', 'arm64', 'AMD64'), cpu: bounds, memory: bounds, pods: bounds, storage: bounds },
  { requiredKeys: [] },
);
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const change = fc.record({
  name: fc.constantFrom(...NAMES),
  offer: fc.option(fc.oneof({ weight: 9, arbitrary: slice }, { weight: 1, arbitrary: fc.constant(service) }), { nil: undefined }),
  generation: fc.nat(2),
  available: fc.boolean(),
});

it('whatever changed before, and in the order of the lineages', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 6 }),
      selector,
      fc.integer({ min: 1, max: 5 }),
      (told, wanted, most) => {
        const kept = openKeptFlavors();
        const all = new Map<string, Flavor>();
        for (const changes of told) {
          const listings = changes.map(({ name, offer, generation, available }) => {
            const flavor = offer && { ...sliceOf(owner), offer, available, id: flavorId(`${name}-${generation}`) };
            all.delete(name);
            if (flavor && available) all.set(name, flavor);
            return { lineage: name, ...(flavor && { flavor }) };
          });
          kept.put(listings);
        }
        const right = [...all].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, flavor]) => flavor);
        const taken = right.filter((flavor) => selectsSlice(wanted, flavor));
        expect(kept.slices(wanted, most)).toEqual({ flavors: taken.slice(0, most), more: taken.length > most });
        expect(kept.first(() => true, 9).flavors).toEqual(right);
        expect(kept.isEmpty()).toBe(right.length === 0);
        for (const name of NAMES)
          for (const generation of [0, 1, 2]) {
            const id = `${name}-${generation}`;
            expect(kept.find(id)).toEqual(right.find((flavor) => flavor.id === id));
          }
      },
    ),
    { numRuns: 1_000 },
  );
});

test('what ends is asked for from its moment on, until it is said anew', () => {
  const kept = openKeptFlavors();
  kept.put([
    { lineage: 'a', changesAt: 20 },
    { lineage: 'b', flavor: sliceOf(owner), changesAt: 10 },
  ]);
  expect(kept.ended(9)).toEqual([]);
  expect(kept.ended(10)).toEqual(['b']);
  expect(kept.ended(20)).toEqual(['a', 'b']);
  kept.put([{ lineage: 'b', changesAt: 30 }, { lineage: 'a' }]);
  expect(kept.ended(29)).toEqual([]);
  expect(kept.ended(30)).toEqual(['b']);
  kept.clear();
  expect(kept.ended(99)).toEqual([]);
});

/** Thousands, so that a question goes through several chunks of rows. */
const many = (count: number, cpu: (n: number) => string): Listing[] =>
  Array.from({ length: count }, (_, n) => {
    const lineage = `many-${String(n).padStart(5, '0')}`;
    const { offer } = sliceOf(owner);
    return {
      lineage,
      flavor: { ...sliceOf(owner), id: flavorId(lineage), offer: { ...offer, resources: { ...offer.resources, cpu: cpu(n) } } },
    };
  });

test('of many in no order, few are found, and the first ones of all', () => {
  const listings = many(10_000, (n) => String(1 + (n % 1_000)));
  const kept = openKeptFlavors();
  kept.put(listings.toReversed());
  const ids = (from: number, count: number) => Array.from({ length: count }, (_, n) => `many-${String(from + n * 1_000).padStart(5, '0')}`);
  expect(kept.slices({ cpu: { match: '8' } }, 50).flavors.map(({ id }) => id)).toEqual(ids(7, 10));
  expect(kept.slices({ cpu: { min: '1000' } }, 4)).toMatchObject({ flavors: ids(999, 4).map((id) => ({ id })), more: true });
});

test('places of what is not listed any more are used again, and given up when they are most', () => {
  const kept = openKeptFlavors();
  const listings = many(9, () => '8');
  kept.put(listings);
  kept.put(listings.slice(0, 5).map(({ lineage }) => ({ lineage })));
  expect(kept.first(() => true, 9).flavors).toHaveLength(4);
  kept.put(listings.slice(2, 3));
  expect(kept.first(() => true, 9).flavors).toEqual([2, 5, 6, 7, 8].map((n) => listings[n]?.flavor));
  kept.put(listings.slice(5).map(({ lineage }) => ({ lineage })));
  kept.put([{ lineage: 'z', flavor: { ...sliceOf(owner), id: flavorId('z') } }]);
  kept.put(listings.slice(0, 1));
  expect(kept.first(() => true, 9).flavors.map(({ id }) => id)).toEqual(['many-00000', 'many-00002', 'z']);
  expect(kept.slices({ cpu: { match: '8' } }, 9).flavors).toHaveLength(3);
});
