import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, familyOf, formatQuantity, nanos, parseQuantity } from '../../src/domain/quantity.ts';

describe('parseQuantity', () => {
  it.each<[string, bigint]>([
    ['0', 0n],
    ['1', 10n ** 9n],
    ['+1', 10n ** 9n],
    ['-1', -(10n ** 9n)],
    ['.5', 5n * 10n ** 8n],
    ['5.', 5n * 10n ** 9n],
    ['1.5', 1_500_000_000n],
    ['100m', 10n ** 8n],
    ['7970838142n', 7_970_838_142n],
    ['3u', 3_000n],
    ['2k', 2n * 10n ** 12n],
    ['1M', 10n ** 15n],
    ['1E', 10n ** 27n],
    ['1e3', 10n ** 12n],
    ['1E3', 10n ** 12n],
    ['1E-3', 10n ** 6n],
    ['1e+2', 10n ** 11n],
    ['1Ki', 1024n * 10n ** 9n],
    ['0.5Gi', 2n ** 29n * 10n ** 9n],
    ['1Ei', 2n ** 60n * 10n ** 9n],
    ['0.1n', 1n],
    ['0.0000000001', 1n],
    ['-0.1n', -1n],
    ['1.0000000001', 10n ** 9n + 1n],
  ])('%s', (text, value) => expect(parseQuantity(text)).toBe(value));

  it('reads each of more quantities than are remembered, and refuses what is none, however often', () => {
    const numbers = Array.from({ length: 3_000 }, (_, n) => n);
    for (const _ of [1, 2]) {
      expect(numbers.map((n) => parseQuantity(`${n}m`))).toEqual(numbers.map((n) => BigInt(n) * 1_000_000n));
      expect(parseQuantity('1KiB')).toBeUndefined();
    }
  });

  it.each([
    '',
    '.',
    '+',
    'm',
    'K',
    '1K',
    '1KiB',
    '1kb',
    '1 ',
    ' 1',
    '1,5',
    '0x10',
    '1e',
    '1ee3',
    '1e1.5',
    '--1',
    '1Gi2',
    'NaN',
    'Infinity',
    '1e99',
    '1'.repeat(65),
  ])('refuses %j', (text) => expect(parseQuantity(text)).toBeUndefined());

  it('never throws', () => fc.assert(fc.property(fc.string(), (text) => ['bigint', 'undefined'].includes(typeof parseQuantity(text)))));
});

describe('formatQuantity', () => {
  it.each([
    ['1000m', '1'],
    ['1024Ki', '1Mi'],
    ['1.5', '1500m'],
    ['0.5Gi', '512Mi'],
    ['7970838142n', '7970838142n'],
    ['1000', '1k'],
    ['110', '110'],
    ['1536Ki', '1536Ki'],
    ['1.5Ki', '1536'],
    ['0.1Ki', '102400m'],
    ['-1024Mi', '-1Gi'],
    ['0Gi', '0'],
    ['1000E', '1000E'],
    ['2048Ei', '2048Ei'],
    // On both sides of what a number says exactly.
    ['9007199254740991n', '9007199254740991n'],
    ['9007199254740993n', '9007199254740993n'],
    ['9007199254740993000n', '9007199254740993u'],
    ['9007199254740993Ki', '9007199254740993Ki'],
    ['9007199254740992Ki', '8Ei'],
  ])('%s is canonically %s, as a FLUIDOS node writes it', (text, expected) => expect(canonical(text)).toBe(expected));

  it('writes less than 1024 in decimal, as Kubernetes does', () => expect(formatQuantity(nanos('1000'), 'binary')).toBe('1k'));

  const value = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
  const family = fc.constantFrom('decimal' as const, 'binary' as const);
  it('reads back what it writes', () => fc.assert(fc.property(value, family, (v, f) => parseQuantity(formatQuantity(v, f)) === v)));
  it('is stable', () =>
    fc.assert(
      fc.property(value, family, (v, f) => {
        const text = formatQuantity(v, f);
        return formatQuantity(nanos(text), f) === text;
      }),
    ));
  it('knows short ones by their look', () => {
    const units = fc.constantFrom('', ...'n u m k M G T P E Ki Mi Gi Ti Pi Ei'.split(' '));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_100 }), units, (count, unit) => {
        const text = `${count}${unit}`;
        expect(canonical(text)).toBe(formatQuantity(nanos(text), familyOf(text)));
      }),
    );
  });
  it('keeps the family', () => expect([familyOf('1Mi'), familyOf('1M'), familyOf('5')]).toEqual(['binary', 'decimal', 'decimal']));
});

it('a quantity that was thought to be one is a bug', () => expect(() => nanos('many')).toThrow('not a quantity: many'));
