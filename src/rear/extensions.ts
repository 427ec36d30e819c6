/** What we add to REAR v2: announced in `GET /.well-known/rear`, never needed to talk to a FLUIDOS node. */
import { z } from 'zod';
import type { ContractState, EndNotice, Handover } from '../domain/contract.ts';
import type { FaultCode } from '../domain/faults.ts';
import { FAULTS } from '../domain/faults.ts';
import type { NodeIdentity } from '../domain/flavor.ts';
import { DNS_LABEL, DNS_SUBDOMAIN } from '../domain/ids.ts';
import { EndReason, type Ending } from '../domain/reasons.ts';
import type { Agreement, AgreementSignature } from '../domain/agreement.ts';
import { AgreementSchema, SignatureSchema } from './agreement-schema.ts';
import { isTime, writeTime } from './flavor.ts';
import { identity, writeIdentity } from './identity.ts';
import { omitEmpty, sorted } from './json.ts';
import { goObject, listOf, strictText } from './reading.ts';

/** Who announces this signs what it says (RFC 9421), and wants it of others of our dialect. */
export const SIGNATURES = 'signatures';

/** Each names a message (or a header) of ours. */
export const EXTENSIONS = [
  'release',
  'terminate',
  'contract',
  'notice',
  'credentials',
  'idempotency-key',
  'countersign',
  'handover',
  'renewal',
  SIGNATURES,
] as const;

/** What may be an idempotency key: printable, at most 200 characters. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;

export const WELL_KNOWN = '/.well-known/rear';

/** `detail` is somebody's words for a person: short, and without control characters. */
const ending = goObject({ reason: z.enum(EndReason.enum), detail: z.string().optional() }).transform(
  ({ reason, detail }): Ending => ({
    reason,
    ...(detail === undefined ? {} : { detail: detail.replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 500) }),
  }),
);

const description = goObject({
  protocol: z.literal('REAR'),
  version: z.string().regex(/^2(\.\d+){0,2}$/),
  dialect: z.literal('rearguard'),
  node: z.union([z.undefined(), identity]),
  extensions: listOf(z.string().max(100)),
});

export const readDescription = (value: unknown): { readonly identity?: NodeIdentity; readonly extensions: readonly string[] } => {
  const { node, extensions } = description.parse(value);
  return { ...(node === undefined ? {} : { identity: node }), extensions };
};
export const writeDescription = (self: NodeIdentity): object => ({
  protocol: 'REAR',
  version: '2.0.0',
  dialect: 'rearguard',
  node: writeIdentity(self),
  extensions: EXTENSIONS,
});

export const release = goObject({ buyerID: identity, idempotencyKey: z.string().regex(IDEMPOTENCY_KEY) });
export const writeRelease = (buyer: NodeIdentity, idempotencyKey: string): object => ({ buyerID: writeIdentity(buyer), idempotencyKey });

export const termination = goObject({ buyerID: identity, ending });
export const writeTermination = (buyer: NodeIdentity, ending: Ending): object => ({ buyerID: writeIdentity(buyer), ending });

export const notice = goObject({ ending });
export const credentialsRequest = goObject({ buyerID: identity });
/** Who asks: the body of a credentials request, and of our PURCHASE. */
export const writeBuyer = (buyer: NodeIdentity): object => ({ buyerID: writeIdentity(buyer) });

export const countersignature = goObject({ buyerID: identity, signature: SignatureSchema });
export const writeCountersignature = (buyer: NodeIdentity, signature: AgreementSignature): object => ({
  buyerID: writeIdentity(buyer),
  signature,
});

/** A later end, signed by the buyer; the answer is the same document with both signatures. */
export const renewalRequest = goObject({ buyerID: identity, renewal: AgreementSchema });
export const writeRenewalRequest = (buyer: NodeIdentity, renewal: Agreement): object => ({ buyerID: writeIdentity(buyer), renewal });
const renewalAnswer = goObject({ renewal: AgreementSchema });
export const readRenewal = (value: unknown): Agreement => renewalAnswer.parse(value).renewal;
export const writeRenewal = (contract: string, renewal: Agreement, until: string): object => ({
  contractID: contract,
  expirationTime: writeTime(until),
  renewal,
});

const STATES = ['active', 'ending', 'over'] as const satisfies readonly ContractState[];
const endNotice = goObject({ ending, endsAt: strictText.refine(isTime, 'not a time') });
const contractState = goObject({
  state: z.enum(STATES),
  ending: z.union([z.undefined(), ending]),
  notice: z.union([z.undefined(), endNotice]),
});
export const readContractState = (
  value: unknown,
): { readonly state: ContractState; readonly ending?: Ending; readonly notice?: EndNotice } => {
  const { state, ending, notice } = contractState.parse(value);
  return { state, ...(ending === undefined ? {} : { ending }), ...(notice === undefined ? {} : { notice }) };
};

/** A Secret's data at most, 1 MiB (Kubernetes' own bound); its keys as Kubernetes takes them. */
const secret = z
  .record(z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/), z.string().max(1_048_576))
  .refine((data) => Object.keys(data).length <= 100, 'too many values');
const manifest = z.looseObject({
  apiVersion: z.string().min(1).max(253),
  kind: z.string().min(1).max(63),
  metadata: z.looseObject({
    name: z.string().regex(DNS_SUBDOMAIN),
    namespace: z.undefined().optional(),
  }),
});
const handover = z.object({
  secret: secret,
  endpoint: z.object({ host: z.string().regex(/^[-.:a-zA-Z0-9]{1,253}$/), port: z.int().min(1).max(65_535) }).optional(),
  service: z.object({ name: z.string().regex(DNS_LABEL), port: z.int().min(1).max(65_535) }).optional(),
  manifests: z.array(manifest).max(50).optional(),
});
export const readHandover = (value: unknown): Handover => {
  const { secret, endpoint, service, manifests } = handover.parse(value);
  return {
    secret,
    ...(endpoint && { endpoint }),
    ...(service && { service }),
    ...(manifests && { manifests: manifests as unknown as Handover['manifests'] & object }),
  };
};
export const writeHandover = ({ secret, endpoint, service, manifests }: Handover): object => ({
  secret: sorted(secret),
  ...(endpoint && { endpoint }),
  ...(service && { service }),
  ...omitEmpty('manifests', manifests),
});

/** `endReason` and `endDetail`: why a contract ended, where that is what is told. */
const problem = goObject({ code: strictText, detail: strictText, endReason: z.unknown(), endDetail: z.unknown() });
/** A fault of ours in a problem document (RFC 9457); `undefined` when it is somebody else's. */
export const readProblem = (
  value: unknown,
): { readonly code: FaultCode; readonly detail: string; readonly ending?: Ending } | undefined => {
  const read = problem.safeParse(value);
  if (!read.success || !Object.hasOwn(FAULTS, read.data.code)) return undefined;
  const { code, detail, endReason, endDetail } = read.data;
  const told = ending.safeParse({ reason: endReason, ...(typeof endDetail === 'string' && { detail: endDetail }) });
  return { code: code as FaultCode, detail: detail.slice(0, 500), ...(told.success && { ending: told.data }) };
};
