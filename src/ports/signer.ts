import type { Did, PublicJwk, PublishedKey } from '../domain/did.ts';

/** Signs as this node, with Ed25519; private keys never leave it. Faults of every call: KEYS_UNAVAILABLE. */
export interface Signer {
  readonly did: Did;
  /** Signs with the key of the moment. */
  sign(bytes: Uint8Array): Promise<{ readonly kid: string; readonly signature: Uint8Array }>;
  /** The keys whose signatures count, the one that signs first. */
  published(): Promise<readonly PublishedKey[]>;
  /** Shows a new key at once, which signs once every process of the node must know it; the signatures of the old one count for `overlapMs` more after that. With 0 it signs at once, and no other counts, of whatever rotation: each process of the node that is asked from then on knows it, those whose keys lie in a Secret as soon as the API server told them. */
  rotate(input: { readonly overlapMs: number }): Promise<PublishedKey>;
}

/** Where a node's keys lie, as one text. Faults of every call: KEYS_UNAVAILABLE. */
export interface KeyStore {
  /** `undefined` when there are none yet. The version changes with each write. */
  read(): Promise<{ readonly text: string; readonly version: string } | undefined>;
  /** Writes over that version, or the first one; `false` when somebody else wrote meanwhile. */
  write(text: string, over: string | undefined): Promise<boolean>;
  /** What differs once anybody wrote, as far as it can be said at once: it is asked before each signature, and never fails. `undefined` where it cannot be said. */
  glance(): Promise<string | undefined>;
  /** Until it aborts a glance knows of what is written to a place that is far away as soon as that one tells. */
  follow?(signal: AbortSignal): void;
}

/** Keys of other nodes. */
export interface PeerKeys {
  /** The public key of that id, when the node at this address shows it; `undefined` when it does not. Faults as a peer's `describe`. */
  find(input: { readonly address: string; readonly kid: string; readonly stranger?: boolean }): Promise<PublicJwk | undefined>;
}
