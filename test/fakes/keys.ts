import { keyring } from '../../src/adapters/keys/keyring.ts';
import { notary } from '../../src/adapters/keys/notary.ts';
import { didOf } from '../../src/domain/did.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Notary } from '../../src/ports/notary.ts';
import type { KeyStore, PeerKeys, Signer } from '../../src/ports/signer.ts';

/** Keys in memory. */
export function memoryKeyStore(): KeyStore {
  let stored: { readonly text: string; readonly version: string } | undefined;
  let writes = 0;
  return {
    read: async () => stored,
    glance: async () => String(writes),
    async write(text, over) {
      if (stored?.version !== over) return false;
      writes += 1;
      stored = { text, version: String(writes) };
      return true;
    },
  };
}

/** The real keyring of the node at an address, over keys in memory. */
export const signerAt = (address: string, clock: Clock, store: KeyStore = memoryKeyStore()): Signer =>
  keyring({ did: didOf(address), store, clock });

/** Nodes that see each other's keys without a network. */
export interface KeyCircle {
  signerAt(address: string): Signer;
  notaryAt(address: string): Notary;
  readonly peerKeys: PeerKeys;
}

export function keyCircle(clock: Clock): KeyCircle {
  const signers = new Map<string, Signer>();
  const of = (address: string): Signer => {
    const signer = signers.get(address) ?? signerAt(address, clock);
    signers.set(address, signer);
    return signer;
  };
  const peerKeys: PeerKeys = {
    find: async ({ address, kid }) => (await of(address).published()).find((key) => key.kid === kid)?.jwk,
  };
  return { signerAt: of, peerKeys, notaryAt: (address) => notary({ signer: of(address), peerKeys }) };
}
