/** An address has one spelling, by which it is compared and kept. */
import { describe, expect, test } from 'vitest';
import { canonicalAddress, comparedAddress, isAt, isSameAddress } from '../../src/domain/address.ts';
import { didOf } from '../../src/domain/did.ts';
import { canonicalHost } from '../../src/domain/ip.ts';

const SPELLINGS: readonly (readonly [string, readonly string[]])[] = [
  [
    'south.example:3004',
    ['south.example:3004', 'South.EXAMPLE:3004', 'south.example.:3004', 'south.example:03004', 'https://South.example:3004'],
  ],
  ['south.example:80', ['south.example', 'south.example:80', 'SOUTH.example.', 'south.example:080']],
  ['south.example:443', ['https://south.example', 'https://south.example.:443', 'south.example:443']],
  [
    '192.0.2.1:80',
    ['192.0.2.1', '192.0.2.1:80', '0xC0.0.2.1', '192.513', '3221225985', '0300.0.02.01', '[::ffff:192.0.2.1]:80', '[::FFFF:c000:201]'],
  ],
  ['[2001:db8::7]:3004', ['[2001:db8::7]:3004', '[2001:DB8:0:0:0:0:0:7]:3004', '[2001:0db8::0007]:3004', '[2001:db8::0.0.0.7]:3004']],
  ['[2001:db8:0:1::]:1', ['[2001:db8:0:1:0:0:0:0]:1']],
  ['[1::2:0:0:3:4]:1', ['[1:0:0:2:0:0:3:4]:1']],
  ['[::1]:80', ['[::1]', '[0:0:0:0:0:0:0:1]:80']],
  ['[1:2:3:4:5:6:7:8]:1', ['[1:2:3:4:5:6:7:8]:1']],
];

test.each(SPELLINGS)('%s', (one, all) => {
  expect(new Set(all.map(comparedAddress))).toEqual(new Set([one]));
  expect(comparedAddress(one)).toBe(one);
  expect(new Set(all.map(didOf))).toEqual(new Set([didOf(one)]));
  for (const each of all) expect([isSameAddress(one, each), isAt(each, one)]).toEqual([true, true]);
});

test('others stay others', () => {
  const ones = SPELLINGS.map(([one]) => one);
  for (const one of ones) expect(ones.filter((other) => isSameAddress(one, other))).toEqual([one]);
});

test('how a node is dialled stays with it', () => {
  expect(canonicalAddress('https://South.example.:3004')).toBe('https://south.example:3004');
  expect(canonicalAddress('South.example.:3004')).toBe('south.example:3004');
});

describe('an operator’s host', () => {
  test.each([
    ['south.example', 'South.example.:1', true],
    ['2001:DB8::7', '[2001:db8:0::7]:1', true],
    ['[2001:db8::7]', '[2001:db8:0::7]:1', true],
    ['south.example', 'deep.south.example:1', false],
    ['south.example:1', 'south.example:2', false],
    ['south.example:80', 'south.example', true],
  ])('%s is %s: %s', (wanted, address, is) => expect(isAt(wanted, address)).toBe(is));
});

test('what is no address is compared as it stands, and is none afterwards', () => {
  expect(comparedAddress('')).toBe('');
  for (const odd of ['256.1.1.1', '1.2.3.4.5', '09.1', '0x', 'a..', '.', 'x_y', '1.2.3.', '1:2:3'])
    expect(canonicalHost(canonicalHost(odd))).toBe(canonicalHost(odd));
  expect(canonicalHost('256.1.1.1')).toBe('256.1.1.1');
});

test('hosts are those of every dialler', () => {
  for (const host of [
    '127.1',
    '0x7f000001',
    '017700000001',
    '1.2.65535',
    '0x.0x.0',
    '192.0.2.1',
    'EXAMPLE.org',
    '[2001:DB8::A:0:0:1]',
    '[::ffff:1.2.3.4]',
  ]) {
    const dialled = new URL(`http://${host}`).hostname;
    expect(canonicalHost(host)).toBe(dialled === '[::ffff:102:304]' ? '1.2.3.4' : dialled.replace(/^\[|\]$/g, ''));
  }
});
