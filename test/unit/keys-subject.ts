/** Clocks that a test moves, and what it looks at in a keyring. */
import { verify } from 'node:crypto';
import type { PublicJwk } from '../../src/domain/did.ts';
import type { KeyStore, Signer } from '../../src/ports/signer.ts';

export const AT = 'alice.example:3004';
export const clockAt = (start: number) => {
  const clock = { at: start, now: () => clock.at };
  return clock;
};
export const words = new TextEncoder().encode('a contract');
export const isBy = (jwk: PublicJwk, signature: Uint8Array) => verify(null, words, { key: { ...jwk }, format: 'jwk' }, signature);

/** The minute within which each process has read a new key, doubled. */
export const SHOWN_FIRST_MS = 120_000;
/** What goes on behind is over: keys in memory wait for nothing else. */
export const settled = () => new Promise((resolve) => void setImmediate(resolve));
/** Reads again behind, as it does when it is asked. */
export const refreshed = async (signer: Signer) => {
  await signer.published();
  await settled();
};
export const kidsOf = async (signer: Signer) => (await signer.published()).map(({ kid }) => kid);
export const storedIn = async (store: KeyStore) =>
  (JSON.parse((await store.read())?.text ?? '') as { readonly keys: readonly { readonly d?: string; readonly signsFrom?: string }[] }).keys;
