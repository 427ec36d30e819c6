import { keyring } from '../../src/adapters/keys/keyring.ts';
import { didOf } from '../../src/domain/did.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { KeyStore, Signer } from '../../src/ports/signer.ts';

/** Keys in memory. */
export function memoryKeyStore(): KeyStore {
  let stored: { readonly text: string; readonly version: string } | undefined;
  let writes = 0;
  return {
    read: async () => stored,
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
