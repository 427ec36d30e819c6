/** What is signed, and what `contract verify` finds: nothing in an honest contract, and each kind of harm by its name. */
import { base64url } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Agreement, AgreementSignature } from '../../src/domain/agreement.ts';
import type { ContractTerms } from '../../src/domain/contract.ts';
import { contractId, flavorId } from '../../src/domain/ids.ts';
import { notary } from '../../src/adapters/keys/notary.ts';
import { agreementPayload, verifyAgreement } from '../../src/rear/agreement.ts';
import { exportedAgreement, verifyExport } from '../../src/rear/agreement-file.ts';
import { buyerOf, NOON, ONE, SELLER, termsOf } from '../contracts/samples.ts';
import { keyCircle } from '../fakes/keys.ts';
import { blueprintOf } from '../fakes/samples.ts';

const buyer = buyerOf('alice');
const terms = termsOf();
const clock = { now: () => NOON };
const circle = keyCircle(clock);
const [sellers, buyers, mallory] = [SELLER.address, buyer.address, 'mallory.example:3004'].map((address) => circle.notaryAt(address));
if (!sellers || !buyers || !mallory) throw new Error('three notaries');
let offered: Agreement;
let whole: Agreement;
beforeAll(async () => {
  offered = await sellers.sign(terms);
  whole = await buyers.countersign({ terms, agreement: offered });
});
const second = (agreement: Agreement): AgreementSignature => agreement.signatures[1] as AgreementSignature;
const faults = async (agreement: unknown, now = NOON) => (await verifyAgreement(agreement, now)).findings.map(({ fault }) => fault);
const documentOf = ({ payload }: Agreement) => JSON.parse(new TextDecoder().decode(base64url.decode(payload))) as Record<string, unknown>;
const altered = (change: Record<string, unknown>): string => base64url.encode(JSON.stringify({ ...documentOf(whole), ...change }));

test('an honest contract has nothing against it, and says who signed what', async () => {
  const { document, keys, findings } = await verifyAgreement(whole, NOON);
  expect(findings).toEqual([]);
  expect(document).toMatchObject({
    type: 'rearguard.dev/contract/v1',
    contract: terms.id,
    seller: { did: 'did:web:192.0.2.20%3A30001', id: 'north', cluster: 'north-1' },
    buyer: { did: 'did:web:alice.example%3A30000', id: 'alice' },
    price: { amount: '0.1', currency: 'EUR', period: 'hourly' },
    resources: { cpu: '1', memory: '2Gi', pods: '10' },
    startsAt: '2026-03-01T12:00:00Z',
    expiresAt: '2026-03-02T12:00:00Z',
  });
  expect(keys).toEqual([
    { kid: expect.stringMatching(/^did:web:192\.0\.2\.20%3A30001#[\w-]{43}$/) as string, of: 'seller', known: false },
    { kid: expect.stringMatching(/^did:web:alice\.example%3A30000#[\w-]{43}$/) as string, of: 'buyer', known: false },
  ]);
  const text = new TextDecoder().decode(base64url.decode(whole.payload));
  expect(text.startsWith('{"buyer":{"address":"alice.example:30000"')).toBe(true);
});

test('the same terms give the same bytes whatever order their keys are in, and signing again the same signature', async () => {
  const turned = JSON.parse(JSON.stringify(terms), (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).toReversed()) : value,
  ) as ContractTerms;
  expect(agreementPayload(turned)).toBe(whole.payload);
  expect(await sellers.sign(terms)).toEqual(offered);
});

test('of a service where it is hosted and how it is configured is signed, and its secrets are not', async () => {
  const flavor = blueprintOf(SELLER, 'service');
  const configuration = { database: 'orders' };
  const sold = termsOf({
    flavor,
    resources: { cpu: '0', memory: '0', pods: '1' },
    service: { hostingPolicy: 'Provider', configuration: { ...configuration, password: 'hunter22' } },
  });
  const agreed = await buyers.countersign({ terms: sold, agreement: await sellers.sign(sold) });
  expect(documentOf(agreed)['service']).toEqual({ hostingPolicy: 'Provider', configuration });
  const elsewhere = { ...documentOf(agreed), service: { hostingPolicy: 'Consumer', configuration } };
  expect(await faults({ ...agreed, payload: base64url.encode(JSON.stringify(elsewhere)) })).toEqual(['altered', 'altered']);
  const moved = { ...sold, service: { hostingPolicy: 'Consumer', configuration } } as const;
  await expect(buyers.countersign({ terms: moved, agreement: await sellers.sign(sold) })).rejects.toMatchObject({ code: 'PEER_LIED' });
});

describe('what is wrong is told apart', () => {
  test.each([
    ['price', { price: { amount: '0.01', currency: 'EUR', period: 'hourly' } }],
    ['end', { expiresAt: '2099-01-01T00:00:00Z' }],
    ['resources', { resources: { cpu: '64', memory: '2Gi', pods: '10' } }],
    ['an added term', { bonus: true }],
  ])('an altered %s', async (_, change) => {
    expect(await faults({ ...whole, payload: altered(change) })).toEqual(['altered', 'altered']);
  });

  test('an altered promise', async () => {
    const promised = { ...terms, flavor: { ...terms.flavor, terms: { noticeMs: 60_000 } } };
    const signed = await buyers.countersign({ terms: promised, agreement: await sellers.sign(promised) });
    expect(await faults(signed)).toEqual([]);
    const { flavor } = documentOf(signed) as { flavor: object };
    const shorter = base64url.encode(JSON.stringify({ ...documentOf(signed), flavor: { ...flavor, terms: { noticeMs: 1_000 } } }));
    expect(await faults({ ...signed, payload: shorter })).toEqual(['altered', 'altered']);
    expect(await faults({ ...signed, payload: whole.payload })).toEqual(['altered', 'altered']);
  });

  test('a party that was exchanged', async () => {
    const payload = altered({ buyer: { did: 'did:web:mallory.example%3A3004' } });
    expect(await faults({ ...whole, payload })).toEqual(['altered', 'wrong-key', 'not-signed-by-buyer']);
  });

  test('a key of somebody else', async () => {
    const stolen = await mallory.countersign({ terms, agreement: offered });
    expect(await faults(stolen)).toEqual(['wrong-key', 'not-signed-by-buyer']);
    const claimed = { ...second(whole), header: second(stolen).header };
    expect(await faults({ ...whole, signatures: [whole.signatures[0], claimed] })).toEqual(['wrong-key']);
  });

  test('a signature of another contract', async () => {
    const other = { ...terms, id: contractId('contract-other'), flavor: { ...terms.flavor, id: flavorId('north.example-k8slice-000c') } };
    const theirs = await buyers.countersign({ terms: other, agreement: await sellers.sign(other) });
    expect(await faults({ ...whole, signatures: [whole.signatures[0], second(theirs)] })).toEqual(['altered']);
  });

  test('one signature only', async () => {
    expect(await faults(offered)).toEqual(['not-signed-by-buyer']);
    expect(await faults({ ...whole, signatures: [second(whole)] })).toEqual(['not-signed-by-seller']);
    expect(await faults({ ...whole, signatures: [whole.signatures[0], whole.signatures[0]] })).toEqual(['not-signed-by-buyer']);
  });

  test('one that is over', async () => {
    expect(await faults(whole, NOON + 86_399_999)).toEqual([]);
    expect(await faults(whole, NOON + 86_400_000)).toEqual(['expired']);
  });

  test.each([
    ['nothing', undefined],
    ['words', 'contract'],
    ['no signatures', { payload: 'e30', signatures: [] }],
    ['a signature that is none', { payload: 'e30', signatures: [{ protected: 'x', signature: '!', header: {} }] }],
  ])('%s', async (_, agreement) => {
    expect(await faults(agreement)).toEqual(['malformed']);
  });

  test('another algorithm, also one without a key', async () => {
    const header = (change: object) =>
      base64url.encode(JSON.stringify({ alg: 'EdDSA', kid: 'did:web:alice.example%3A30000#x', typ: 'rearguard-contract+jws', ...change }));
    for (const change of [{ alg: 'none' }, { alg: 'HS256' }, { typ: 'JWT' }]) {
      const forged = { ...second(whole), protected: header(change) };
      expect(await faults({ ...whole, signatures: [whole.signatures[0], forged] })).toEqual(['wrong-key', 'not-signed-by-buyer']);
    }
  });
});

describe('whoever is offered a contract', () => {
  const countersign = (agreement: Agreement, signed = terms) => buyers.countersign({ terms: signed, agreement });
  test.each<[string, () => Promise<Agreement>]>([
    ['other terms than it says', () => sellers.sign({ ...terms, price: { amount: '9', currency: 'EUR', period: 'hourly' } })],
    ['by somebody else', () => mallory.sign(terms)],
    [
      'with a signature of other terms',
      async () => ({ ...offered, signatures: (await sellers.sign({ ...terms, resources: { ...ONE, cpu: '2' } })).signatures }),
    ],
  ])('does not sign what was signed %s', async (_, make) => {
    await expect(countersign(await make())).rejects.toMatchObject({ code: 'PEER_LIED' });
  });

  test('signs what the seller signed, once', async () => {
    expect((await countersign(whole)).signatures).toEqual(whole.signatures);
  });
});

describe('whoever sold takes no signature', () => {
  test.each<[string, () => Promise<AgreementSignature>]>([
    ['of somebody else', async () => second(await mallory.countersign({ terms, agreement: offered }))],
    ['of itself', async () => offered.signatures[0] as AgreementSignature],
    [
      'under other terms',
      async () => {
        const other = { ...terms, resources: { ...ONE, cpu: '2' } };
        return second(await buyers.countersign({ terms: other, agreement: await sellers.sign(other) }));
      },
    ],
  ])('%s', async (_, make) => {
    await expect(sellers.checkBuyer({ terms, agreement: offered, signature: await make() })).rejects.toMatchObject({
      code: 'BUYER_REFUSED',
    });
  });

  test('by a key that the buyer no longer shows: it is asked to come again, and not told why', async () => {
    await circle.signerAt(buyer.address).rotate({ overlapMs: 0 });
    await expect(sellers.checkBuyer({ terms, agreement: offered, signature: second(whole) })).rejects.toMatchObject({
      code: 'KEYS_UNAVAILABLE',
      message: expect.not.stringContaining(buyer.address) as string,
    });
  });

  test('but the buyer’s own', async () => {
    const signed = second(await buyers.countersign({ terms, agreement: offered }));
    await expect(sellers.checkBuyer({ terms, agreement: offered, signature: signed })).resolves.toBeUndefined();
  });
});

test('a key that the operator ruled out signs nothing for us', async () => {
  const pinned = (thumbprint: string) => {
    const rules = [{ node: SELLER.id, policy: 'signed' as const, keys: [thumbprint] }];
    return notary({ signer: circle.signerAt(buyer.address), peerKeys: circle.peerKeys, policy: { rules, otherwise: 'signed' } });
  };
  const [shown] = await circle.signerAt(SELLER.address).published();
  const right = pinned(shown?.kid.split('#')[1] ?? '').countersign({ terms, agreement: offered });
  await expect(right).resolves.toMatchObject({ payload: whole.payload });
  await expect(pinned('a'.repeat(43)).countersign({ terms, agreement: offered })).rejects.toMatchObject({ code: 'PEER_LIED' });
});

describe('a file', () => {
  test('is proven from itself, and what people read in it is what was signed', async () => {
    const file = JSON.parse(JSON.stringify(exportedAgreement(whole))) as { terms: object };
    expect((await verifyExport(file, NOON)).findings).toEqual([]);
    const cheaper = { ...file, terms: { ...file.terms, price: { amount: '0.01', currency: 'EUR', period: 'hourly' }, gift: true } };
    expect((await verifyExport(cheaper, NOON)).findings).toEqual([
      {
        fault: 'altered',
        words: 'the file says otherwise than what was signed: price.amount is "0.01", signed was "0.1"; gift is true, signed was nothing',
      },
    ]);
  });

  test.each([[{}], [[]], ['x'], [{ terms: {} }]])('that is none is malformed: %j', async (file) => {
    expect((await verifyExport(file, NOON)).findings.map(({ fault }) => fault)).toEqual(['malformed']);
  });
});
