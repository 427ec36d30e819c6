/** What the demo says: whose each row is, in lines that fit a terminal; and where it reads along. */
import { defaultPayloadConverter } from '@temporalio/client';
import { expect, test, vi } from 'vitest';
import type { Followed } from '../../deploy/demo/following.ts';
import { type HistoryEvent, leadsTo } from '../../deploy/demo/leading.ts';
import { openTelling } from '../../deploy/demo/telling.ts';
import type { JournalEntry } from '../../src/domain/journal.ts';

const tell = (columns?: number) => {
  const said: string[] = [];
  return { said, telling: openTelling({ write: (text: string) => said.push(text), ...(columns !== undefined && { columns }) }) };
};
const entry = (step: string, more: Partial<JournalEntry> = {}): JournalEntry => ({
  step,
  phase: 'reservation',
  direction: 'do',
  startedAt: Date.now(),
  endedAt: Date.now() + 120,
  outcome: 'done',
  ...more,
});
const followed = (node: string, workflowId: string, more: Partial<Followed> & Pick<Followed, 'journal'>): Followed => ({
  node,
  workflowId,
  runId: 'r',
  open: true,
  read: true,
  ...more,
});
const LONG = `PEER_UNREACHABLE: ${'the seller at 127.0.0.1:7001 did not answer within 2000 ms, '.repeat(4)}and is tried again`;

test('a row says of which intent and of which seller it is, and is no longer than a terminal', () => {
  vi.useFakeTimers();
  const { said, telling } = tell();
  const of = { intent: 'survives-worker', seller: 'north.example' };
  telling.steps(undefined, followed('south', 'intent/loses', { intent: 'loses', journal: [entry('discover', { phase: 'discovery' })] }));
  telling.steps(
    undefined,
    followed('south', 'acquisition/01890a5d-1', { ...of, journal: [entry('reserve', { outcome: 'failed', detail: LONG })] }),
  );
  telling.steps(
    undefined,
    followed('north', 'contract/0123456789abcdef', {
      ...of,
      journal: [entry('virtual-node', { phase: 'teardown', direction: 'undo', side: 'there' })],
    }),
  );
  telling.steps(undefined, followed('south', 'peering/north', { journal: [entry('tenant', { phase: 'peering', detail: 'stands' })] }));
  vi.advanceTimersByTime(1_000);
  vi.useRealTimers();
  const rows = said.join('').split('\n');
  expect(rows.filter((row) => row.length > 120)).toEqual([]);
  const plain = rows.map((row) => row.slice(23).replaceAll(/ +/g, ' '));
  expect(plain).toContain('south loses intent discovery ✓ discover 0.12 s');
  expect(plain).toContain('south survives-worker ← north acquisition reservation ✗ reserve 0.12 s');
  expect(plain).toContain('north survives-worker ← north contract teardown ✓ ↩ virtual-node (there) 0.12 s');
  expect(plain).toContain('south with north peering peering ✓ tenant 0.12 s stands');
  // The detail stands below its row, whole.
  const at = plain.findIndex((row) => row.includes('✗'));
  expect(
    rows
      .slice(at + 1, at + 5)
      .map((row) => row.trim())
      .join(' '),
  ).toMatch(new RegExp(`^${LONG}`));
});

test('rows of several nodes stand in the order in which they happened, and what was told to stop has not failed', () => {
  vi.useFakeTimers();
  const { said, telling } = tell();
  const ended = (step: string, ago: number, more: Partial<JournalEntry> = {}) =>
    followed('south', `acquisition/${step}`, { journal: [entry(step, { endedAt: Date.now() - ago, ...more })] });
  telling.steps(undefined, ended('first', 5));
  vi.advanceTimersByTime(390);
  telling.steps(undefined, ended('third', 5));
  vi.advanceTimersByTime(20);
  telling.steps(undefined, ended('second', 40, { outcome: 'stopped', detail: 'nobody waits for it any more' }));
  vi.advanceTimersByTime(1_000);
  vi.useRealTimers();
  const rows = said.join('').match(/[✓✗–] \S+/g);
  expect(rows).toEqual(['✓ first', '– second', '✓ third']);
});

test.each([80, 100, 200])('words are wrapped at %i columns, at 120 at most, and none is lost', (columns) => {
  const { said, telling } = tell(columns);
  telling.title('e', LONG);
  telling.plan([
    {
      flavorId: 'north-slice',
      seller: 'north.example',
      rank: 2,
      hourly: { amount: '0.083333333334', currency: 'EUR' },
      verdict: 'open',
      reasons: ['part: 1 cpu', 'after west-slice: its seller comes last in this intent'],
    },
  ]);
  telling.leaks(['x'.repeat(300)]);
  const name = 'seller-killed';
  telling.summary([
    { key: 'c1', name, outcome: 'failed', notes: [LONG], detail: 'it was late', milliseconds: 5_000, steps: [], leaks: [] },
  ]);
  const lines = said.join('').split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.max(Math.min(columns, 120), 67 + 40));
  const words = said.join('').replaceAll(/\s+/g, ' ');
  expect(words).toContain(`(e) ${LONG} `);
  expect(words).toContain(
    'offer 2: north-slice of north.example, ~0.0834 EUR/h: open (part: 1 cpu; after west-slice: its seller comes last in this intent)',
  );
  expect(words.replaceAll(' ', '')).toContain('x'.repeat(300));
  expect(words).toContain('it was late');
});

const payloads = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] });
/** Where the demo goes when an activity has ended so. */
function after(name: string, asked: object, brought?: object) {
  const scheduled = new Map<string, HistoryEvent>();
  leadsTo({ eventId: 5 as never, activityTaskScheduledEventAttributes: { activityType: { name }, input: payloads(asked) } }, scheduled);
  const scheduledEventId = 5 as never;
  const ended: HistoryEvent = brought
    ? { activityTaskCompletedEventAttributes: { scheduledEventId, result: payloads(brought) } }
    : { activityTaskFailedEventAttributes: { scheduledEventId } };
  return leadsTo(ended, scheduled).map(({ workflowId, at = 'here' }) => `${workflowId} ${at}`);
}
const ASKED = { transaction: 't', candidate: { seller: { id: 'north' } } };

test.each([
  ['its own step', 'joinPeering', { peer: 'c' }, {}, ['peering/c here']],
  ['a purchase', 'buy', ASKED, { sellerCluster: 'c', joined: true }, ['contract/t north', 'peering/c here']],
  ['neither yet', 'buy', ASKED, { sellerCluster: 'c' }, ['contract/t north']],
  ['nobody, since the purchase failed', 'buy', ASKED, undefined, ['contract/t north']],
])('the demo reads a peering along that was joined by %s', (_, name, asked, brought, expected) => {
  expect(after(name, asked, brought)).toEqual(expected);
});
