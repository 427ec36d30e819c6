/** What REAR asks of a signature: which parts of a message it covers, who made it, and when. Keys and the time are handed in. */
import { type InnerList, type Item, serializeDictionary, serializeInnerList } from 'structured-headers';
import { type Did, ownerOfKey } from '../domain/did.ts';
import { Fault, isFault } from '../domain/faults.ts';
import { isSha256Of, sha256 } from './ed25519.ts';
import {
  component,
  type Field,
  idOf,
  type ReadSignature,
  readDigest,
  readSignatures,
  refused,
  type RequestParts,
  signatureBase,
  type SignedParts,
} from './signatures.ts';

/** Our label and tag (RFC 9421, 2.3): signatures that others add, a proxy for one, are not looked at. */
const OURS = 'rear';
const ALGORITHM = 'ed25519';
/** What may be a nonce: as much chance as a key of AES has, and short enough for a row. */
const NONCE = /^[\x21-\x7e]{16,64}$/;

const TARGET = ['@method', '@authority', '@path', '@query'] as const;
const TO_SIGNED = component('signature', { req: true, key: OURS });

/** A request's own body and key are covered; so is the type of the body, which says how it is read. */
const requestItems = ({ field }: RequestParts, hasBody: boolean): readonly Item[] => [
  ...TARGET.map((name) => component(name)),
  ...(hasBody ? [component('content-digest')] : []),
  ...['content-type', 'idempotency-key'].filter((name) => field(name) !== undefined).map((name) => component(name)),
];
/** A response is one to this request: by its target, and by its signature where it has one. */
const responseItems = (response: { readonly field: Field }, toSigned: boolean): readonly Item[] => [
  component('@status'),
  component('content-digest'),
  ...(response.field('content-type') === undefined ? [] : [component('content-type')]),
  ...TARGET.map((name) => component(name, { req: true })),
  ...(toSigned ? [TO_SIGNED] : []),
];

/** How we ask for a signed response (RFC 9421, 5.1). Whoever does not ask, as a FLUIDOS node, gets the answer that such a node gives. */
export const ACCEPT_SIGNATURE = `${OURS}=${serializeInnerList([
  [component('@status'), component('content-digest'), ...TARGET.map((name) => component(name, { req: true }))],
  new Map<string, string | boolean>([
    ['created', true],
    ['keyid', true],
    ['alg', ALGORITHM],
    ['tag', OURS],
  ]),
])}`;
export const asksForSignature = (field: Field): boolean => field('accept-signature') === ACCEPT_SIGNATURE;

/** Whether a message has a signature of this protocol, good or bad. */
export function isSigned(field: Field): boolean {
  try {
    return readSignatures(field).some(({ label }) => label === OURS);
  } catch {
    return false;
  }
}

/** What a signer of ours can do: the first of its published keys is the one that signs. */
export interface Signing {
  published(): Promise<readonly { readonly kid: string }[]>;
  sign(bytes: Uint8Array): Promise<{ readonly kid: string; readonly signature: Uint8Array }>;
}

export interface SignatureFields {
  readonly 'signature-input': string;
  readonly signature: string;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A key may be rotated between the two questions; twice in a row is no accident. */
const TRIES = 3;

async function sign(
  items: readonly Item[],
  parts: SignedParts,
  { signer, createdMs, nonce }: { readonly signer: Signing; readonly createdMs: number; readonly nonce?: string },
): Promise<SignatureFields> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const keyid = (await signer.published())[0]?.kid ?? '';
    const parameters: InnerList[1] = new Map<string, string | number>([
      ['created', Math.floor(createdMs / 1_000)],
      ...(nonce === undefined ? [] : [['nonce', nonce] as const]),
      ['keyid', keyid],
      ['alg', ALGORITHM],
      ['tag', OURS],
    ]);
    const input: InnerList = [[...items], parameters];
    const { kid, signature } = await signer.sign(bytesOf(signatureBase(input, parts)));
    if (kid !== keyid) continue;
    const made = Uint8Array.from(signature);
    return {
      'signature-input': serializeDictionary(new Map([[OURS, input]])),
      signature: serializeDictionary(new Map([[OURS, [made, new Map()]]])),
    };
  }
  throw new Fault('KEYS_UNAVAILABLE', 'the keys of this node change faster than it signs');
}

/** `Content-Digest` (RFC 9530) of a body. */
export const contentDigest = (body: Uint8Array): string =>
  serializeDictionary(new Map([['sha-256', [Uint8Array.from(sha256(body)), new Map()]]]));

/** Whether these bytes are the body that was signed. SIGNATURE_REFUSED when not. */
export function checkDigest(field: Field, body: Uint8Array): void {
  const said = readDigest(field('content-digest') ?? '', 'sha-256');
  if (said === undefined || !isSha256Of(said, body)) throw refused('digest', 'the body is not the one that was signed');
}

/** The fields that sign a request; its `content-digest` is among its own already when it has a body. */
export const signRequest = (
  request: RequestParts,
  made: { readonly hasBody: boolean; readonly signer: Signing; readonly createdMs: number; readonly nonce: string },
): Promise<SignatureFields> => sign(requestItems(request, made.hasBody), { request }, made);

/** The fields that sign a response; `toSigned` binds it to that very request, else it may be kept for every request of this target. */
export const signResponse = (
  parts: Required<SignedParts>,
  made: { readonly toSigned: boolean; readonly signer: Signing; readonly createdMs: number },
): Promise<SignatureFields> => sign(responseItems(parts.response, made.toSigned), parts, made);

/** How far a signature's time may be from ours. */
export interface Window {
  readonly now: number;
  readonly pastMs: number;
  readonly futureMs: number;
}

/** A signature that may count, once its key is found and has made it. */
export interface Claimed {
  readonly kid: string;
  readonly did: Did;
  /** Where the node of that key lives. */
  readonly address: string;
  readonly createdMs: number;
  readonly nonce?: string;
  /** What was signed, and how. */
  readonly base: Uint8Array;
  readonly bytes: Uint8Array;
}

function ours(field: Field): ReadSignature | undefined {
  const [found, ...more] = readSignatures(field).filter(({ input }) => input[1].get('tag') === OURS);
  if (more.length > 0) throw refused('malformed', 'there is more than one signature for REAR');
  if (found !== undefined && found.label !== OURS) throw refused('malformed', `a signature for REAR is named ${OURS}`);
  return found;
}

function claimed(
  { input, bytes }: ReadSignature,
  parts: SignedParts,
  { required, window, needsNonce }: { readonly required: readonly Item[]; readonly window: Window; readonly needsNonce: boolean },
): Claimed {
  const [items, parameters] = input;
  const covered = new Set(items.map(idOf));
  const bare = required.map(idOf).filter((id) => !covered.has(id));
  if (bare.length > 0) throw refused('not-covered', `the signature does not cover ${bare.join(' ')}`);
  if (parameters.get('alg') !== ALGORITHM) throw refused('algorithm', `only ${ALGORITHM} is taken`);
  const keyid = parameters.get('keyid');
  const owner = typeof keyid === 'string' ? ownerOfKey(keyid) : undefined;
  if (typeof keyid !== 'string' || owner === undefined) throw refused('key', 'the key has no id of a node');
  const created = parameters.get('created');
  if (typeof created !== 'number' || !Number.isInteger(created)) throw refused('malformed', 'the signature says not when it was made');
  const createdMs = created * 1_000;
  if (createdMs < window.now - window.pastMs) throw refused('expired', 'the signature is too old');
  if (createdMs > window.now + window.futureMs) throw refused('from-the-future', 'the signature was made later than now');
  const expires = parameters.get('expires');
  if (expires !== undefined && !(typeof expires === 'number' && expires * 1_000 >= window.now - window.futureMs)) {
    throw refused('expired', 'the signature has expired');
  }
  const nonce = parameters.get('nonce');
  if (needsNonce && !(typeof nonce === 'string' && NONCE.test(nonce)))
    throw refused('nonce', 'the signature has no nonce of 16 to 64 characters');
  return {
    kid: keyid,
    ...owner,
    createdMs,
    ...(typeof nonce === 'string' && { nonce }),
    base: bytesOf(signatureBase(input, parts)),
    bytes,
  };
}

/** A structured field can hold what cannot be written again: whatever else is thrown here is the sender's doing. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isFault(error) ? error : refused('malformed', 'the signature cannot be read');
  }
}

/** Reads the signature of a request; `undefined` when it has none. SIGNATURE_REFUSED when it can never count. Its digest is looked at by {@link checkDigest}. */
export const readRequestSignature = (request: RequestParts, window: Window, hasBody: boolean): Claimed | undefined =>
  reading(() => {
    const found = ours(request.field);
    return found && claimed(found, { request }, { required: requestItems(request, hasBody), window, needsNonce: true });
  });

/** The same of a response. `toSigned`: the request was signed, so that the response must be to this one alone. */
export const readResponseSignature = (parts: Required<SignedParts>, window: Window, toSigned: boolean): Claimed | undefined =>
  reading(() => {
    const found = ours(parts.response.field);
    return found && claimed(found, parts, { required: responseItems(parts.response, toSigned), window, needsNonce: false });
  });
