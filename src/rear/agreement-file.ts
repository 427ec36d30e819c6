/** A contract as a file for somebody else: what was signed, also in a form that people can read. */
import { z } from 'zod';
import type { Agreement, AgreementFinding } from '../domain/agreement.ts';
import { type AgreementProof, partiesOf, readPayload, type SigningKey, verifyAgreement } from './agreement.ts';
import { AgreementSchema } from './agreement-schema.ts';
import { differencesWords, differing, membersWords } from './agreement-differences.ts';
import type { KnownKeys } from './known-keys.ts';
import { verifyRenewals } from './renewal.ts';

const signedForm = (agreement: Agreement): { readonly terms: unknown; readonly agreement: Agreement } => ({
  terms: readPayload(agreement.payload),
  agreement,
});

/** One that was never renewed says nothing of renewals; `until` is the end that was agreed last. */
export const exportedAgreement = (
  agreement: Agreement,
  renewed?: { readonly renewals: readonly Agreement[]; readonly until: string },
): object => ({
  ...signedForm(agreement),
  ...(renewed && { until: renewed.until, renewals: renewed.renewals.map(signedForm) }),
});

const Form = z.object({ terms: z.record(z.string(), z.unknown()), agreement: z.unknown() });
const File = Form.extend({
  until: z.iso.datetime().optional(),
  renewals: z
    .array(Form.extend({ agreement: AgreementSchema }))
    .max(10_000)
    .optional(),
});

/** What can be proven of a file. */
export interface ExportProof extends AgreementProof {
  /** Until when it is proven to last: RFC 3339. */
  readonly until?: string;
}

const each = (keys: readonly SigningKey[]): readonly SigningKey[] => [...new Map(keys.map((key) => [key.kid, key])).values()];

/** What people read in a part of the file must be what was signed. */
function differences(terms: Readonly<Record<string, unknown>>, agreement: Agreement, what: string): readonly AgreementFinding[] {
  const found = differing(readPayload(agreement.payload), terms);
  if (found.length === 0) return [];
  return [{ fault: 'altered', words: `${what} says otherwise than what was signed: ${differencesWords(found)}` }];
}

/** What stands beside the signed terms was signed by nobody: whoever reads it might take it for agreed on. */
function unsigned(value: unknown, known: object): readonly AgreementFinding[] {
  const found = differing(known, value);
  if (found.length === 0) return [];
  return [
    { fault: 'not-signed', words: `nobody signed what the file says besides the contract: ${membersWords(found.map(({ path }) => path))}` },
  ];
}

/** The end that people read must be the one that was signed last. */
function otherEnd(said: string | undefined, signed: string): readonly AgreementFinding[] {
  if (said === undefined || Date.parse(said) === Date.parse(signed)) return [];
  return [{ fault: 'missing-addendum', words: `the file says that it lasts until ${said}, and what was signed ends at ${signed}` }];
}

/**
 * Proves such a file without asking anybody: the contract, every later end, and that nothing in between or at the end was left out, by the keys that are `known` to be the parties'. Of whom none is
 * known, it says so. `now` in ms since the epoch.
 */
export async function verifyExport(value: unknown, now: number, known: KnownKeys = new Map()): Promise<ExportProof> {
  const read = File.safeParse(value);
  const file = read.data;
  const proof = await verifyAgreement(file?.agreement, file?.renewals ? 0 : now, known);
  const base = AgreementSchema.safeParse(file?.agreement).data;
  if (!file || !base || !proof.document) return proof;
  const { document } = proof;
  const found = [...unsigned(value, { ...file, agreement: base }), ...differences(file.terms, base, 'the file'), ...proof.findings];
  if (!file.renewals) return { ...proof, until: document.expiresAt, findings: [...found, ...otherEnd(file.until, document.expiresAt)] };
  const renewals = file.renewals.map(({ agreement }) => agreement);
  const { until, keys, findings } = await verifyRenewals(
    { id: document.contract, agreement: base, parties: partiesOf(document), expiresAt: document.expiresAt },
    renewals,
    known,
  );
  found.push(...findings);
  if (findings.length === 0)
    found.push(...file.renewals.flatMap(({ terms, agreement }, at) => differences(terms, agreement, `renewal ${at + 1}`)));
  if (findings.length === 0) found.push(...otherEnd(file.until, until));
  if (Date.parse(until) <= now) found.push({ fault: 'expired', words: `it ended at ${until}` });
  return { ...proof, until, keys: each([...proof.keys, ...keys]), findings: found };
}
