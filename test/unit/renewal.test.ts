/** Later ends that both signed: what `contract verify` finds in a file with them, and which of its parts it misses. */
import { base64url } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Agreement } from '../../src/domain/agreement.ts';
import type { Contract } from '../../src/domain/contract.ts';
import type { PublishedKey } from '../../src/domain/did.ts';
import { nextEnd, untilOf } from '../../src/domain/renewal.ts';
import { exportedAgreement, verifyExport } from '../../src/rear/agreement-file.ts';
import { allKnown, knownById } from '../../src/rear/known-keys.ts';
import { buyerOf, flavorOf, NOON, SELLER, termsOf } from '../contracts/samples.ts';
import { keyCircle } from '../fakes/keys.ts';

const DAY = 86_400_000;
const buyer = buyerOf('alice');
const circle = keyCircle({ now: () => NOON });
const [sellers, buyers, mallory] = [SELLER.address, buyer.address, 'mallory.example:3004'].map((address) => circle.notaryAt(address));
if (!sellers || !buyers || !mallory) throw new Error('three notaries');
const terms = termsOf({ flavor: { ...flavorOf('000b'), terms: { renewal: { kind: 'automatic', forMs: DAY } } } });

interface Form {
  readonly terms: Record<string, unknown>;
  readonly agreement: Agreement;
}
interface File extends Form {
  readonly until: string;
  readonly renewals: readonly Form[];
}

let first: Contract;
let thrice: Contract;
let file: File;
const knownOf = (published: readonly (readonly PublishedKey[])[]) => allKnown(published.flat().flatMap(({ kid }) => knownById(kid) ?? []));
const renewed = async (contract: Contract): Promise<Contract> => {
  const until = nextEnd(contract) ?? '';
  const proposed = await buyers.proposeRenewal({ contract, until });
  const renewal = await sellers.grantRenewal({ contract, until, proposed });
  return { ...contract, renewals: [...(contract.renewals ?? []), renewal], renewedUntil: until };
};
const fileOf = (contract: Contract): File => {
  const { agreement, renewals = [] } = contract;
  if (!agreement) throw new Error('not signed');
  return JSON.parse(JSON.stringify(exportedAgreement(agreement, { renewals, until: untilOf(contract) }))) as File;
};
beforeAll(async () => {
  const agreement = await buyers.countersign({ terms, agreement: await sellers.sign(terms) });
  first = { terms, agreement, role: 'buyer', state: 'active' };
  thrice = await renewed(await renewed(await renewed(first)));
  file = fileOf(thrice);
});
const at = (index: number): Form => {
  const found = file.renewals[index];
  if (!found) throw new Error(`no renewal ${index}`);
  return found;
};
const faults = async (value: unknown, now = NOON) => (await verifyExport(value, now)).findings.map(({ fault }) => fault);
const altered = (payload: string, change: object): string =>
  base64url.encode(JSON.stringify({ ...(JSON.parse(new TextDecoder().decode(base64url.decode(payload))) as object), ...change }));

test('three renewals are proven offline, and the contract ends where the last one says', async () => {
  const { until, findings } = await verifyExport(file, NOON + 3 * DAY);
  expect(findings).toEqual([]);
  expect(Date.parse(until ?? '')).toBe(Date.parse(terms.expiresAt) + 3 * DAY);
  expect(at(1).terms).toEqual({
    type: 'rearguard.dev/contract-addendum/v1',
    contract: terms.id,
    number: 2,
    previous: expect.stringMatching(/^[\w-]{43}$/),
    from: '2026-03-03T12:00:00Z',
    expiresAt: '2026-03-04T12:00:00Z',
  });
  expect(await faults(file, NOON + 4 * DAY)).toEqual(['expired']);
});

describe('a missing one', () => {
  test.each([
    ['the first', [1, 2]],
    ['one in between', [0, 2]],
    ['the last', [0, 1]],
    ['all of them', []],
  ])('%s', async (_, kept) => {
    expect(await faults({ ...file, renewals: kept.map(at) })).toEqual(['missing-addendum']);
  });

  test('whoever cuts them off with the end that the file says is left with a contract that ended', async () => {
    expect(await faults({ terms: file.terms, agreement: file.agreement }, NOON + DAY)).toEqual(['expired']);
  });
});

describe('a forged one', () => {
  const instead = async (change: (form: Form) => Agreement | Promise<Agreement>) => {
    const agreement = await change(at(1));
    return await faults({ ...file, renewals: [at(0), { ...at(1), agreement }, at(2)] });
  };
  test.each<[string, (form: Form) => Agreement | Promise<Agreement>]>([
    ['another end', ({ agreement }) => ({ ...agreement, payload: altered(agreement.payload, { expiresAt: '2099-01-01T00:00:00Z' }) })],
    ['another number', ({ agreement }) => ({ ...agreement, payload: altered(agreement.payload, { number: 3 }) })],
    ['signed by one', ({ agreement }) => ({ ...agreement, signatures: agreement.signatures.slice(0, 1) })],
    [
      'signed by the buyer twice',
      ({ agreement }) => ({ ...agreement, signatures: [agreement.signatures[0], agreement.signatures[0]] as never }),
    ],
    [
      'signed by somebody else',
      async ({ agreement }) => {
        const stranger = await mallory.proposeRenewal({ contract: first, until: nextEnd(first) ?? '' });
        return { ...agreement, signatures: [...agreement.signatures.slice(0, 1), ...stranger.signatures] };
      },
    ],
    ['of another contract', async () => (await renewed({ ...first, terms: { ...terms, id: termsOf().id } })).renewals?.[0] as Agreement],
    ['the one before once more', () => at(0).agreement],
    ['no addendum', ({ agreement }) => ({ ...agreement, payload: 'e30' })],
    ['the contract itself', () => file.agreement],
  ])('%s', async (_, change) => {
    expect(await instead(change)).toEqual(['forged-addendum']);
  });

  test('one that follows from another document does not count', async () => {
    // Both signed it, after a first renewal that the file does not have.
    const other = await renewed({
      ...first,
      terms,
      agreement: { ...(first.agreement as Agreement), payload: altered(file.agreement.payload, { contract: terms.id, note: 1 }) },
    });
    expect(await faults({ ...file, renewals: [{ ...at(0), agreement: other.renewals?.[0] }] })).toContain('missing-addendum');
  });

  test('what people read of one is what was signed', async () => {
    const longer = { ...at(2), terms: { ...at(2).terms, expiresAt: '2099-01-01T00:00:00Z' } };
    const { findings } = await verifyExport({ ...file, renewals: [at(0), at(1), longer] }, NOON);
    expect(findings).toEqual([
      {
        fault: 'altered',
        words: 'renewal 3 says otherwise than what was signed: expiresAt is "2099-01-01T00:00:00Z", signed was "2026-03-05T12:00:00Z"',
      },
    ]);
  });
});

test('one by keys that somebody made in the names of both is believed by nobody who knows theirs', async () => {
  const forger = keyCircle({ now: () => NOON });
  const [selling, buying] = [forger.notaryAt(SELLER.address), forger.notaryAt(buyer.address)];
  const until = nextEnd(thrice) ?? '';
  const forged = await selling.grantRenewal({
    contract: thrice,
    until,
    proposed: await buying.proposeRenewal({ contract: thrice, until }),
  });
  const longer = fileOf({ ...thrice, renewals: [...(thrice.renewals ?? []), forged], renewedUntil: until });
  const known = knownOf(await Promise.all([SELLER, buyer].map(({ address }) => circle.signerAt(address).published())));

  expect(await verifyExport(longer, NOON)).toMatchObject({
    until: '2026-03-06T12:00:00Z',
    findings: [],
    notVouchedFor: ['seller', 'buyer'],
  });
  expect(await verifyExport(file, NOON, known)).toMatchObject({ findings: [], notVouchedFor: [] });
  expect(await verifyExport(longer, NOON, known)).toMatchObject({
    until: '2026-03-05T12:00:00Z',
    keys: [{ known: true }, { known: true }, { of: 'buyer', known: false }, { of: 'seller', known: false }],
    findings: [{ fault: 'forged-addendum', words: expect.stringMatching(/^renewal 4: .*none of its keys that you know$/) as string }],
    notVouchedFor: [],
  });
});

describe('a buyer believes no renewal', () => {
  test.each<[string, (granted: Agreement, until: string) => Promise<Agreement>]>([
    ['without the seller’s signature', async (granted) => ({ ...granted, signatures: granted.signatures.slice(0, 1) })],
    ['until another end', async (granted) => ({ ...granted, payload: altered(granted.payload, { expiresAt: '2099-01-01T00:00:00Z' }) })],
    [
      'by another seller',
      async (granted, until) => {
        const { signatures } = await mallory.proposeRenewal({ contract: first, until });
        return { ...granted, signatures: [...granted.signatures.slice(0, 1), ...signatures] };
      },
    ],
  ])('%s', async (_, change) => {
    const until = nextEnd(first) ?? '';
    const granted = (await renewed(first)).renewals?.[0] as Agreement;
    await expect(buyers.checkRenewal({ contract: first, until, granted })).resolves.toBeUndefined();
    await expect(buyers.checkRenewal({ contract: first, until, granted: await change(granted, until) })).rejects.toMatchObject({
      code: 'PEER_LIED',
    });
  });
});

test('nothing goes on that was not agreed on, or not signed', () => {
  expect(nextEnd({ ...first, terms: termsOf() })).toBeUndefined();
  const { agreement: _, ...unsigned } = first;
  expect(nextEnd(unsigned)).toBeUndefined();
});
