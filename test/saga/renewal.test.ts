/** A contract that ends while its intent lives on: it is renewed, or the intent moves before the end; with a seller whose clock is not ours. */
import { describe, expect, test } from 'vitest';
import type { Contract } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import { type ContractId, workflowIds } from '../../src/domain/ids.ts';
import type { OfferTerms } from '../../src/domain/offer-terms.ts';
import { untilOf } from '../../src/domain/renewal.ts';
import type { Trouble } from '../fakes/troubles.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const WITHIN = { timeout: 40_000, interval: 50 } as const;
const NORTH = identity('north').address;
const { stage, trade, open, start, boughtPlace, nothingLeft, finish } = playBuyer();

const LIFETIME = 8_000;
/** Asked 2 s before the last moment of use, which is 0.4 s before the end. */
const TIMING = { clockSkewMs: 400, shortestContractMs: 1_000, renewAheadMs: 2_000 };
const promised = (kind: 'automatic' | 'on-request'): OfferTerms => ({ renewal: { kind, forMs: LIFETIME } });
const openShort = (kind: 'automatic' | 'on-request', change: Parameters<typeof open>[0] = {}) =>
  open({ timing: TIMING, contractLifetimeMs: LIFETIME, terms: promised(kind), ...change });

const DRAINED = { reason: 'drained', detail: 'rack 7' } as const;

const ours = async (id: ContractId): Promise<Contract | undefined> => await stage.database.store.contracts.get(id);
const theirs = (id: ContractId): Contract | undefined => trade.peers.alive().contracts.find(({ terms }) => terms.id === id);
const renewals = async (id: ContractId): Promise<number> => (await ours(id))?.renewals?.length ?? 0;
const asked = (): number => trade.peers.calls().filter(({ call }) => call === 'renew').length;
const trouble = (what: Trouble, times = Number.POSITIVE_INFINITY): void =>
  trade.peers.trouble({ address: NORTH, call: 'renew', trouble: what, times });
const notes = async (id: Parameters<typeof workflowIds.acquisition>[0], step: string): Promise<readonly (string | undefined)[]> =>
  (await stage.node.processes.journal(workflowIds.acquisition(id)).catch(() => []))
    .filter((line) => line.step === step)
    .map(({ detail }) => detail);

describe('it goes on', () => {
  test.each([
    [400, 2],
    [-400, 1],
  ])('in its place, and both see the same end, its seller’s clock %i ms ahead: %i times', async (sellersAheadMs, times) => {
    await openShort('on-request', { sellers: ['north'], sellersAheadMs });
    const name = await start('long-lived');
    const { contract, ...place } = await boughtPlace(name);
    await expect.poll(() => renewals(contract), WITHIN).toBe(times);
    const [bought, sold] = [await ours(contract), theirs(contract)];
    expect(bought?.renewedUntil).toBe(sold?.renewedUntil);
    expect(bought?.renewals).toEqual(sold?.renewals);
    expect(Date.parse(bought ? untilOf(bought) : '')).toBeGreaterThan(Date.parse(bought?.terms.expiresAt ?? '') + times * LIFETIME - 1_000);
    expect(await boughtPlace(name)).toMatchObject({ contract, acquisition: place.acquisition });
    await finish(name);
  });

  test.each<[string, Trouble]>([
    ['the answer was lost after it took effect', { kind: 'lose-answer' }],
    ['the seller was away', { kind: 'refuse', fault: new Fault('PEER_UNREACHABLE', 'away') }],
  ])('%s: asked again, renewed once', async (_, what) => {
    await openShort('on-request', { sellers: ['north'] });
    trouble(what, 1);
    const name = await start('asked-again');
    const { contract } = await boughtPlace(name);
    await expect.poll(() => renewals(contract), WITHIN).toBe(1);
    expect(asked()).toBe(2);
    expect(theirs(contract)).toMatchObject({ renewedUntil: (await ours(contract))?.renewedUntil });
    await finish(name);
  });

  test('worker killed in the middle: the next one goes on, and renews once', async () => {
    // Asked 20 s before the last moment of use: that a worker died is noticed after 5 s, and whoever is silent for half of them is left.
    await openShort('on-request', {
      sellers: ['north'],
      contractLifetimeMs: 24_000,
      timing: { ...TIMING, renewAheadMs: 20_000 },
      terms: { renewal: { kind: 'on-request', forMs: 80_000 } },
    });
    trouble({ kind: 'hang', when: 'after' }, 1);
    const name = await start('killed');
    const { contract } = await boughtPlace(name);
    await trade.peers.whenHanging('renew');
    await stage.killWorkers();
    trade.peers.abortHanging();
    await stage.startWorkers();
    await expect.poll(() => renewals(contract), WITHIN).toBe(1);
    expect(theirs(contract)?.renewals).toHaveLength(1);
    await finish(name);
  });
});

describe('it does not go on: the intent is elsewhere before it ends', () => {
  test.each<[string, 'automatic' | 'on-request', Trouble, RegExp, readonly string[]]>([
    [
      'refused',
      'on-request',
      { kind: 'refuse', fault: new Fault('RENEWAL_REFUSED', 'not for sale any more') },
      /RENEWAL_REFUSED: not for sale any more/,
      [],
    ],
    [
      'refused although it was promised, which the audit tells',
      'automatic',
      { kind: 'refuse', fault: new Fault('RENEWAL_REFUSED', 'changed my mind') },
      /changed my mind/,
      ['renewal-refused'],
    ],
    [
      'never answered',
      'automatic',
      { kind: 'refuse', fault: new Fault('PEER_UNREACHABLE', 'away') },
      /does not say whether it goes on/,
      [],
    ],
  ])('%s', async (how, kind, what, words, told) => {
    // Asked 20 s before the last moment of use; whoever is silent for half of them is left.
    await open({ timing: { ...TIMING, renewAheadMs: 20_000 }, contractLifetimeMs: 24_000, terms: { renewal: { kind, forMs: 80_000 } } });
    trouble(what);
    const name = await start(`moves-${how.length}`);
    const { contract, acquisition } = await boughtPlace(name);
    await expect.poll(async () => (await stage.statusOf(name))?.place, WITHIN).toMatchObject({ kind: 'remote', seller: 'west.example' });
    const bought = await ours(contract);
    expect(Date.now()).toBeLessThan(Date.parse(bought?.terms.expiresAt ?? ''));
    await expect.poll(() => notes(acquisition, 'not-renewed'), WITHIN).toEqual([expect.stringMatching(words)]);
    await expect
      .poll(async () => (await ours(contract))?.ending, WITHIN)
      .toMatchObject({ reason: 'expired', detail: expect.stringMatching(words) });
    const events = (await stage.database.store.audit.page({ contract, limit: 20 })).items;
    expect(events.filter((event) => event.kind === 'renewal-refused').map((event) => event.kind)).toEqual(told);
    await finish(name);
  });

  test.each<[string, (id: ContractId) => Promise<void>, object]>([
    ['ended, and its notice was lost', (contract) => trade.peers.endContract({ address: NORTH, contract, ending: DRAINED }), DRAINED],
    [
      'its seller knows it no more',
      async () => {
        for (const call of ['renew', 'readContract'] as const)
          trade.peers.trouble({
            address: NORTH,
            call,
            trouble: { kind: 'refuse', fault: new Fault('CONTRACT_UNKNOWN', 'never heard of it') },
          });
      },
      { reason: 'breach', detail: 'the seller does not know the contract' },
    ],
  ])('it is over already (%s): it is used no longer, and ends for the reason that its seller says', async (how, begin, ending) => {
    // Asked 20 s before the last moment of use.
    await open({
      timing: { ...TIMING, renewAheadMs: 20_000 },
      contractLifetimeMs: 24_000,
      sellers: ['north'],
      terms: { renewal: { kind: 'on-request', forMs: 80_000 } },
    });
    const name = await start(`over-${how.length}`, { patience: '3650d' });
    const { contract } = await boughtPlace(name);
    await begin(contract);
    trade.peers.trouble({
      address: NORTH,
      call: 'reserve',
      trouble: { kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') },
      times: Number.POSITIVE_INFINITY,
    });
    await expect.poll(async () => (await ours(contract))?.ending, WITHIN).toEqual(ending);
    expect(Date.parse((await ours(contract))?.terms.expiresAt ?? '') - Date.now()).toBeGreaterThan(5_000);
    expect(asked()).toBe(1);
    await finish(name);
  });

  test('nowhere else to go: it is used to its last moment, which is before its end', async () => {
    await openShort('on-request', { sellers: ['north'] });
    trouble({ kind: 'refuse', fault: new Fault('RENEWAL_REFUSED', 'no') });
    const name = await start('stays', { patience: '1s' });
    const { contract } = await boughtPlace(name);
    trade.peers.trouble({
      address: NORTH,
      call: 'reserve',
      trouble: { kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') },
      times: Number.POSITIVE_INFINITY,
    });
    await expect.poll(async () => (await ours(contract))?.state, WITHIN).toBe('over');
    const [over] = (await stage.database.store.audit.page({ contract, limit: 20 })).items.filter(({ kind }) => kind === 'over');
    const left = Date.parse((await ours(contract))?.terms.expiresAt ?? '') - Date.parse(over?.at ?? '');
    expect(left).toBeLessThan(1_500);
    await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
    await nothingLeft();
  });
});

test('a contract without renewals, or beyond the deadline of its intent, is not asked for', async () => {
  // Its end is told to the second, so that up to one second of these is cut off.
  await open({ timing: TIMING, contractLifetimeMs: 7_000, terms: promised('automatic'), sellers: ['north'] });
  const name = await start('until-then', { deadline: new Date(Date.now() + 5_300).toISOString() });
  await boughtPlace(name);
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'deadline' } });
  expect(asked()).toBe(0);
  await nothingLeft();
  await open({ timing: TIMING, contractLifetimeMs: 4_000, sellers: ['north'] });
  const other = await start('buys-anew');
  const { contract } = await boughtPlace(other);
  await expect.poll(async () => (await ours(contract))?.ending?.reason, WITHIN).toBe('expired');
  expect(asked()).toBe(0);
  await finish(other);
});
