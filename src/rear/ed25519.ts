/** The arithmetic of signatures: the same bytes always give the same answer, so that it is pure all the same. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { PublicJwk } from '../domain/did.ts';

/** Keys that are kept ready; to make one of its 32 bytes costs as much as half a verification. */
const MOST = 1_000;
const ready = new Map<string, KeyObject>();

function keyOf(jwk: PublicJwk): KeyObject {
  const known = ready.get(jwk.x);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  const oldest = ready.keys().next();
  if (ready.size >= MOST && oldest.done !== true) ready.delete(oldest.value);
  ready.set(jwk.x, key);
  return key;
}

/** Whether that key signed these bytes. A key that is none signed nothing. */
export function isSignedBy(jwk: PublicJwk, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return signature.length === 64 && verify(null, bytes, keyOf(jwk), signature);
  } catch {
    return false;
  }
}

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

export function isSha256Of(digest: Uint8Array, bytes: Uint8Array): boolean {
  const real = sha256(bytes);
  return digest.length === real.length && real.every((byte, at) => byte === digest[at]);
}
