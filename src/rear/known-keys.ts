/** Keys that somebody knows to be others' own, from wherever but the document that they are to prove. */
import { calculateJwkThumbprint } from 'jose';
import { z } from 'zod';
import { ownerOfKey } from '../domain/did.ts';
import { readDidDocument } from './did.ts';

/** By DID, the thumbprints of its keys (RFC 7638): one that is known of one node is not known of another. */
export type KnownKeys = ReadonlyMap<string, ReadonlySet<string>>;

/** All that several say. */
export function allKnown(said: readonly KnownKeys[]): KnownKeys {
  const all = new Map<string, Set<string>>();
  for (const [did, thumbprints] of said.flatMap((each) => [...each])) all.set(did, new Set([...(all.get(did) ?? []), ...thumbprints]));
  return all;
}

/** What the id of a key says; `undefined` when it is no id of a node's key. */
export function knownById(kid: string): KnownKeys | undefined {
  const did = ownerOfKey(kid)?.did;
  return did && new Map([[did, new Set([kid.slice(did.length + 1)])]]);
}

const Named = z.object({ id: z.string() });

/** What a node's DID document shows, of the node that it is of by its own id. Throws what is wrong, also when it shows no key that could sign. */
export async function knownByDocument(value: unknown): Promise<KnownKeys> {
  const named = Named.parse(value).id;
  const did = ownerOfKey(`${named}#${'_'.repeat(43)}`)?.did;
  const wrong = (field: string, message: string) => new z.ZodError([{ code: 'custom', path: [field], message, input: undefined }]);
  if (did === undefined) throw wrong('id', 'is not a did:web without a path');
  const thumbprints = new Set<string>();
  for (const { kid, jwk } of readDidDocument(value, did)) {
    const thumbprint = await calculateJwkThumbprint({ ...jwk });
    if (kid === `${did}#${thumbprint}`) thumbprints.add(thumbprint);
  }
  if (thumbprints.size === 0) throw wrong('verificationMethod', 'shows no Ed25519 key whose id ends in its thumbprint');
  return new Map([[did, thumbprints]]);
}
