/** A service whose contract ends while its intent lives on: it is renewed, or another one takes its place before the end; its workload runs at home all the while. */
import { describe, expect, test } from 'vitest';
import type { Contract } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import { type ContractId, type IntentName, acquisitionId, clusterId, contractId, workflowIds } from '../../src/domain/ids.ts';
import type { OfferTerms } from '../../src/domain/offer-terms.ts';
import { untilOf } from '../../src/domain/renewal.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const WITHIN = { timeout: 40_000, interval: 50 } as const;
const NORTH = identity('north').address;
const { stage, trade, open, start, untilSaid, nothingLeft, finish } = playBuyer();
const HOME = { cpu: '8', memory: '16Gi', pods: '100' };
const DATABASE = { name: 'db', category: 'database', configuration: { database: 'orders' } };
const LIFETIME = 8_000;
/** Asked 2 s before the last moment of use, which is 0.4 s before the end. */
const TIMING = { clockSkewMs: 400, shortestContractMs: 1_000, renewAheadMs: 2_000 };
const ON_REQUEST: OfferTerms = { renewal: { kind: 'on-request', forMs: LIFETIME } };

const openShort = (change: Parameters<typeof open>[0] = {}) =>
  open({ timing: TIMING, contractLifetimeMs: LIFETIME, terms: ON_REQUEST, home: HOME, databases: ['north', 'west'], ...change });
let count = 0;
const begin = (more: Readonly<Record<string, unknown>> = {}): Promise<IntentName> =>
  start(`kept-${++count}`, { services: [DATABASE], ...more });
const holder = async (name: IntentName) => {
  const [service] = (await stage.untilInUse(name)).services ?? [];
  if (!service?.contract || !service.acquisition) throw new Error('nobody holds it');
  return { seller: service.seller, contract: contractId(service.contract), acquisition: acquisitionId(service.acquisition) };
};
const ours = async (id: ContractId): Promise<Contract | undefined> => await stage.database.store.contracts.get(id);
const theirs = (id: ContractId): Contract | undefined => trade.peers.alive().contracts.find(({ terms }) => terms.id === id);
const renewals = async (id: ContractId): Promise<number> => (await ours(id))?.renewals?.length ?? 0;
const secretOf = (name: IntentName) => trade.world.cluster(clusterId('south')).handedOver.get(`intent-${name}/db`)?.values;
const refuse = (call: 'renew' | 'reserve', fault: Fault): void =>
  trade.peers.trouble({ address: NORTH, call, trouble: { kind: 'refuse', fault }, times: Number.POSITIVE_INFINITY });
const lost = async (name: IntentName): Promise<readonly string[]> =>
  (await stage.node.processes.journal(workflowIds.intent(name)))
    .filter(({ step }) => step === 'service-lost')
    .map(({ detail = '' }) => detail);

test.each([
  [400, 2],
  [-400, 1],
])('it goes on, and both see the same end, its seller’s clock %i ms ahead: %i times', async (sellersAheadMs, times) => {
  await openShort({ sellers: ['north'], sellersAheadMs });
  const name = await begin();
  const { contract, ...held } = await holder(name);
  const secret = secretOf(name);
  await expect.poll(() => renewals(contract), WITHIN).toBe(times);
  const [bought, sold] = [await ours(contract), theirs(contract)];
  expect(bought?.renewals).toEqual(sold?.renewals);
  expect(bought?.renewedUntil).toBe(sold?.renewedUntil);
  expect(Date.parse(bought ? untilOf(bought) : '')).toBeGreaterThan(Date.parse(bought?.terms.expiresAt ?? '') + times * LIFETIME - 1_000);
  expect(await holder(name)).toMatchObject({ ...held, contract });
  expect(secretOf(name)).toEqual(secret);
  await finish(name);
});

describe('it does not go on: another one is there before it ends, and the workload stays', () => {
  test.each<[string, Fault, RegExp]>([
    ['refused', new Fault('RENEWAL_REFUSED', 'not for sale any more'), /RENEWAL_REFUSED: not for sale any more/],
    ['its seller is dead', new Fault('PEER_UNREACHABLE', 'away'), /does not say whether it goes on/],
  ])('%s', async (_, fault, words) => {
    // Asked 20 s before the last moment of use; whoever is silent for half of them is left.
    await openShort({
      timing: { ...TIMING, renewAheadMs: 20_000 },
      contractLifetimeMs: 24_000,
      terms: { renewal: { kind: 'on-request', forMs: 80_000 } },
    });
    refuse('renew', fault);
    const name = await begin();
    const { contract, seller } = await holder(name);
    expect(seller).toBe('north.example');
    await untilSaid(name, { state: 'in-use', services: [{ state: 'held', seller: 'west.example' }], place: { kind: 'local' } });
    const old = await ours(contract);
    expect(Date.now()).toBeLessThan(Date.parse(old?.terms.expiresAt ?? ''));
    expect(secretOf(name)).toMatchObject({ password: expect.not.stringContaining(contract) });
    expect(await lost(name)).toEqual([expect.stringMatching(words)]);
    await expect
      .poll(async () => (await ours(contract))?.ending, WITHIN)
      .toMatchObject({ reason: 'expired', detail: expect.stringMatching(words) });
    await finish(name);
  });

  test('its seller gives notice', async () => {
    await openShort({ contractLifetimeMs: 600_000 });
    const name = await begin();
    const { contract, acquisition } = await holder(name);
    const endsAt = new Date(Date.now() + 40_000).toISOString();
    await trade.peers.giveNotice({ address: NORTH, contract, notice: { ending: { reason: 'drained', detail: 'rack 7' }, endsAt } });
    await stage.node.processes.noticeToAcquisition(acquisition);
    await untilSaid(name, { state: 'in-use', services: [{ state: 'held', seller: 'west.example' }] });
    expect(Date.now()).toBeLessThan(Date.parse(endsAt));
    expect(await lost(name)).toEqual([expect.stringMatching(/^db of north\.example: drained \(rack 7: its seller gave notice for/)]);
    await expect.poll(async () => (await ours(contract))?.ending, WITHIN).toMatchObject({ reason: 'drained' });
    await finish(name);
  });
});

test('nobody else sells one: it is used to its last moment, which is before its end', async () => {
  await openShort({ sellers: ['north'] });
  refuse('renew', new Fault('RENEWAL_REFUSED', 'no'));
  const name = await begin({ patience: '1s' });
  const { contract } = await holder(name);
  refuse('reserve', new Fault('PEER_REFUSED', 'not to you'));
  await expect.poll(async () => (await ours(contract))?.ending, WITHIN).toMatchObject({ reason: 'expired' });
  const [ending] = (await stage.database.store.audit.page({ contract, limit: 20 })).items.filter(({ kind }) => kind === 'over');
  expect(Date.parse((await ours(contract))?.terms.expiresAt ?? '') - Date.parse(ending?.at ?? '')).toBeLessThan(1_500);
  await expect(stage.resultOf(name)).rejects.toMatchObject({ cause: { message: expect.stringContaining('NO_CANDIDATE') } });
  await nothingLeft();
});
