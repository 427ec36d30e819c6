import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../src/domain/candidate.ts';
import { nodeId } from '../../src/domain/ids.ts';
import { planOf, rank, refusedEntry } from '../../src/domain/ranking.ts';
import { sliceFlavor } from './flavors.ts';

const candidate = (
  id: string,
  { price, currency = 'EUR', latencyMs, rating = 0.5 }: { price?: string; currency?: string; latencyMs?: number; rating?: number } = {},
): Candidate => {
  const flavor = sliceFlavor(id);
  return {
    flavor,
    seller: { ...flavor.owner, id: nodeId(id), domain: `${id}.example` },
    dialect: 'rearguard',
    part: { cpu: '1', memory: '1Gi', pods: '10' },
    ...(price === undefined ? {} : { hourly: { amount: price, currency } }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    rating,
  };
};
const order = (candidates: readonly Candidate[], currency?: string) =>
  rank(candidates, currency === undefined ? {} : { currency }).map(({ flavor }) => flavor.id);

describe('rank', () => {
  it.each<[string, readonly Candidate[], string | undefined, readonly string[]]>([
    [
      'price, as a number',
      [
        candidate('a', { price: '10' }),
        candidate('b', { price: '9' }),
        candidate('c', { price: '0.30' }),
        candidate('d', { price: '0.3000001' }),
      ],
      'EUR',
      ['c', 'd', 'b', 'a'],
    ],
    [
      'then latency',
      [candidate('a', { price: '1', latencyMs: 30 }), candidate('b', { price: '1.0', latencyMs: 5 }), candidate('c', { price: '1' })],
      'EUR',
      ['b', 'a', 'c'],
    ],
    [
      'then rating',
      [candidate('a', { price: '1', rating: 0.2 }), candidate('b', { price: '1', rating: 0.9 }), candidate('c', { price: '1' })],
      'EUR',
      ['b', 'c', 'a'],
    ],
    ['then id', [candidate('b'), candidate('c'), candidate('a')], undefined, ['a', 'b', 'c']],
    [
      'no price comes last, near or not',
      [candidate('a', { latencyMs: 0, rating: 1 }), candidate('b', { price: '1000' })],
      undefined,
      ['b', 'a'],
    ],
    [
      'the wanted currency first',
      [candidate('a', { price: '1', currency: 'CHF' }), candidate('b', { price: '100', currency: 'EUR' }), candidate('c')],
      'eur',
      ['b', 'a', 'c'],
    ],
    [
      'currencies are not compared',
      [
        candidate('a', { price: '5', currency: 'USD' }),
        candidate('b', { price: '1', currency: 'JPY' }),
        candidate('c', { price: '4', currency: 'USD' }),
      ],
      undefined,
      ['b', 'c', 'a'],
    ],
  ])('%s', (_, candidates, currency, expected) => expect(order(candidates, currency)).toEqual(expected));

  const some = fc.uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[a-z]{1,4}$/),
      price: fc.option(
        fc.integer({ min: 0, max: 5 }).map((n) => `${n}.5`),
        { nil: undefined },
      ),
      currency: fc.constantFrom('EUR', 'USD', 'eur'),
      latencyMs: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
      rating: fc.constantFrom(0, 0.5, 1),
    }),
    { selector: ({ id }) => id, maxLength: 12 },
  );
  const shuffled = some.chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })));
  it('does not depend on the order in which they came', () =>
    fc.assert(
      fc.property(shuffled, ([rows, others]) => {
        const made = ({ id, price, latencyMs, ...rest }: (typeof rows)[number]) =>
          candidate(id, { ...rest, ...(price === undefined ? {} : { price }), ...(latencyMs === undefined ? {} : { latencyMs }) });
        expect(order(others.map(made), 'EUR')).toEqual(order(rows.map(made), 'EUR'));
      }),
    ));
});

describe('planOf', () => {
  it('ranks what is open, says why each comes after the one before', () => {
    const plan = planOf(
      rank(
        [
          candidate('e', { price: '2', rating: 0.4, latencyMs: 3 }),
          candidate('d', { price: '2', latencyMs: 3 }),
          candidate('c', { price: '2' }),
          candidate('b', { price: '1' }),
          candidate('a'),
          candidate('f', { price: '0.1', currency: 'USD' }),
          candidate('g', { price: '0.1', currency: 'USD' }),
        ],
        { currency: 'EUR' },
      ),
    );
    expect(plan.map(({ rank: place, flavorId, verdict, reasons }) => [place, flavorId, verdict, reasons.at(-1)])).toEqual([
      [1, 'b', 'open', 'part: 1 cpu, 1Gi memory, 10 pods; 1 EUR/h; no stated latency'],
      [2, 'd', 'open', 'after b: it costs more'],
      [3, 'e', 'open', 'after d: it is rated lower'],
      [4, 'c', 'open', 'after e: it states no latency'],
      [5, 'f', 'open', 'after c: its currency comes later, and currencies are not compared'],
      [6, 'g', 'open', 'after f: equal otherwise, by id'],
      [7, 'a', 'open', 'after g: it has no price'],
    ]);
    expect(plan[0]).toMatchObject({ seller: 'b.example', hourly: { amount: '1', currency: 'EUR' } });
    expect(plan.map(({ rating }) => rating)).toEqual([undefined, undefined, 0.4, undefined, undefined, undefined, undefined]);
  });

  it('says why a cheaper one comes last', () => {
    const last = 'its seller comes last in this intent, since the last attempt there ended: withdrawn-by-seller';
    const plan = planOf([candidate('b', { price: '2' }), candidate('a', { price: '1' }), candidate('c', { price: '1.5' })], ({ flavor }) =>
      flavor.id === 'b' ? undefined : last,
    );
    expect(plan.map(({ rank: place, flavorId, reasons }) => [place, flavorId, reasons.slice(1)])).toEqual([
      [1, 'b', []],
      [2, 'a', [`after b: ${last}`]],
      [3, 'c', [`after a: it costs more; ${last}`]],
    ]);
    expect(planOf([candidate('a')], () => last)[0]?.reasons.slice(1)).toEqual([last]);
  });

  it('shows prices as people read them, and the exact ones where these look the same', () => {
    const [, dearer] = planOf([candidate('a', { price: '0.083333333333' }), candidate('b', { price: '0.083333333334' })]);
    expect(dearer?.reasons[0]).toContain('; ~0.0834 EUR/h; ');
    expect(dearer?.reasons[1]).toBe('after a: it costs more: exactly 0.083333333334, not 0.083333333333');
  });

  it('tells of a flavor that will not do why', () => {
    const refused = refusedEntry(sliceFlavor('r', { offer: { latencyMs: 80 } }), [{ code: 'latency', detail: 'states 80 ms' }]);
    expect(refused).toMatchObject({ flavorId: 'r', verdict: 'refused', reasons: ['latency: states 80 ms'], latencyMs: 80 });
  });
});
