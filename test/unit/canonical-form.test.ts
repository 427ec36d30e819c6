/** The vectors of RFC 8785, through what is signed of a contract: the configuration of a service is the one part of it that is anybody's JSON. */
import { base64url } from 'jose';
import { describe, expect, test } from 'vitest';
import { agreementPayload } from '../../src/rear/agreement.ts';
import { SELLER, termsOf } from '../contracts/samples.ts';
import { blueprintOf } from '../fakes/samples.ts';

const terms = termsOf();
/** The bytes that are signed of a contract for a service of this configuration. */
function signedOf(configuration: Readonly<Record<string, unknown>>): Buffer {
  const flavor = blueprintOf(SELLER);
  const resources = { cpu: '0', memory: '0', pods: '0' };
  return Buffer.from(
    base64url.decode(agreementPayload({ ...terms, flavor, resources, service: { hostingPolicy: 'Provider', configuration } })),
  );
}
/** How the configuration alone is spelt there. */
function spelling(configuration: Readonly<Record<string, unknown>>): string {
  const [, rest = ''] = signedOf(configuration).toString('utf8').split('"service":{"configuration":');
  return rest.split(',"hostingPolicy":"Provider"}')[0] ?? '';
}
const doubleOf = (bits: string): number => Buffer.from(bits, 'hex').readDoubleBE(0);

test.each([
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
])('appendix B: the number of the bits %s is spelt %s', (bits, spelt) => {
  expect(spelling({ n: doubleOf(bits) })).toBe(`{"n":${spelt}}`);
});

test('section 3.2.3: members are in the order of their UTF-16 code units, at every depth, and lists in their own', () => {
  const sample = JSON.parse(String.raw`{
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis"
  }`) as Readonly<Record<string, string>>;
  const ordered =
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign",' +
    '"\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}';
  expect(spelling(sample)).toBe(ordered);
  expect(spelling({ b: [{ deep: sample }, 'a'], a: 10, 10: 1, 9: 1 })).toBe(`{"10":1,"9":1,"a":10,"b":[{"deep":${ordered}},"a"]}`);
});

describe('section 3.2.2.2: in a text', () => {
  const escapes = ['\\b', '\\t', '\\n', '\\f', '\\r'];
  test.each(Array.from({ length: 0x20 }, (_, code) => code))('the control character %i is escaped in the one way', (code) => {
    const short = escapes.find((escape) => JSON.parse(`"${escape}"`) === String.fromCharCode(code));
    expect(spelling({ t: String.fromCharCode(code) })).toBe(`{"t":"${short ?? `\\u${code.toString(16).padStart(4, '0')}`}"}`);
  });

  test.each<readonly [string, string, string]>([
    ['a quotation mark', '"', '\\"'],
    ['a backslash', '\\', '\\\\'],
    // Go writes each of these escaped on the wire, which must not be what is signed.
    ...['<', '>', '&', '\u2028', '\u2029'].map((character) => ['what Go escapes', character, character] as const),
    ...['/', '\u007f', '\u0080', '\u20ac', '\ufeff', '\ud83d\ude00', 'e\u0301', '\u00e9'].map(
      (text) => ['anything else', text, text] as const,
    ),
  ])('%s is as the section says: %j', (_, text, spelt) => {
    expect(spelling({ t: text, [text]: 't' }).replaceAll(spelt, '_')).toMatch(/^\{("t":"_","_":"t"|"_":"t","t":"_")\}$/);
  });
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['a text', { t: 'half \ud83d' }],
  ['a name, deep within', { list: [{ '\ude00': 1 }] }],
])('section 3.2.2.2: %s with half of a surrogate pair has no canonical form, and is not signed', (_, configuration) => {
  expect(() => signedOf(configuration)).toThrow('half of a character');
});

test('sections 3.2.2 to 3.2.4: the sample comes to the bytes that the RFC prints', () => {
  const sample = JSON.parse(String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`) as Readonly<Record<string, unknown>>;
  const printed = `
    7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62 65 72 73 22 3a
    5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31 65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37
    5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30 30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d`;
  const bytes = Buffer.from(printed.replaceAll(/\s/g, ''), 'hex');
  const signed = signedOf(sample);
  expect(spelling(sample)).toBe(bytes.toString('utf8'));
  expect(signed.includes(bytes)).toBe(true);
});
