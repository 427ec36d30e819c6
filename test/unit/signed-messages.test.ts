/** Whoever changes, moves, repeats late or borrows a signed message of REAR has no signature left. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/domain/faults.ts';
import { isSignedBy } from '../../src/rear/ed25519.ts';
import {
  ACCEPT_SIGNATURE,
  asksForSignature,
  checkDigest,
  type Claimed,
  contentDigest,
  readRequestSignature,
  readResponseSignature,
  signRequest,
  signResponse,
  type Signing,
  type Window,
} from '../../src/rear/signed-messages.ts';
import type { RequestParts, ResponseParts } from '../../src/rear/signatures.ts';
import { signerAt } from '../fakes/keys.ts';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const WINDOW: Window = { now: NOW, pastMs: 120_000, futureMs: 60_000 };
const NONCE = 'AAAAAAAAAAAAAAAAAAAAAA';
const known = async (address: string) => {
  const signer = signerAt(address, { now: () => NOW });
  const [key] = await signer.published();
  if (!key) throw new Error('no key');
  return { ...signer, kid: key.kid, jwk: key.jwk };
};
const south = await known('south.example:3004');
const north = await known('north.example:3004');
const body = new TextEncoder().encode('{"flavorID":"f"}');
type Fields = Readonly<Record<string, string>>;
const of = (fields: Fields) => (name: string) => fields[name];

const request = (fields: Fields, more: Partial<RequestParts> = {}): RequestParts => ({
  method: 'POST',
  authority: 'north.example:3004',
  target: '/api/v2/reservations',
  field: of(fields),
  ...more,
});
const FIELDS: Fields = { 'content-type': 'application/json', 'content-digest': contentDigest(body), 'idempotency-key': 'k-1' };

async function signed(more: { readonly createdMs?: number; readonly signer?: Signing; readonly nonce?: string } = {}): Promise<Fields> {
  const made = { hasBody: true, signer: south, createdMs: NOW, nonce: NONCE, ...more };
  return { ...FIELDS, ...(await signRequest(request(FIELDS), made)) };
}
/** Why it is refused, or who made it. */
function outcome(read: () => Claimed | undefined, key = south.jwk): string {
  try {
    const found = read();
    if (found === undefined) return 'unsigned';
    return isSignedBy(key, found.base, found.bytes) ? `by ${found.address}` : 'forged';
  } catch (error) {
    return String((error as Fault).facts.why);
  }
}
const ofRequest = (fields: Fields, more: Partial<RequestParts> = {}, window = WINDOW): string =>
  outcome(() => readRequestSignature(request(fields, more), window, true));

test('a signed request is read, with who made it and when', async () => {
  const fields = await signed();
  expect(fields['signature-input']).toBe(
    `rear=("@method" "@authority" "@path" "@query" "content-digest" "content-type" "idempotency-key");created=${NOW / 1000};nonce="${NONCE}";keyid="${south.kid}";alg="ed25519";tag="rear"`,
  );
  expect(readRequestSignature(request(fields), WINDOW, true)).toMatchObject({
    kid: south.kid,
    did: 'did:web:south.example%3A3004',
    address: 'south.example:3004',
    createdMs: NOW,
    nonce: NONCE,
  });
  expect(ofRequest(fields)).toBe('by south.example:3004');
});

test('one without a signature, or with those of others alone, is unsigned', () => {
  expect(ofRequest(FIELDS)).toBe('unsigned');
  expect(ofRequest({ ...FIELDS, 'signature-input': 'proxy=("@method");created=1;tag="edge"', signature: 'proxy=:AA==:' })).toBe('unsigned');
});

test.each<[string, Partial<RequestParts>]>([
  ['another host', { authority: 'deep.example:3004' }],
  ['another port', { authority: 'north.example:3005' }],
  ['another path', { target: '/api/v2/reservations/release' }],
  ['another query', { target: '/api/v2/reservations?x=1' }],
  ['another method', { method: 'PUT' }],
])('a signature that is moved to %s counts for nothing', async (_, more) => {
  expect(ofRequest(await signed(), more)).toBe('forged');
});

test.each([
  ['of another body', { 'content-digest': contentDigest(new Uint8Array()) }],
  ['of another type', { 'content-type': 'text/plain' }],
  ['with another key of idempotency', { 'idempotency-key': 'k-2' }],
])('a signature %s counts for nothing', async (_, changed) => {
  expect(ofRequest({ ...(await signed()), ...changed })).toBe('forged');
});

test('a key of idempotency that was added to a request without one is not covered', async () => {
  const { 'idempotency-key': _key, ...without } = FIELDS;
  const fields = { ...without, ...(await signRequest(request(without), { hasBody: true, signer: south, createdMs: NOW, nonce: NONCE })) };
  expect(ofRequest(fields)).toBe('by south.example:3004');
  expect(ofRequest({ ...fields, 'idempotency-key': 'k-1' })).toBe('not-covered');
});

test.each([
  ['two minutes old', -120_000, 'by south.example:3004'],
  ['older', -121_000, 'expired'],
  ['a minute ahead', 60_000, 'by south.example:3004'],
  ['further ahead', 62_000, 'from-the-future'],
])('a signature that is %s', async (_, offMs, expected) => {
  expect(ofRequest(await signed({ createdMs: NOW + offMs }))).toBe(expected);
});

test('what a signature says of itself cannot be changed, and not all is taken', async () => {
  const fields = await signed();
  const input = fields['signature-input'] ?? '';
  const change = (from: string | RegExp, to: string): Fields => ({ ...fields, 'signature-input': input.replace(from, to) });
  expect(ofRequest(change(NONCE, 'BBBBBBBBBBBBBBBBBBBBBB'))).toBe('forged');
  expect(ofRequest(change(/created=\d+/, `created=${NOW / 1000 - 1}`))).toBe('forged');
  expect(ofRequest(change(south.kid, north.kid))).toBe('forged');
  expect(ofRequest(change(south.kid, 'did:web:south.example%3A3004'))).toBe('key');
  expect(ofRequest(change(south.kid, `did:web:south.example%3A3004:path#${'a'.repeat(43)}`))).toBe('key');
  expect(ofRequest(change('ed25519', 'hmac-sha256'))).toBe('algorithm');
  expect(ofRequest(change(/created=\d+/, 'created="now"'))).toBe('malformed');
  expect(ofRequest(change(`;nonce="${NONCE}"`, ''))).toBe('nonce');
  expect(ofRequest(change(NONCE, 'short'))).toBe('nonce');
  expect(ofRequest(change(';alg=', `;expires=${NOW / 1000 - 61};alg=`))).toBe('expired');
  for (const name of ['"@method" ', '"@authority" ', '"@path" ', '"@query" ', '"content-digest" ', '"content-type" ']) {
    expect(ofRequest(change(name, ''))).toBe('not-covered');
  }
  expect(ofRequest(change(/^/, 'other=("@method");created=1;tag="rear", '))).toBe('malformed');
  expect(ofRequest({ ...fields, signature: 'rear=:AA==:' })).toBe('forged');
  expect(ofRequest({ ...fields, signature: '' })).toBe('malformed');
});

test('a body that is not the one that was signed is refused', () => {
  expect(() => checkDigest(of(FIELDS), body)).not.toThrow();
  for (const digest of [contentDigest(new Uint8Array()), 'sha-512=:AA==:', 'sha-256=:AA==:', '', '((']) {
    expect(() => checkDigest(of({ 'content-digest': digest }), body)).toThrow(expect.objectContaining({ code: 'SIGNATURE_REFUSED' }));
  }
});

describe('responses', () => {
  const answer = new TextEncoder().encode('{"transactionID":"t"}');
  const RESPONSE: Fields = { 'content-type': 'application/json', 'content-digest': contentDigest(answer) };
  const response = (fields: Fields, status = 200): ResponseParts => ({ status, field: of(fields) });
  const sign = async (asked: Fields, toSigned: boolean): Promise<Fields> => ({
    ...RESPONSE,
    ...(await signResponse({ request: request(asked), response: response(RESPONSE) }, { toSigned, signer: north, createdMs: NOW })),
  });
  const ofResponse = (fields: Fields, asked: Fields, toSigned: boolean, more: Partial<RequestParts> = {}, status = 200): string =>
    outcome(
      () => readResponseSignature({ request: request(asked, more), response: response(fields, status) }, WINDOW, toSigned),
      north.jwk,
    );

  test('one to a signed request is to this one alone', async () => {
    const asked = await signed();
    const fields = await sign(asked, true);
    expect(ofResponse(fields, asked, true)).toBe('by north.example:3004');
    expect(ofResponse(fields, await signed({ nonce: 'BBBBBBBBBBBBBBBBBBBBBB' }), true)).toBe('forged');
    expect(ofResponse(fields, FIELDS, true)).toBe('not-there');
    expect(ofResponse(await sign(asked, false), asked, true)).toBe('not-covered');
  });

  test('one to an unsigned request is to this target alone', async () => {
    const fields = await sign({}, false);
    expect(ofResponse(fields, {}, false)).toBe('by north.example:3004');
    for (const more of [
      { method: 'GET' },
      { authority: 'deep.example:3004' },
      { target: '/api/v2/flavors' },
      { target: '/api/v2/reservations?a' },
    ]) {
      expect(ofResponse(fields, {}, false, more)).toBe('forged');
    }
  });

  test('its status, type and digest are covered, and without a signature it has none', async () => {
    const asked = await signed();
    const fields = await sign(asked, true);
    expect(ofResponse(fields, asked, true, {}, 500)).toBe('forged');
    expect(ofResponse({ ...fields, 'content-type': 'application/problem+json' }, asked, true)).toBe('forged');
    expect(ofResponse({ ...fields, 'content-digest': contentDigest(body) }, asked, true)).toBe('forged');
    expect(ofResponse(RESPONSE, asked, true)).toBe('unsigned');
  });
});

test('a signature is made again when the key was rotated meanwhile, and not for ever', async () => {
  let rotations = 1;
  const rotating: Signing = {
    published: () => ((rotations > 0 ? south : north) satisfies Signing).published(),
    async sign(bytes) {
      rotations -= 1;
      return await north.sign(bytes);
    },
  };
  const fields = await signed({ signer: rotating });
  expect(outcome(() => readRequestSignature(request(fields), WINDOW, true), north.jwk)).toBe('by north.example:3004');
  await expect(signed({ signer: { published: south.published, sign: north.sign } })).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' });
});

test('who wants a signed answer asks for it', () => {
  expect(ACCEPT_SIGNATURE).toBe(
    'rear=("@status" "content-digest" "@method";req "@authority";req "@path";req "@query";req);created;keyid;alg="ed25519";tag="rear"',
  );
  expect(asksForSignature(of({ 'accept-signature': ACCEPT_SIGNATURE }))).toBe(true);
  expect(asksForSignature(of({}))).toBe(false);
});
