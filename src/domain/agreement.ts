import type { PublicJwk } from './did.ts';

/**
 * A contract as its parties signed it: a JWS in its general JSON serialization (RFC 7515), the payload being the terms in canonical JSON (RFC 8785). The seller signs first.
 * Each signature carries its key, which the key's id fits alone, so that it can be checked without anybody's help.
 */
export interface Agreement {
  /** Base64url. */
  readonly payload: string;
  readonly signatures: readonly AgreementSignature[];
}

export interface AgreementSignature {
  /** Base64url of the header that is signed too: `alg`, `kid`, `typ`. */
  readonly protected: string;
  readonly header: { readonly jwk: PublicJwk };
  /** Base64url. */
  readonly signature: string;
}

/** What may be wrong with an agreement. */
export const AGREEMENT_FAULTS = [
  'malformed',
  'altered',
  'not-signed',
  'wrong-key',
  'expired',
  'not-signed-by-seller',
  'not-signed-by-buyer',
  'missing-addendum',
  'forged-addendum',
] as const;
export type AgreementFault = (typeof AGREEMENT_FAULTS)[number];

export interface AgreementFinding {
  readonly fault: AgreementFault;
  readonly words: string;
}
