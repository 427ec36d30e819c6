import type { IncomingMessage } from 'node:http';
import { asksForSignature, contentDigest, isSigned, signResponse } from '../../rear/signed-messages.ts';
import type { Answer } from './answers.ts';
import type { Rear } from './ports.ts';
import { isOurAuthority, requestParts } from './request-parts.ts';

type Sealed = Readonly<Record<string, string>>;
interface Kept {
  readonly at: number;
  /** The key that signed it. */
  readonly kid: string | undefined;
  readonly sealed: Sealed;
}

/** How old a kept signature may be, ms: its reader's clock may be a minute ahead of ours, and its window is two. */
const KEPT_MS = 20_000;
/** Different requests for the same bytes that are remembered; longer ones are never. */
const [MOST, LONGEST] = [64, 1_024];
const NOTHING = new Uint8Array();

/**
 * Signs answers for those who ask for it. An answer to a signed request is signed for it alone; what everybody gets (LIST: the same bytes until the inventory changes) is signed once
 * in a while for each target, since the signature says no more than that we gave these bytes under it: so never under a name that is not ours, which whoever asks may write. A key that signs no more
 * vouches for nothing: what it signed is signed anew.
 */
export function sealing({
  signer,
  clock,
  options,
}: Pick<Rear, 'signer' | 'clock' | 'options'>): (answer: Answer, incoming: IncomingMessage) => Promise<Sealed | undefined> {
  const kept = new WeakMap<Uint8Array, Map<string, Kept>>();

  const sign = async ({ status, headers, body }: Answer, incoming: IncomingMessage, toSigned: boolean): Promise<Sealed> => {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? NOTHING);
    const digest = { 'content-digest': contentDigest(bytes) };
    const all: Sealed = { ...headers, ...digest };
    const parts = { request: requestParts(incoming), response: { status, field: (name: string) => all[name] } };
    return { ...digest, ...(await signResponse(parts, { toSigned, signer, createdMs: clock.now() })) };
  };

  return async (answer, incoming) => {
    const request = requestParts(incoming);
    if (!asksForSignature(request.field)) return undefined;
    const { method, authority, target } = request;
    const toSigned = isSigned(request.field);
    if (!toSigned && !isOurAuthority(authority, options)) return undefined;
    const { body } = answer;
    if (toSigned || !(body instanceof Uint8Array)) return await sign(answer, incoming, toSigned);
    const key = `${method} ${authority} ${target}`;
    const ofBody = kept.get(body) ?? new Map<string, Kept>();
    const known = ofBody.get(key);
    const now = clock.now();
    const kid = (await signer.published())[0]?.kid;
    if (known !== undefined && known.kid === kid && now - known.at < KEPT_MS) return known.sealed;
    const sealed = await sign(answer, incoming, false);
    if (key.length <= LONGEST && (known !== undefined || ofBody.size < MOST)) kept.set(body, ofBody.set(key, { at: now, kid, sealed }));
    return sealed;
  };
}
