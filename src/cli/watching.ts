import type { JournalEntry } from '../domain/journal.ts';
import type { PlanEntry, SilentNode } from '../domain/candidate.ts';
import type { IntentStatus } from '../domain/status.ts';
import { type ApiClient, CommandFailed, EXIT, type ExitCode } from './client.ts';
import { type Output, costs, hourlyWords, span } from './printing.ts';

/** What `GET /intents/{name}` answers. */
export interface View {
  readonly status: IntentStatus;
  readonly plan: { readonly entries: readonly PlanEntry[]; readonly silent: readonly SilentNode[] };
  readonly journal: readonly JournalEntry[];
  readonly document: unknown;
  readonly source: 'workflow' | 'projection';
  readonly mark?: string;
}
export interface Journals {
  readonly workflows: readonly { readonly workflowId: string; readonly lines: readonly JournalEntry[] }[];
  readonly unread: readonly string[];
}

const WAIT_SECONDS = 30;
/** Reasons with which an intent ends well. */
const WELL: readonly string[] = ['done', 'ended-by-user'];

/** How an intent's end is told to a script. */
export const exitOf = (status: IntentStatus): ExitCode =>
  status.ending === undefined || WELL.includes(status.ending.reason) ? EXIT.ok : EXIT.failed;

/**
 * Follows an intent until it is in use or ended: each step as it happens, of the intent and of its acquisitions. The API holds the call until something
 * happens, so nothing is polled. Resolves with the exit code.
 */
export async function follow(input: {
  readonly api: ApiClient;
  readonly name: string;
  readonly until: 'in-use' | 'ended';
  readonly asJson: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
}): Promise<ExitCode> {
  const { api, name, until, asJson, output, signal } = input;
  const path = `/intents/${encodeURIComponent(name)}`;
  const told = new Map<string, string>();
  let last = '';
  let mark: string | undefined;
  let failures = 0;
  for (;;) {
    let view: View;
    try {
      const query = mark === undefined ? '' : `?wait=${WAIT_SECONDS}&after=${encodeURIComponent(mark)}`;
      view = await api.get<View>(`${path}${query}`, { seconds: WAIT_SECONDS + 20, signal });
      const journals = await api.get<Journals>(`${path}/journal`, { signal });
      failures = 0;
      if (asJson) output.out(`${JSON.stringify({ ...view, workflows: journals.workflows })}\n`);
      else {
        const begun = phaseIn(view.status, journals);
        const words = statusLine({ ...view.status, phase: begun?.phase ?? view.status.phase });
        const lines = newLines(journals, told);
        // A phase is told before the steps that go on in it, and after what ended before.
        const from = begun === undefined ? -1 : lines.findIndex((line) => isIn(line, begun));
        if (words !== last) lines.splice(from === -1 ? lines.length : from, 0, { at: begun?.startedAt ?? Date.now(), words, goesOn: true });
        last = words;
        for (const line of lines) output.out(`${clockOf(line.at)}  ${line.words}\n`);
      }
    } catch (error) {
      if (signal.aborted) return EXIT.ok;
      // A node that restarts is waited for; one that stays away is told.
      failures += 1;
      if (!(error instanceof CommandFailed) || error.exit !== EXIT.unreachable || failures > 5) throw error;
      output.err(`${error.message.split('\n')[0]}; trying again\n`);
      await breath(failures * 500, signal);
      continue;
    }
    const { state } = view.status;
    if (state === 'ended') return exitOf(view.status);
    if (until === 'in-use' && state === 'in-use') return EXIT.ok;
    // Without a mark the node's workflows cannot be watched at the moment.
    if (view.mark === undefined) await breath(1_000, signal);
    mark = view.mark;
  }
}

/** The step that goes on now, of the intent or an acquisition: the intent's own phase says nothing of how far what it buys is. */
function phaseIn({ state }: IntentStatus, { workflows }: Journals): JournalEntry | undefined {
  if (state !== 'working') return undefined;
  const running = workflows.flatMap(({ lines }) => lines.filter(({ outcome, direction }) => outcome === 'running' && direction === 'do'));
  return running.toSorted((a, b) => b.startedAt - a.startedAt)[0];
}

const breath = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

const clockOf = (at: number): string => new Date(at).toLocaleTimeString('en-GB', { hour12: false });
const MARKS = { running: '…', done: '✓', failed: '✗', stopped: '–' } as const;

/** What is told of a moment, in milliseconds since the epoch; `goesOn`: it begins then, and has not ended. */
interface Told {
  readonly at: number;
  readonly words: string;
  readonly goesOn: boolean;
}
const isIn = ({ at, goesOn }: Told, { startedAt }: JournalEntry): boolean => at > startedAt || (at === startedAt && goesOn);

/** Journal lines that were not told yet, or have ended since, in their order: of one moment what ends first, then what begins. */
function newLines({ workflows }: Journals, told: Map<string, string>): Told[] {
  const lines = workflows.flatMap(({ workflowId, lines }) =>
    lines.map((line) => ({ ...line, workflowId, key: `${workflowId} ${line.step} ${line.direction} ${line.side} ${line.startedAt}` })),
  );
  const fresh = lines.filter(({ key, outcome }) => told.get(key) !== outcome);
  for (const { key, outcome } of fresh) told.set(key, outcome);
  return fresh
    .map((line) => ({
      at: line.endedAt ?? line.startedAt,
      words: journalLine(line, line.workflowId).trimEnd(),
      goesOn: line.outcome === 'running',
    }))
    .toSorted((a, b) => a.at - b.at || Number(a.goesOn) - Number(b.goesOn));
}

export function journalLine(line: JournalEntry, workflowId: string): string {
  const what = `${line.step}${line.side ? ` (${line.side})` : ''}`;
  const who = workflowId.startsWith('acquisition/') ? `${what} [${workflowId.slice('acquisition/'.length)}]` : what;
  const took = line.endedAt === undefined || line.endedAt === line.startedAt ? '' : ` (${span(line.endedAt - line.startedAt)})`;
  const undo = line.direction === 'undo' ? '↩ ' : '';
  return `${line.phase.padEnd(11)} ${MARKS[line.outcome]} ${undo}${who}${took}${line.detail ? `: ${line.detail}` : ''}\n`;
}

function statusLine(status: IntentStatus): string {
  const { phase, state, place, waitingFor, ending } = status;
  const hourly = hourlyWords(status);
  if (state === 'ended') {
    const spent = status.cost && status.cost.length > 0 ? `; cost ${costs(status.cost)} in all` : '';
    return `ended: ${ending?.reason ?? 'unknown'}${ending?.detail ? ` (${ending.detail})` : ''}${spent}`;
  }
  const where = place === undefined ? '' : place.kind === 'local' ? ' at home' : ` at ${place.seller} on ${place.node}`;
  const cost = hourly && place?.kind === 'remote' ? ` for ${hourly}` : '';
  const wait = waitingFor === undefined ? '' : `; waiting for ${waitingFor}`;
  return `${phase}: ${state}${where}${cost}${wait}`;
}
