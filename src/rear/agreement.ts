/** A contract that both parties signed: its document, and whether signatures hold. */
import canonicalize from 'canonicalize';
import { base64url, calculateJwkThumbprint, flattenedVerify } from 'jose';
import { z } from 'zod';
import type { AgreementFinding, AgreementSignature } from '../domain/agreement.ts';
import type { ContractTerms } from '../domain/contract.ts';
import { didOf, ownerOfKey } from '../domain/did.ts';
import type { NodeIdentity } from '../domain/flavor.ts';
import type { ClusterId } from '../domain/ids.ts';
import { AgreementSchema } from './agreement-schema.ts';
import { gpusOf, readContract, writeContract } from './contract.ts';
import { writeFlavor, writeTime } from './flavor.ts';
import { encode } from './json.ts';
import type { KnownKeys } from './known-keys.ts';
import { writeAmounts } from './offer.ts';
import { offerTerms } from './offer-terms.ts';

const DOCUMENT = 'rearguard.dev/contract/v1';
const HEADER_TYPE = 'rearguard-contract+jws';

const party = ({ id, domain, address }: NodeIdentity, cluster: ClusterId): object => ({
  did: didOf(address),
  id,
  domain,
  address,
  cluster,
});

/** The terms in the one spelling that is signed. Whatever the wire would change is changed first, so that both sides come to the same bytes. */
function documentOf(terms: ContractTerms): string {
  const nobody = { clusterId: terms.sellerCluster, kubeconfig: 'AA==' };
  const sent: unknown = JSON.parse(encode(writeContract(terms, nobody)));
  const { terms: read } = readContract(sent, { receivedAt: terms.startsAt });
  const document = {
    type: DOCUMENT,
    contract: read.id,
    transaction: read.transaction,
    seller: party(read.seller, read.sellerCluster),
    buyer: party(read.buyer, read.buyerCluster),
    flavor: writeFlavor(read.flavor),
    resources: writeAmounts(read.resources, gpusOf(read)),
    ...(read.service && { service: read.service }),
    ...(read.price && { price: read.price }),
    startsAt: writeTime(read.startsAt),
    expiresAt: writeTime(read.expiresAt),
  };
  const text = canonicalize(document);
  if (text === undefined) throw new Error('terms without a canonical spelling');
  return text;
}

/** What is signed of terms: the payload of the agreement. */
export const agreementPayload = (terms: ContractTerms): string => base64url.encode(documentOf(terms));

/** The header of a signature, and the bytes that it is over. */
export function toSign(payload: string, kid: string): { readonly protected: string; readonly bytes: Uint8Array } {
  const header = base64url.encode(JSON.stringify({ alg: 'EdDSA', kid, typ: HEADER_TYPE }));
  return { protected: header, bytes: new TextEncoder().encode(`${header}.${payload}`) };
}

const Header = z.object({ alg: z.literal('EdDSA'), kid: z.string().max(500), typ: z.literal(HEADER_TYPE) });
const PartySchema = z.looseObject({ did: z.string() });
const Document = z.looseObject({
  type: z.literal(DOCUMENT),
  contract: z.string(),
  seller: PartySchema,
  buyer: PartySchema,
  flavor: z.looseObject({ terms: offerTerms.exactOptional() }),
  startsAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
/** The terms as they were signed. */
export type AgreementDocument = z.infer<typeof Document>;

const parsed = (text: string): unknown => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(base64url.decode(text)));

/** What a payload says; `undefined` when it is not readable. */
export function readPayload(payload: string): unknown {
  try {
    return parsed(payload);
  } catch {
    return undefined;
  }
}

/** The id of the key that a signature names; `undefined` when it names none. */
export function keyIdOf(signature: AgreementSignature): string | undefined {
  try {
    return Header.parse(parsed(signature.protected)).kid;
  } catch {
    return undefined;
  }
}

/** Whether a signature is over that payload, by the key that it names and carries. */
export async function signatureHolds(payload: string, signature: AgreementSignature): Promise<'holds' | 'altered' | 'wrong-key'> {
  const kid = keyIdOf(signature);
  const { jwk } = signature.header;
  if (kid === undefined || kid.split('#')[1] !== (await calculateJwkThumbprint({ ...jwk }))) return 'wrong-key';
  try {
    const { protected: header, signature: bytes } = signature;
    await flattenedVerify({ protected: header, payload, signature: bytes }, { ...jwk, alg: 'EdDSA' }, { algorithms: ['EdDSA'] });
    return 'holds';
  } catch {
    return 'altered';
  }
}

/** Whose signatures a document needs: their DIDs. */
export interface Parties {
  readonly seller: string;
  readonly buyer: string;
}
type Party = keyof Parties;

/** A key that signed: its id, whose it says to be, and whether it is known to be theirs from elsewhere. */
export interface SigningKey {
  readonly kid: string;
  readonly of?: Party;
  readonly known: boolean;
}

/** Of whom no key is known: their signatures are by keys that the document brings along, which anybody can make in anybody's name. */
const unknownOf = (parties: Parties, known: KnownKeys): readonly Party[] =>
  (['seller', 'buyer'] as const).filter((party) => !known.has(parties[party]));

/** Which keys signed a document of these parties, and what is wrong with that. Of whom keys are known, others sign nothing. */
export async function checkSignatures(
  payload: string,
  signatures: readonly AgreementSignature[],
  parties: Parties,
  known: KnownKeys,
): Promise<{ readonly keys: readonly SigningKey[]; readonly findings: readonly AgreementFinding[] }> {
  const findings: AgreementFinding[] = [];
  const signed = new Set<Party>();
  const keys: SigningKey[] = [];
  for (const signature of signatures) {
    const kid = keyIdOf(signature) ?? '';
    const did = ownerOfKey(kid)?.did;
    const by = did === parties.seller ? 'seller' : did === parties.buyer ? 'buyer' : undefined;
    const theirs = did === undefined ? undefined : known.get(did);
    const isKnown = theirs?.has(kid.split('#')[1] ?? '') ?? false;
    keys.push({ kid, ...(by && { of: by }), known: isKnown });
    const how = await signatureHolds(payload, signature);
    if (by === undefined) findings.push({ fault: 'wrong-key', words: `key ${kid || 'without an id'} is neither party’s` });
    else if (how === 'wrong-key') findings.push({ fault: 'wrong-key', words: `the ${by}’s signature carries another key than it names` });
    else if (theirs && !isKnown)
      findings.push({ fault: 'wrong-key', words: `the ${by}’s signature is by a key that is none of its keys that you know` });
    else if (how === 'altered') findings.push({ fault: 'altered', words: `the ${by} did not sign these terms` });
    if (by !== undefined) signed.add(by);
  }
  if (!signed.has('seller')) findings.push({ fault: 'not-signed-by-seller', words: 'the seller’s signature is missing' });
  if (!signed.has('buyer')) findings.push({ fault: 'not-signed-by-buyer', words: 'the buyer’s signature is missing' });
  return { keys, findings };
}

/** What can be proven of a document. */
export interface AgreementProof {
  readonly document?: AgreementDocument;
  readonly keys: readonly SigningKey[];
  /** Of whom nothing is known: that the keys which signed for them are theirs is said by the document alone. */
  readonly notVouchedFor: readonly Party[];
  readonly findings: readonly AgreementFinding[];
}

/**
 * Proves an agreement without asking anybody: that each party signed exactly these terms by a key that is `known` to be its own, and that they still bind. `now` in ms since the epoch.
 */
export async function verifyAgreement(value: unknown, now: number, known: KnownKeys = new Map()): Promise<AgreementProof> {
  const nothing = (finding: AgreementFinding): AgreementProof => ({ keys: [], notVouchedFor: ['seller', 'buyer'], findings: [finding] });
  const read = AgreementSchema.safeParse(value);
  if (!read.success) return nothing({ fault: 'malformed', words: 'this is no contract that was signed' });
  const { payload, signatures } = read.data;
  let document: AgreementDocument;
  try {
    document = Document.parse(parsed(payload));
  } catch {
    return nothing({ fault: 'altered', words: 'what was signed is not readable as a contract' });
  }
  const parties = partiesOf(document);
  const { keys, findings } = await checkSignatures(payload, signatures, parties, known);
  const expired = Date.parse(document.expiresAt) <= now;
  const ended: AgreementFinding = { fault: 'expired', words: `it ended at ${document.expiresAt}` };
  return { document, keys, notVouchedFor: unknownOf(parties, known), findings: [...findings, ...(expired ? [ended] : [])] };
}

/** Whose signatures a contract needs. */
export const partiesOf = ({ seller, buyer }: AgreementDocument): Parties => ({ seller: seller.did, buyer: buyer.did });
