/** `contract verify` at the command line: whose keys signed is compared with what the person knows, never with the file. */
import { base64url } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Fetcher } from '../../src/cli/client.ts';
import type { ContractTerms } from '../../src/domain/contract.ts';
import { didOf } from '../../src/domain/did.ts';
import { contractId } from '../../src/domain/ids.ts';
import { exportedAgreement } from '../../src/rear/agreement-file.ts';
import { writeDidDocument } from '../../src/rear/did.ts';
import { buyerOf, SELLER, termsOf } from '../contracts/samples.ts';
import { type KeyCircle, keyCircle } from '../fakes/keys.ts';
import { clock, rearguard } from './cli-subject.ts';

const buyer = buyerOf('alice');
const terms = termsOf({ id: contractId('contract-1'), expiresAt: '2999-01-01T00:00:00.000Z' });
const honest = keyCircle(clock);
/** Whoever makes keys of his own and says that they are theirs. */
const forger = keyCircle(clock);

const exported = async (circle: KeyCircle, of: ContractTerms = terms): Promise<string> => {
  const offered = await circle.notaryAt(SELLER.address).sign(of);
  return JSON.stringify(exportedAgreement(await circle.notaryAt(buyer.address).countersign({ terms: of, agreement: offered })));
};
const keyAt = async (circle: KeyCircle, address: string): Promise<string> =>
  (await circle.signerAt(address).published())[0]?.kid ?? 'no key';
const documentAt = async (circle: KeyCircle, address: string): Promise<string> =>
  JSON.stringify(writeDidDocument(didOf(address), await circle.signerAt(address).published()));

const files: Record<string, string> = {};
let sellers: string;
let buyers: string;
beforeAll(async () => {
  sellers = await keyAt(honest, SELLER.address);
  buyers = await keyAt(honest, buyer.address);
  Object.assign(files, {
    honest: await exported(honest),
    forged: await exported(forger),
    over: await exported(honest, { ...terms, expiresAt: '2001-01-01T00:00:00.000Z' }),
    'seller.json': await documentAt(honest, SELLER.address),
    'buyer.json': await documentAt(honest, buyer.address),
    'other.json': await documentAt(honest, 'carol.example:3004'),
    'words.json': 'words',
  });
  const { terms: read, agreement } = JSON.parse(files['honest'] ?? '') as { terms: object; agreement: { signatures: unknown[] } };
  files['altered'] = JSON.stringify({ terms: { ...read, price: undefined }, agreement });
  const whole = { terms: read, agreement };
  const [first, ...others] = agreement.signatures;
  files['with an end'] = JSON.stringify({ ...whole, end: 'x' });
  files['with addenda'] = JSON.stringify({ ...whole, addenda: [{}] });
  files['with a prototype'] = JSON.stringify(whole).replace('{', '{"__proto__":{},');
  files['with terms of a prototype'] = JSON.stringify(whole).replace('"terms":{', '"terms":{"__proto__":{"price":"0"},');
  files['with a note'] = JSON.stringify({
    ...whole,
    agreement: { ...agreement, signatures: [{ ...(first as object), note: 1 }, ...others] },
  });
  files['until later'] = JSON.stringify({ ...whole, until: '3999-01-01T00:00:00Z' });
  files['half'] = JSON.stringify({ terms: read, agreement: { ...agreement, signatures: agreement.signatures.slice(0, 1) } });
});

const offline: Fetcher = () => Promise.reject(new Error('there is no node'));
const verify = async (...argv: readonly string[]) => await rearguard(['contract', 'verify', ...argv], { files, fetch: offline });
const verifyAsJson = async (...argv: readonly string[]) => {
  const { exit, out } = await rearguard(['--json', 'contract', 'verify', ...argv], { files, fetch: offline });
  return { exit, ...(JSON.parse(out) as object) };
};
/** Every way to say the keys of both. */
const WAYS = [
  ['their ids', () => ['--key', sellers, '--key', buyers]],
  ['their DID documents', () => ['--did-document', 'seller.json', '--did-document', 'buyer.json']],
  ['one each', () => ['--key', sellers, '--did-document', 'buyer.json']],
] as const;

test('what both signed is said: the thing, how much of it, for what, from when and until when', async () => {
  const { out } = await verify('honest', '--key', sellers, '--key', buyers);
  expect(Object.fromEntries([...out.matchAll(/^([a-z ]+): +(.*)$/gm)].map(([, label, value]) => [label, value]))).toMatchObject({
    flavor: terms.flavor.id,
    'of it': '1 cpu, 2Gi, 10 pods',
    price: '0.1 EUR/h',
    from: '2026-03-01T12:00:00Z',
    until: '2999-01-01T00:00:00Z',
  });
});

test('whoever signs with keys of his own in the name of others proves nothing', async () => {
  for (const file of ['forged', 'honest']) {
    const { exit, out } = await verify(file);
    expect(exit).toBe(6);
    expect(out).toMatch(/verdict: +not vouched for: [^\n]* the seller’s and the buyer’s keys stand in the file alone/);
    expect(out).not.toContain('proven');
    expect(await verifyAsJson(file)).toMatchObject({
      exit: 6,
      verdict: 'not-vouched-for',
      proven: false,
      findings: [],
      notVouchedFor: ['seller', 'buyer'],
    });
  }
});

describe.each(WAYS)('with the keys known by %s', (_, known) => {
  test('an honest contract is proven', async () => {
    const { exit, out, err } = await verify('honest', ...known());
    expect([exit, err]).toEqual([0, '']);
    expect(out).toMatch(/verdict: +proven: both signed these terms, with keys that you know to be theirs\n/);
    expect(await verifyAsJson('honest', ...known())).toMatchObject({ exit: 0, verdict: 'proven', proven: true, notVouchedFor: [] });
  });

  test.each([
    ['forged', ['wrong-key', 'wrong-key']],
    ['altered', ['altered']],
    ['half', ['not-signed-by-buyer']],
    ['over', ['expired']],
    ['with an end', ['not-signed']],
    ['with addenda', ['not-signed']],
    ['with a prototype', ['not-signed']],
    ['with terms of a prototype', ['not-signed']],
    ['with a note', ['not-signed']],
    ['until later', ['missing-addendum']],
  ])('one that is %s is told by its name', async (file, faults) => {
    const found = await verifyAsJson(file, ...known());
    expect(found).toMatchObject({ exit: 1, verdict: 'not-proven', proven: false });
    expect((found as unknown as { findings: { fault: string }[] }).findings.map(({ fault }) => fault)).toEqual(faults);
  });
});

test('what nobody signed is named, and so is the member that was altered, with both values', async () => {
  expect((await verify('with a note')).out).toContain(
    'nobody signed what the file says besides the contract: agreement.signatures.0.note\n',
  );
  const read = JSON.parse(files['honest'] ?? '') as { terms: { flavor: Record<string, unknown> } };
  read.terms.flavor['location'] = { ...(read.terms.flavor['location'] as object), altitude: 'x'.repeat(500) };
  files['elsewhere'] = JSON.stringify(read);
  const { out } = await verify('elsewhere');
  expect(out).toMatch(/altered: +the file says otherwise than what was signed: flavor\.location(\.altitude)? is .*"?x+…, signed was \S+\n/);
  expect(out).not.toContain('x'.repeat(100));
});

test('that an early end is in no file is said with every proof', async () => {
  const both = ['--key', sellers, '--key', buyers];
  expect((await verify('honest', ...both)).out).toMatch(/until: +2999\S+\nnote: +an end before that is in no file: ask a party/);
  expect(await verifyAsJson('honest', ...both)).toMatchObject({ note: expect.stringContaining('ask a party') as string });
});

test('who is known of one party alone is told whose key is not', async () => {
  const { exit, out } = await verify('honest', '--key', sellers);
  expect([exit, out]).toEqual([6, expect.stringMatching(/verdict: +not vouched for: [^\n]* the buyer’s keys stand in the file alone/)]);
  expect(out).toMatch(/seller’s key: +did:web:\S+ \(as you know it\)\nbuyer’s key: +did:web:\S+ \(from the file alone\)\n/);
  expect(await verifyAsJson('forged', '--key', sellers)).toMatchObject({
    exit: 1,
    findings: [
      { fault: 'wrong-key', words: expect.stringMatching(/^the seller’s signature is by .*none of its keys that you know$/) as string },
    ],
    notVouchedFor: ['buyer'],
  });
});

test('what is known of somebody else vouches for nobody, and is named', async () => {
  const { exit, out } = await verify('honest', '--did-document', 'other.json');
  expect([exit, out]).toEqual([6, expect.stringMatching(/no party: +did:web:carol\.example%3A3004\n/)]);
  // A key of the forger that is known to be alice's is not north's for that.
  const [, thumbprint] = (await keyAt(forger, SELLER.address)).split('#');
  const alices = ['--key', `${didOf(buyer.address)}#${thumbprint}`, '--key', await keyAt(forger, buyer.address)];
  expect(await verifyAsJson('forged', ...alices)).toMatchObject({ exit: 6, notVouchedFor: ['seller'] });
});

test('a key that stands in a DID document under the id of another is not believed', async () => {
  const [mine] = await forger.signerAt(SELLER.address).published();
  if (!mine) throw new Error('a key');
  files['claims.json'] = JSON.stringify(writeDidDocument(didOf(SELLER.address), [{ ...mine, kid: sellers }]));
  const { exit, err } = await verify('honest', '--did-document', 'claims.json');
  expect([exit, err]).toEqual([2, expect.stringContaining('claims.json is not the DID document of a node: verificationMethod: ')]);
});

test('words of a file cannot pose as ours', async () => {
  const { terms: read, agreement } = JSON.parse(files['forged'] ?? '') as { terms: object; agreement: object };
  const posing = { ...read, contract: 'c\nverdict:  proven\u001b[2J\u202e' };
  files['posing'] = JSON.stringify({ terms: posing, agreement: { ...agreement, payload: base64url.encode(JSON.stringify(posing)) } });
  const { exit, out } = await verify('posing');
  expect([exit, out]).toEqual([1, expect.stringMatching(/^contract: +c verdict: {2}proven \[2J \n/)]);
  expect(out.match(/^verdict: .*$/gm)).toEqual([expect.stringMatching(/NOT proven$/)]);
});

test.each([
  [['--key', 'a'.repeat(43)], '--key: say whose it is, as DID#THUMBPRINT, the way `rearguard key` prints it at its node'],
  [['--key', `did:web:Alice#${'a'.repeat(43)}`], '--key: say whose it is'],
  [['--did-document', 'words.json'], 'words.json is not JSON'],
  [['--did-document', 'honest'], 'honest is not the DID document of a node: id: is missing, or no string'],
  [['--did-document', 'away.json'], 'cannot read away.json'],
])('%j is refused before anything is said of the contract', async (options, words) => {
  const { exit, out, err } = await verify('honest', ...options);
  expect([exit, out, err]).toEqual([2, '', expect.stringContaining(words)]);
});
