/** A later end of a contract: an addendum that both parties sign, each following from the document before it. */
import canonicalize from 'canonicalize';
import { base64url } from 'jose';
import { z } from 'zod';
import type { Agreement, AgreementFinding } from '../domain/agreement.ts';
import type { Contract } from '../domain/contract.ts';
import { untilOf } from '../domain/renewal.ts';
import { checkSignatures, type Parties, readPayload, type SigningKey } from './agreement.ts';
import { sha256 } from './ed25519.ts';
import { writeTime } from './flavor.ts';
import type { KnownKeys } from './known-keys.ts';

const ADDENDUM = 'rearguard.dev/contract-addendum/v1';

const hashOf = (payload: string): string => base64url.encode(sha256(new TextEncoder().encode(payload)));

/** What is signed of a renewal until `until`: which one of that contract it is, what it follows from, and both ends. Whoever asks again asks with the same bytes. */
export function renewalPayload(contract: Contract, until: string): string {
  const { terms, agreement, renewals = [] } = contract;
  const before = renewals.at(-1) ?? agreement;
  if (!before) throw new Error(`contract ${terms.id} was never signed`);
  const text = canonicalize({
    type: ADDENDUM,
    contract: terms.id,
    number: renewals.length + 1,
    previous: hashOf(before.payload),
    from: writeTime(untilOf(contract)),
    expiresAt: writeTime(until),
  });
  if (text === undefined) throw new Error('an addendum without a canonical spelling');
  return base64url.encode(text);
}

const Addendum = z.looseObject({
  type: z.literal(ADDENDUM),
  contract: z.string(),
  number: z.int().min(1),
  previous: z.string(),
  from: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});

/** Proves renewals from themselves, the contract that they prolong and the keys that are known: until when it is proven to last, by which keys, and what is wrong. What follows a wrong one proves nothing. */
export async function verifyRenewals(
  contract: { readonly id: string; readonly agreement: Agreement; readonly parties: Parties; readonly expiresAt: string },
  renewals: readonly Agreement[],
  known: KnownKeys,
): Promise<{ readonly until: string; readonly keys: readonly SigningKey[]; readonly findings: readonly AgreementFinding[] }> {
  let until = contract.expiresAt;
  const keys: SigningKey[] = [];
  let before = contract.agreement.payload;
  for (const [index, { payload, signatures }] of renewals.entries()) {
    const expected = index + 1;
    const stop = (fault: 'missing-addendum' | 'forged-addendum', words: string) => ({ until, keys, findings: [{ fault, words }] });
    const read = Addendum.safeParse(readPayload(payload));
    if (!read.success) return stop('forged-addendum', `renewal ${expected} is not readable as one`);
    const { number, previous, from, expiresAt, contract: id } = read.data;
    const checked = await checkSignatures(payload, signatures, contract.parties, known);
    keys.push(...checked.keys);
    const [first] = checked.findings;
    if (first) return stop('forged-addendum', `renewal ${expected}: ${first.words}`);
    if (id !== contract.id) return stop('forged-addendum', `renewal ${expected} is of another contract`);
    if (number > expected) return stop('missing-addendum', `renewal ${expected} is missing: the next one is number ${number}`);
    if (number < expected) return stop('forged-addendum', `renewal ${number} is there twice`);
    if (previous !== hashOf(before) || Date.parse(from) !== Date.parse(until))
      return stop('missing-addendum', `renewal ${expected} does not follow from what is before it`);
    until = expiresAt;
    before = payload;
  }
  return { until, keys, findings: [] };
}
