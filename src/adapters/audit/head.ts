import { compactVerify, decodeProtectedHeader, errors, importJWK } from 'jose';
import { z } from 'zod';
import type { Head } from '../../domain/audit.ts';
import type { Signer } from '../../ports/signer.ts';

/** What a head says that nothing else says which the same key signs. */
const TYPE = 'rearguard-audit-head';

const Payload = z.strictObject({
  iss: z.string(),
  seq: z.number().int().min(0),
  hash: z.string().regex(/^[\w-]{43}$/),
  at: z.iso.datetime(),
});

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** A compact JWS (RFC 7515) by the node's key. */
export async function writeHead(head: Omit<Head, 'kid'>, signer: Pick<Signer, 'did' | 'sign' | 'published'>): Promise<string> {
  const { seq, hash, at } = head;
  const payload = base64url(JSON.stringify({ iss: signer.did, seq, hash, at }));
  // The key's name is signed with the rest, and which one signs is known by its signature only: somebody may rotate it in between.
  for (let tries = 0; tries < 3; tries += 1) {
    const [key] = await signer.published();
    const signed = `${base64url(JSON.stringify({ alg: 'EdDSA', kid: key?.kid, typ: TYPE }))}.${payload}`;
    const { kid, signature } = await signer.sign(Buffer.from(signed));
    if (kid === key?.kid) return `${signed}.${Buffer.from(signature).toString('base64url')}`;
  }
  throw new Error('the key of this node changes each time it signs');
}

/** The thumbprint alone: the rest of a key's id is the node's address, which may change. */
const thumbprint = (kid: unknown): string | undefined => (typeof kid === 'string' ? kid.slice(kid.indexOf('#') + 1) : undefined);

/** A head of ours; `unreadable` when it is none; `withdrawn` when it names a key that counts no more, or never was ours; `forged` when it names a key of ours that did not sign it so. */
export async function readHead(line: string, signer: Pick<Signer, 'published'>): Promise<Head | 'unreadable' | 'withdrawn' | 'forged'> {
  try {
    const { kid, typ } = decodeProtectedHeader(line);
    const key = (await signer.published()).find((published) => thumbprint(published.kid) === thumbprint(kid));
    if (typ !== TYPE) return 'unreadable';
    if (!key) return 'withdrawn';
    const { payload } = await compactVerify(line, await importJWK({ ...key.jwk }, 'EdDSA'), { algorithms: ['EdDSA'] });
    const { seq, hash, at } = Payload.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
    return { seq, hash, at, kid: key.kid };
  } catch (error) {
    return error instanceof errors.JWSSignatureVerificationFailed ? 'forged' : 'unreadable';
  }
}
