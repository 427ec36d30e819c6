/** Contracts and the audit, at the command line. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Fetcher } from '../../src/cli/client.ts';
import { acquisitionId, contractId } from '../../src/domain/ids.ts';
import { keyCircle } from '../fakes/keys.ts';
import { buyerOf, flavorOf, SELLER, termsOf } from '../contracts/samples.ts';
import { clock, contracts, history, rearguard } from './cli-subject.ts';

describe('contracts', () => {
  const buyer = buyerOf('alice');
  const terms = termsOf({
    id: contractId('contract-1'),
    expiresAt: '2999-01-01T00:00:00.000Z',
    flavor: { ...flavorOf('000b'), terms: { noticeMs: 5_400_000, sla: { availabilityPercent: 99.9, creditPercent: 5 } } },
  });
  const store = async (signed: boolean) => {
    const circle = keyCircle(clock);
    const offered = await circle.notaryAt(SELLER.address).sign(terms);
    const agreement = await circle.notaryAt(buyer.address).countersign({ terms, agreement: offered });
    await contracts.storeBought({ terms, acquisition: acquisitionId('a-1'), ...(signed && { agreement }) });
  };

  test('are listed under both names, and shown with who signed them', async () => {
    await store(true);
    for (const name of ['contracts', 'contract']) {
      expect(await rearguard([name])).toMatchObject({ exit: 0, out: expect.stringContaining('contract-1') as string });
      expect(await rearguard([name, 'list', '--role', 'seller'])).toMatchObject({ exit: 0, out: 'none\n' });
    }
    const { exit, out } = await rearguard(['contract', 'show', 'contract-1']);
    expect(exit).toBe(0);
    expect(out).toMatch(/price: +0\.1 EUR\/h\n/);
    expect(out).toMatch(/signed by: +both\n/);
    expect(out).toMatch(/notice: +1h30m\nsla: +99\.9 % available; else 5 % of the price are forgone\n/);
    expect(out).not.toContain('renewal');
  });

  test('an export is proven without a node by the keys that a party’s own node shows, and one altered term is told', async () => {
    await store(true);
    const { out: file } = await rearguard(['contract', 'export', 'contract-1']);
    const { out: shown } = await rearguard(['contract', 'show', 'contract-1']);
    const keys = [...shown.matchAll(/^key: +(\S+)$/gm)].flatMap(([, kid = '']) => ['--key', kid]);
    expect(keys).toHaveLength(4);
    const offline: Fetcher = () => Promise.reject(new Error('there is no node'));
    const proven = await rearguard(['contract', 'verify', 'file', ...keys], { file, fetch: offline });
    expect(proven).toMatchObject({ exit: 0, err: '' });
    expect(proven.out).toMatch(/notice: +1h30m\n[^]*verdict: +proven/);
    const altered = await rearguard(['--json', 'contract', 'verify', 'file'], { file: file.replace('0.1', '0.01'), fetch: offline });
    expect([altered.exit, JSON.parse(altered.out)]).toEqual([
      1,
      expect.objectContaining({ proven: false, findings: [expect.objectContaining({ fault: 'altered' })] }),
    ]);
    expect(await rearguard(['contract', 'verify', 'file'], { file: 'words', fetch: offline })).toMatchObject({
      exit: 2,
      err: 'rearguard: file is not JSON\n',
    });
  });

  test('one that is over says since when', async () => {
    await store(true);
    const row = async () => (await rearguard(['contracts'])).out.split('\n')[1];
    expect(await row()).toMatch(/ 2999-01-01T00:00:00\.000Z$/);
    expect((await rearguard(['contract', 'show', 'contract-1'])).out).not.toContain('ended');
    await contracts.markOver({ contract: terms.id, ending: { reason: 'done' } });
    const ended = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    expect(await row()).toMatch(new RegExp(` over .* ${ended} +done$`));
    expect((await rearguard(['contract', 'show', 'contract-1'])).out).toMatch(
      new RegExp(`agreed until: +2999-01-01T00:00:00\\.000Z\nended: +${ended}\n`),
    );
    expect(await rearguard(['contract', 'end', 'contract-1'])).toMatchObject({
      exit: 0,
      out: `contract contract-1 is over since ${ended}: done\n`,
    });
    const { exit, out, err } = await rearguard(['contract', 'export', 'contract-1']);
    expect([exit, Object.keys(JSON.parse(out) as object)]).toEqual([0, ['terms', 'agreement']]);
    expect(err).toBe(`contract contract-1 is over since ${ended}: done; its file does not say so\n`);
  });

  test('the audit of one that this node has, or of which anything is told, may be empty; any other is not known', async () => {
    await store(true);
    const since = ['--no-verify', '--since', '2999-01-01T00:00:00Z'];
    expect(await rearguard(['audit', '--contract', 'contract-1', ...since])).toEqual({ exit: 0, out: 'none\n', err: '' });
    const lied = contractId('contract-9');
    await history.audit.record({ kind: 'peer-lied', contract: lied, peer: 'north', facts: {} });
    expect(await rearguard(['audit', '--contract', lied, ...since])).toMatchObject({ exit: 0, out: 'none\n' });
    const asJson = await rearguard(['--json', 'audit', '--contract', 'contract-8', ...since]);
    expect([asJson.exit, JSON.parse(asJson.out)]).toEqual([4, expect.objectContaining({ code: 'NOT_FOUND', status: 404 })]);
  });

  test('one with a FLUIDOS node has nothing to export', async () => {
    await store(false);
    expect(await rearguard(['contract', 'export', 'contract-1'])).toMatchObject({
      exit: 1,
      err: expect.stringContaining('FLUIDOS') as string,
    });
    expect((await rearguard(['contract', 'show', 'contract-1'])).out).toMatch(/signed by: +nobody/);
  });
});

describe('the audit', () => {
  const contract = contractId('contract-1');
  const terms = {
    resources: { cpu: '2', memory: '4Gi', pods: '10' },
    price: { amount: '0.2', currency: 'EUR', period: 'hourly' },
    buyer: { id: 'alice' },
    seller: { id: 'north' },
  };
  const heads = { count: 2, last: { seq: 7, hash: 'x', at: '2026-11-27T12:00:00Z', kid: 'did:web:north#1' }, unreadable: 3, withdrawn: 3 };
  beforeEach(async () => {
    await history.audit.record({ kind: 'sold', contract, peer: 'alice', facts: { ...terms, transaction: 't' } });
    await history.audit.record({ kind: 'over', contract, peer: 'alice', facts: { role: 'seller', reason: 'drained' } });
    await history.audit.record({ kind: 'operator', facts: { operation: 'addNode', address: 'x:1', by: 'carol' } });
  });

  test('tells who bought what from whom, when and at what price, and that the record of it is whole', async () => {
    const { exit, out } = await rearguard(['audit', '--contract', contract]);
    expect(out).toMatch(/^TIME +EVENT +CONTRACT +BUYER +SELLER +PART/);
    expect(out).toMatch(/\n2026-11-27T\d\d:\d\d:\d\dZ +sold +contract-1 +alice +north +2 cpu, 4Gi, 10 pods +0\.2 EUR\/h +waits/);
    expect(out).toMatch(/\n\S+ +over +contract-1 +[^\n]*peer alice, reason drained\n/);
    expect(out).not.toContain('addNode');
    expect(out).toMatch(/\n\nintact: nothing is sealed yet\n/);
    expect(exit).toBe(0);
    expect((await rearguard(['audit'])).out).toContain('operation addNode, by carol, address x:1');
  });

  test('tells a rotation that withdrew a stolen key from any other', async () => {
    const [kid, by] = ['did:web:north.example%3A3004#new', 'carol'];
    await history.audit.record({ kind: 'operator', facts: { operation: 'rotateKey', overlap: '0s', kid, by } });
    expect((await rearguard(['audit'])).out).toContain(`operation rotateKey, overlap 0s, kid ${kid}, by carol`);
  });

  test.each([
    ['broken', { tampering: { kind: 'altered', seq: 4, event: 5 } }, /^broken \(altered, event 5\): found\n/],
    [
      'unattested',
      {},
      /^unattested: found\n2 signed heads, the last one of seal 7 at 2026-11-27T12:00:00Z by did:web:north#1; 3 more are of keys that count no more, and vouch for nothing; 0 events wait/,
    ],
  ] as const)('exits with 1 when it is %s, however many answers that takes', async (verdict, more, words) => {
    history.say({
      verify: async ({ after = 0 }) =>
        after < 20
          ? { verdict: 'unfinished', words: '', checked: after + 10, sealed: 25, waiting: 0, heads, next: after + 10 }
          : { verdict, words: 'found', checked: 24, sealed: 25, waiting: 0, heads, ...more },
    });
    const { exit, out, err } = await rearguard(['audit', '--verify']);
    expect(exit).toBe(1);
    expect(out).toMatch(words);
    expect(err).toContain(`10 of 25 seals compared\n20 of 25 seals compared\nrearguard: the audit is ${verdict}: found`);
    const asJson = await rearguard(['--json', 'audit', '--verify']);
    expect([asJson.exit, JSON.parse(asJson.out)]).toMatchObject([1, { verification: { verdict } }]);
    expect((await rearguard(['audit', '--no-verify'])).exit).toBe(0);
  });
});
