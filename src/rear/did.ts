/** A node's DID document (W3C DID Core, method `web`), as far as keys go. */
import { z } from 'zod';
import type { Did, PublishedKey } from '../domain/did.ts';

export const DID_DOCUMENT = '/.well-known/did.json';

export const writeDidDocument = (did: Did, keys: readonly PublishedKey[]): object => ({
  '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1'],
  id: did,
  verificationMethod: keys.map(({ kid, jwk }) => ({ id: kid, type: 'JsonWebKey2020', controller: did, publicKeyJwk: jwk })),
  assertionMethod: keys.map(({ kid }) => kid),
  authentication: keys.map(({ kid }) => kid),
});

/** Ed25519 alone: methods of other kinds are passed over, and so are those that somebody else controls. */
const method = z.object({
  id: z.string().max(500),
  controller: z.string().max(400),
  publicKeyJwk: z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string().regex(/^[\w-]{43}$/) }),
});
const document = z.object({ id: z.string().max(400), verificationMethod: z.array(z.unknown()).max(100) });

/** The keys of a document that is this node's; none of them may be believed before its thumbprint was compared. Throws what is wrong. */
export function readDidDocument(value: unknown, did: Did): readonly Pick<PublishedKey, 'kid' | 'jwk'>[] {
  const { id, verificationMethod } = document.parse(value);
  if (id !== did) throw new z.ZodError([{ code: 'custom', path: ['id'], message: 'is another node’s', input: undefined }]);
  return verificationMethod.flatMap((each) => {
    const read = method.safeParse(each);
    if (!read.success || read.data.controller !== did) return [];
    const { id: written, publicKeyJwk: jwk } = read.data;
    return [{ kid: written.startsWith('#') ? `${did}${written}` : written, jwk }];
  });
}
