/** A node by its DID: its document, and the ids of its keys. */
import { expect, test } from 'vitest';
import { didOf, ownerOfKey } from '../../src/domain/did.ts';
import { readDidDocument, writeDidDocument } from '../../src/rear/did.ts';
import { signerAt } from '../fakes/keys.ts';
import { AT, clockAt } from './keys-subject.ts';

test('a DID document shows the keys and is read back; another node’s is refused, and keys that others control are passed over', async () => {
  const signer = signerAt(AT, clockAt(0));
  const published = await signer.published();
  const document = writeDidDocument(signer.did, published) as { verificationMethod: object[] };
  expect(readDidDocument(document, signer.did)).toEqual(published.map(({ kid, jwk }) => ({ kid, jwk })));
  expect(() => readDidDocument(document, didOf('mallory.example:3004'))).toThrow('another node');
  const [method] = document.verificationMethod;
  const others = { ...document, verificationMethod: [{ ...method, controller: 'did:web:mallory.example' }, { ...method, type: 'x' }, 7] };
  expect(readDidDocument(others, signer.did)).toHaveLength(1);
});

test.each([
  ['did:web:alice.example%3A3004', 'alice.example:3004'],
  ['did:web:%5B%3A%3A1%5D%3A3004', '[::1]:3004'],
])('%s is at %s', (did, address) => {
  expect(didOf(address)).toBe(did);
  expect(didOf(`https://${address.toUpperCase()}`)).toBe(did);
  expect(ownerOfKey(`${did}#${'a'.repeat(43)}`)).toEqual({ did, address });
});

test.each([
  'did:web:alice.example%3A3004',
  `did:key:z6Mk#${'a'.repeat(43)}`,
  `did:web:alice.example%3A3004:path#${'a'.repeat(43)}`,
  `did:web:alice.example#${'a'.repeat(43)}`,
  `did:web:Alice.Example%3A3004#${'a'.repeat(43)}`,
  `did:web:alice.example%3a3004#${'a'.repeat(43)}`,
  `did:web:alice%2Fexample%3A3004#${'a'.repeat(43)}`,
  `did:web:%E0%A4%A#${'a'.repeat(43)}`,
  'did:web:alice.example%3A3004#short',
])('%s names no key of a node', (kid) => {
  expect(ownerOfKey(kid)).toBeUndefined();
});
