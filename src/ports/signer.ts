import type { Did, PublicJwk, PublishedKey } from '../domain/did.ts';

/** Signs as this node, with Ed25519; private keys never leave it. Faults of every call: KEYS_UNAVAILABLE. */
export interface Signer {
  readonly did: Did;
  /** Signs with the key of the moment. */
  sign(bytes: Uint8Array): Promise<{ readonly kid: string; readonly signature: Uint8Array }>;
  /** The keys whose signatures count, the one that signs first. */
  published(): Promise<readonly PublishedKey[]>;
  /** Shows a new key at once, which signs once every process of the node must know it; the signatures of the old one count for `overlapMs` more after that. With 0 it signs at once, and no other counts. */
  rotate(input: { readonly overlapMs: number }): Promise<PublishedKey>;
}

/** Where a node's keys lie, as one text. Faults of every call: KEYS_UNAVAILABLE. */
export interface KeyStore {
  /** `undefined` when there are none yet. The version changes with each write. */
  read(): Promise<{ readonly text: string; readonly version: string } | undefined>;
  /** Writes over that version, or the first one; `false` when somebody else wrote meanwhile. */
  write(text: string, over: string | undefined): Promise<boolean>;
}

/** Keys of other nodes. */
export interface PeerKeys {
  /** The public key of that id, when the node at this address shows it; `undefined` when it does not. Faults as a peer's `describe`. */
  find(input: { readonly address: string; readonly kid: string; readonly stranger?: boolean }): Promise<PublicJwk | undefined>;
}
