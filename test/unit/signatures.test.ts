/** RFC 9421's own examples: its appendix B and section 2.4, whatever algorithm each is signed with. */
import { sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isSha256Of } from '../../src/rear/ed25519.ts';
import { readDigest, readSignatures, type RequestParts, type ResponseParts, signatureBase } from '../../src/rear/signatures.ts';
import { BODY, ED25519_PRIVATE, REQUEST, VECTORS, type Vector, fields } from './rfc9421.ts';

const partsOf = ({
  method = 'POST',
  authority = 'example.com',
  target = '/foo?param=Value&Pet=dog',
  request = REQUEST,
  response,
}: Vector) => {
  const asked: RequestParts = { method, authority, target, field: fields(request) };
  const answered: ResponseParts | undefined = response && { status: response.status, field: fields(response.fields) };
  return { request: asked, ...(answered && { response: answered }) };
};
const read = (vector: Pick<Vector, 'input' | 'signature'>) => {
  const [found] = readSignatures(fields({ 'signature-input': `it=${vector.input}`, signature: `it=:${vector.signature}:` }));
  if (!found) throw new Error('no signature is read');
  return found;
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each(VECTORS)('RFC 9421 $name', (vector) => {
  test('its base is the published one', () => {
    expect(signatureBase(read(vector).input, partsOf(vector)).split('\n')).toEqual([
      ...vector.lines,
      `"@signature-params": ${vector.input}`,
    ]);
  });
  test('its signature counts, and none over something else', () => {
    const found = read(vector);
    const base = signatureBase(found.input, partsOf(vector));
    expect(vector.verify(bytes(base), found.bytes)).toBe(true);
    expect(vector.verify(bytes(`${base} `), found.bytes)).toBe(false);
  });
});

test('RFC 9421 B.2.6 is signed to the byte, since ed25519 has no chance in it', () => {
  const vector = VECTORS.find(({ name }) => name.startsWith('B.2.6'));
  if (!vector) throw new Error('no vector');
  const base = signatureBase(read(vector).input, partsOf(vector));
  expect(sign(null, bytes(base), ED25519_PRIVATE).toString('base64')).toBe(vector.signature);
});

test('RFC 9530: the digest of the example', () => {
  const said = readDigest('sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, sha-512=:AA==:', 'sha-256');
  expect(said && isSha256Of(said, bytes(BODY))).toBe(true);
  expect(said && isSha256Of(said, bytes(`${BODY}\n`))).toBe(false);
});

describe('what a signature may not cover', () => {
  const base = (input: string, fieldsOf: Readonly<Record<string, string>> = {}) => {
    const { input: list } = read({ input, signature: 'AA==' });
    return signatureBase(list, { request: { method: 'GET', authority: 'a', target: '/?a=1&a=2', field: fields(fieldsOf) } });
  };
  test.each([
    ['a component that nobody knows', '("@target-uri")', 'unknown-component'],
    ['a field by a parameter that nobody knows', '("date";bs)', 'unknown-component'],
    ['a field that is not there', '("date")', 'not-there'],
    ['the same twice', '("@method" "@method")', 'malformed'],
    ['a status of a request', '("@status")', 'malformed'],
    ['the request of a request', '("@method";req)', 'malformed'],
    ['a name in capitals', '("Date")', 'malformed'],
    ['a name that is none', '(1)', 'malformed'],
    ['a query parameter that is there twice', '("@query-param";name="a")', 'not-there'],
    ['a member that is not there', '("date";key="b")', 'not-there'],
  ])('%s', (_, input, why) => {
    const given = input.includes('key=') ? { date: 'a=1' } : {};
    expect(() => base(input, given)).toThrow(expect.objectContaining({ code: 'SIGNATURE_REFUSED', facts: { why } }));
  });
  test('a field of two lines', () => {
    expect(() => base('("date")', { date: 'a\n"@method": POST' })).toThrow(expect.objectContaining({ facts: { why: 'malformed' } }));
  });
});

test.each([
  ['an input without a signature', { 'signature-input': 'a=();created=1' }],
  ['a signature without an input', { signature: 'a=:AA==:' }],
  ['another label', { 'signature-input': 'a=();created=1', signature: 'b=:AA==:' }],
  ['no list', { 'signature-input': 'a=1', signature: 'a=:AA==:' }],
  ['no bytes', { 'signature-input': 'a=()', signature: 'a="AA=="' }],
  ['no dictionary', { 'signature-input': '((', signature: 'a=:AA==:' }],
])('%s is no signature', (_, given) => {
  expect(() => readSignatures(fields(given))).toThrow(expect.objectContaining({ code: 'SIGNATURE_REFUSED', facts: { why: 'malformed' } }));
});
