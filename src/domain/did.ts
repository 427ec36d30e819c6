import { comparedAddress, parseAddress } from './address.ts';

/** A decentralized identifier of a node, method `web`: its document lies at the node's own address. */
export type Did = string & { readonly __brand: 'Did' };

/** An Ed25519 public key as a JSON Web Key (RFC 8037). */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  /** 32 bytes, base64url. */
  readonly x: string;
}

/** A key that a node shows to others. Its id is `<did>#<thumbprint>` (RFC 7638), so that an id fits one key alone. */
export interface PublishedKey {
  readonly kid: string;
  readonly jwk: PublicJwk;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Of a key that does not sign yet: since when it will; RFC 3339. */
  readonly signsFrom?: string;
  /** Of a key that another one follows: until when its signatures count; RFC 3339. */
  readonly until?: string;
}

/** `did:web:<host>`, in lower case and a port's colon written `%3A`, as the method's specification has it; whether it is asked over TLS is not in it. */
export const didOf = (address: string): Did => `did:web:${encodeURIComponent(comparedAddress(address))}` as Did;

/** The node of a key id, and its `host:port`; `undefined` when it is no key id of a `did:web` without a path, or written otherwise than `didOf` writes it: one node would be many. */
export function ownerOfKey(kid: string): { readonly did: Did; readonly address: string } | undefined {
  const [did = '', thumbprint = '', ...rest] = kid.split('#');
  const written = did.startsWith('did:web:') ? did.slice('did:web:'.length) : '';
  if (rest.length > 0 || !/^[\w-]{43}$/.test(thumbprint) || !/^[A-Za-z0-9._%-]{1,300}$/.test(written)) return undefined;
  try {
    const address = decodeURIComponent(written);
    return didOf(address) === did && parseAddress(address) !== undefined ? { did: did as Did, address } : undefined;
  } catch {
    return undefined;
  }
}
