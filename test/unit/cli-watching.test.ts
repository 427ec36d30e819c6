/** Whoever follows an intent reads a phase when it begins, before its steps, whichever workflow it goes on in. */
import { expect, test } from 'vitest';
import type { ApiClient } from '../../src/cli/client.ts';
import { follow } from '../../src/cli/watching.ts';
import type { JournalEntry, Phase } from '../../src/domain/journal.ts';
import type { IntentStatus } from '../../src/domain/status.ts';

const AT = Date.parse('2030-01-01T10:00:00Z');
const line = (step: string, phase: Phase, begun: number, ended?: number): JournalEntry => ({
  step,
  phase,
  direction: 'do',
  startedAt: AT + begun * 1_000,
  ...(ended !== undefined && { endedAt: AT + ended * 1_000 }),
  outcome: ended === undefined ? 'running' : 'done',
});
const status = (phase: Phase, state: IntentStatus['state'], waitingFor?: string): IntentStatus => ({
  name: 'web',
  phase,
  state,
  since: AT,
  startedAt: AT,
  attempts: 1,
  ...(waitingFor !== undefined && { waitingFor }),
});
const NORTH = 'north.example: slice';

/** One after the other: what the intent says, and what the journals of the intent and of its acquisition say a moment later. */
const MOMENTS: readonly (readonly [IntentStatus, readonly JournalEntry[], readonly JournalEntry[]])[] = [
  [status('discovery', 'working'), [line('discover', 'discovery', 0)], []],
  [status('discovery', 'working', NORTH), [line('discover', 'discovery', 0, 1)], [line('reserve', 'reservation', 1)]],
  [
    status('discovery', 'working', NORTH),
    [line('discover', 'discovery', 0, 1)],
    [line('reserve', 'reservation', 1, 2), line('extend', 'peering', 2)],
  ],
  [
    status('usage', 'in-use'),
    [line('discover', 'discovery', 0, 1), line('workload', 'usage', 3, 4)],
    [line('reserve', 'reservation', 1, 2), line('extend', 'peering', 2, 3)],
  ],
];

test('phases in their turn', async () => {
  let moment = 0;
  const get = async (path: string): Promise<unknown> => {
    const [now, intent, acquisition] = MOMENTS[Math.min(moment, MOMENTS.length - 1)] ?? [];
    if (!path.endsWith('/journal'))
      return { status: now, plan: { entries: [], silent: [] }, journal: [], document: {}, source: 'workflow', mark: `m${moment}` };
    moment += 1;
    return {
      workflows: [
        { workflowId: 'intent/web', lines: intent },
        { workflowId: 'acquisition/web-1', lines: acquisition },
      ],
      unread: [],
    };
  };
  let out = '';
  const exit = await follow({
    api: { get } as unknown as ApiClient,
    name: 'web',
    until: 'in-use',
    asJson: false,
    output: { out: (text) => void (out += text), err: () => {} },
    signal: AbortSignal.timeout(5_000),
  });
  expect(exit).toBe(0);
  expect(out.split('\n').map((row) => row.slice(10).replaceAll(/ +/g, ' '))).toEqual([
    'discovery: working',
    'discovery … discover',
    'discovery ✓ discover (1.0 s)',
    `reservation: working; waiting for ${NORTH}`,
    'reservation … reserve [web-1]',
    'reservation ✓ reserve [web-1] (1.0 s)',
    `peering: working; waiting for ${NORTH}`,
    'peering … extend [web-1]',
    'peering ✓ extend [web-1] (1.0 s)',
    'usage ✓ workload (1.0 s)',
    'usage: in-use',
    '',
  ]);
});
