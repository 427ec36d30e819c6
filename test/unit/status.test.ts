import { expect, onTestFinished, test, vi } from 'vitest';
import type { Candidate } from '../../src/domain/candidate.ts';
import { acquisitionId, clusterId, contractId, nodeId } from '../../src/domain/ids.ts';
import { reduceIntent } from '../../src/domain/intent.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { type Attempt, type IntentState, openState } from '../../workflows/consumer/intent-state.ts';
import { statusOf } from '../../workflows/consumer/status.ts';
import { forget, putAt } from '../../workflows/consumer/used.ts';
import { document, pod } from './documents.ts';
import { sliceFlavor } from './flavors.ts';

const self = { id: nodeId('here'), address: 'here:1', domain: 'here.example', clusterId: clusterId('here') };
function stateWith(change: Partial<IntentState>): IntentState {
  const reduced = reduceIntent(document({ workload: { manifests: [pod('web')] } }), 0);
  if (!('ok' in reduced)) throw new Error(JSON.stringify(reduced.problems));
  return { ...openState({ self, timing: DEFAULT_TIMING }, reduced.ok, 0), ...change };
}

test.each([
  ['searches', { phase: 'discovery' as const }, '', undefined, 'working'],
  ['deploys', { phase: 'usage' as const, waitingFor: 'pods on a virtual node' }, '', undefined, 'working'],
  ['runs', { phase: 'usage' as const }, '', undefined, 'in-use'],
  ['ends', { phase: 'teardown' as const, ending: { reason: 'deadline' as const } }, '', undefined, 'ending'],
  ['cannot undo', { phase: 'teardown' as const, ending: { reason: 'deadline' as const } }, 'reserve (there): away', undefined, 'stuck'],
  ['is over', { phase: 'teardown' as const, ending: { reason: 'deadline' as const } }, '', 5, 'ended'],
])('an intent that %s says so', (_, change, residue, endedAt, state) => {
  expect(statusOf(stateWith(change), residue, endedAt).state).toBe(state);
});

const HOUR = 3_600_000;
const candidate = (seller: string, amount?: string, currency = 'EUR'): Candidate => {
  const flavor = sliceFlavor(seller);
  return {
    flavor,
    seller: { ...flavor.owner, domain: `${seller}.example` },
    dialect: 'rearguard',
    part: { cpu: '1', memory: '1Gi', pods: '1' },
    rating: 0.5,
    ...(amount !== undefined && { hourly: { amount, currency } }),
  };
};
const attempt = (n: number, of: Candidate, more: Partial<Attempt>): Attempt => ({
  id: acquisitionId(`a-${n}`),
  candidate: of,
  since: 0,
  ...more,
});
const bought = (n: number) => ({ acquisition: acquisitionId(`a-${n}`), contract: contractId(`contract-${n}`), node: `node-${n}` });
const place = { kind: 'remote', namespace: 'intent-web', seller: 'west.example', ...bought(3) } as const;
const HISTORY = stateWith({
  phase: 'usage',
  place,
  attempts: [
    attempt(1, candidate('north', '0.1'), { boughtAt: HOUR, until: 3 * HOUR, last: { state: 'over', ...bought(1) } }),
    attempt(2, candidate('south', '9'), { until: HOUR, last: { state: 'over', acquisition: acquisitionId('a-2') } }),
    attempt(3, candidate('west', '0.5'), { boughtAt: 3 * HOUR, last: { state: 'held', ...bought(3) } }),
    attempt(4, candidate('north', '2', 'CHF'), {
      service: 'db',
      boughtAt: 2 * HOUR,
      until: 2.5 * HOUR,
      last: { state: 'over', ...bought(4) },
    }),
    attempt(5, candidate('gratis'), { service: 'db', boughtAt: 4 * HOUR, until: 5 * HOUR, last: { state: 'over', ...bought(5) } }),
  ],
});

test('an intent that lives says what it used before, and what that cost', () => {
  const { used, cost, place: stands, hourly } = statusOf(HISTORY, '');
  expect(stands).toEqual(place);
  expect(hourly).toEqual({ amount: '0.5', currency: 'EUR' });
  expect(cost).toEqual([
    { amount: '0.2', currency: 'EUR' },
    { amount: '1', currency: 'CHF' },
  ]);
  expect(used).toEqual([
    { ...bought(1), seller: 'north.example', hourly: { amount: '0.1', currency: 'EUR' }, from: HOUR, until: 3 * HOUR, cost: '0.2' },
    {
      ...bought(4),
      seller: 'north.example',
      service: 'db',
      hourly: { amount: '2', currency: 'CHF' },
      from: 2 * HOUR,
      until: 2.5 * HOUR,
      cost: '1',
    },
    { ...bought(3), seller: 'west.example', hourly: { amount: '0.5', currency: 'EUR' }, from: 3 * HOUR },
    { ...bought(5), seller: 'gratis.example', service: 'db', from: 4 * HOUR, until: 5 * HOUR },
  ]);
});

test('what is held in several currencies costs by the hour in each, and none of them is called another', () => {
  const attempts = [
    ...HISTORY.attempts,
    attempt(6, candidate('north', '2', 'USD'), { service: 'db', boughtAt: 4 * HOUR, last: { state: 'held', ...bought(6) } }),
    attempt(7, candidate('south', '0.25', 'eur'), { service: 'queue', boughtAt: 4 * HOUR, last: { state: 'held', ...bought(7) } }),
  ];
  const services = ['db', 'queue'].map((name) => ({ name })) as unknown as NonNullable<IntentState['intent']['services']>;
  const state: IntentState = { ...HISTORY, attempts, intent: { ...HISTORY.intent, services } };
  expect(statusOf(state, '')).toMatchObject({
    hourly: { amount: '0.75', currency: 'EUR' },
    alsoHourly: [{ amount: '2', currency: 'USD' }],
  });
  expect(statusOf({ ...state, place: undefined }, '')).toMatchObject({
    hourly: { amount: '2', currency: 'USD' },
    alsoHourly: [{ amount: '0.25', currency: 'eur' }],
  });
  expect(statusOf(HISTORY, '')).not.toHaveProperty('alsoHourly');
  expect(statusOf(state, '', 5 * HOUR)).not.toHaveProperty('alsoHourly');
});

test('an intent that has ended stands nowhere, and says what it cost in all, forgotten attempts too', () => {
  const attempts = HISTORY.attempts.map((each) => ({ until: 5 * HOUR, ...each }));
  const state = { ...HISTORY, attempts: attempts.slice(2), ending: { reason: 'ended-by-user' } } as IntentState;
  forget(state, attempts.slice(0, 2));
  const { place: stands, hourly, used, cost } = statusOf(state, '', 5 * HOUR);
  expect([stands, hourly]).toEqual([undefined, undefined]);
  expect(cost).toEqual([
    { amount: '1.2', currency: 'EUR' },
    { amount: '1', currency: 'CHF' },
  ]);
  expect(used?.map(({ contract, until }) => [contract, until])).toEqual([
    ['contract-4', 2.5 * HOUR],
    ['contract-3', 5 * HOUR],
    ['contract-5', 5 * HOUR],
  ]);
});

test('what a run of before forgot, without its currency, is counted in that of the budget or of what is left', () => {
  expect(statusOf({ ...HISTORY, spent: '0.3' }, '').cost).toContainEqual({ amount: '0.5', currency: 'EUR' });
  expect(statusOf(stateWith({ spent: '0.3' }), '').cost).toBeUndefined();
});

test('the time at home is told, and costs nothing', () => {
  vi.setSystemTime(HOUR);
  onTestFinished(() => void vi.useRealTimers());
  const state = stateWith({});
  putAt(state, { kind: 'local', namespace: 'intent-web' });
  expect(statusOf(state, '').used).toEqual([{ namespace: 'intent-web', from: HOUR }]);
  expect(statusOf(state, '', 4 * HOUR)).toMatchObject({ cost: [], used: [{ namespace: 'intent-web', from: HOUR, until: 4 * HOUR }] });
  vi.setSystemTime(2 * HOUR);
  putAt(state, place);
  expect(statusOf(state, '', 4 * HOUR)).toMatchObject({ used: [{ from: HOUR, until: 2 * HOUR }] });
});

test('attempts at services are told apart from those at a place, also when some are forgotten', () => {
  expect(statusOf(HISTORY, '')).toMatchObject({ attempts: 3, serviceAttempts: 2 });
  const forgetful = { ...HISTORY, attempts: HISTORY.attempts.slice(3), atServices: 2 };
  expect(statusOf(forgetful, '')).toMatchObject({ attempts: 3, serviceAttempts: 2 });
  expect(statusOf({ ...HISTORY, attempts: HISTORY.attempts.slice(0, 2) }, '')).not.toHaveProperty('serviceAttempts');
});
