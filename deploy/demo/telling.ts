import type { PlanEntry } from '../../src/domain/candidate.ts';
import type { JournalEntry } from '../../src/domain/journal.ts';
import { priceWords } from '../../src/domain/money.ts';
import type { Followed } from './following.ts';
import type { Outcome } from './report-file.ts';
import { cut, wrapped } from './wrapping.ts';

/** Says what happens, for somebody who watches. */
export interface Telling {
  title(key: string, words: string): void;
  /** A line of the teller's own. */
  say(words: string): void;
  /** What somebody does to the nodes: kills, starts, ends. */
  act(words: string): void;
  /** A workflow's steps as they end. */
  steps(before: Followed | undefined, now: Followed): void;
  /** Everything that was offered, what it costs and what became of it. */
  plan(entries: readonly PlanEntry[]): void;
  leaks(leaks: readonly string[]): void;
  outcome(outcome: Outcome): void;
  summary(outcomes: readonly Outcome[]): void;
}

/** Longer than a query takes to answer, shorter than anybody waits for. */
const HELD_MS = 400;
/** No row is longer, however wide the terminal. */
const WIDEST = 120;
const INDENT = ' '.repeat(23);
const ANSI = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;

/** Where it is said: a terminal, a pipe, or a test that keeps it. */
export interface Out {
  readonly isTTY?: boolean;
  /** How wide it is, when it is a terminal. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export function openTelling(out: Out): Telling {
  const width = Math.min(out.columns ?? WIDEST, WIDEST);
  const paint = (style: keyof typeof ANSI, text: string): string => (out.isTTY ? `\u001B[${ANSI[style]}m${text}\u001B[0m` : text);
  /** Steps of several nodes are learnt of in any order; held for a moment, they are told in the order in which they happened. */
  let held: { readonly at: number; readonly lines: string }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = (until = Number.POSITIVE_INFINITY): void => {
    clearTimeout(timer);
    const due = held.filter(({ at }) => at <= until);
    held = held.filter(({ at }) => at > until);
    for (const { lines } of due.toSorted((a, b) => a.at - b.at)) out.write(`${lines}\n`);
    timer = held.length === 0 ? undefined : setTimeout(flushDue, HELD_MS);
  };
  /** What is younger may not be the first of its moment. */
  const flushDue = (): void => flush(Date.now() - HELD_MS);
  const hold = (at: number, lines: string): void => {
    held.push({ at, lines });
    timer ??= setTimeout(flushDue, HELD_MS);
  };
  const write = (lines = ''): void => {
    flush();
    out.write(`${lines}\n`);
  };
  let began = Date.now();
  const at = (time: number): string => `  ${clock(time)} ${`+${((time - began) / 1000).toFixed(2)} s`.padStart(10)}  `;
  /** Words behind `head`, in as many lines as they need, under each other. */
  const under = (head: string, words: string, style?: keyof typeof ANSI): string =>
    wrapped(words, Math.max(40, width - head.length))
      .map((line, i) => `${i === 0 ? head : ' '.repeat(head.length)}${style === undefined ? line : paint(style, line)}`)
      .join('\n');
  const now = (words: string, style?: keyof typeof ANSI): string => under(at(Date.now()), words, style);

  return {
    title(key, words) {
      began = Date.now();
      write();
      write(under('', `(${key}) ${words}`, 'bold'));
    },
    say: (words) => hold(Date.now(), now(words)),
    act: (words) => hold(Date.now(), now(words, 'yellow')),
    steps(before, after) {
      const told = new Set((before?.journal ?? []).filter(({ outcome }) => outcome !== 'running').map(keyOf));
      for (const entry of after.journal) {
        if (entry.outcome === 'running' || told.has(keyOf(entry))) continue;
        const time = entry.endedAt ?? entry.startedAt;
        const took = time - entry.startedAt;
        const [sign, style] = SIGNS[entry.outcome];
        const what = `${entry.direction === 'undo' ? '↩ ' : ''}${entry.step}${entry.side ? ` (${entry.side})` : ''}${took > 0 ? ` ${(took / 1000).toFixed(2)} s` : ''}`;
        const [node, of] = [`${after.node.padEnd(5)} `, purposeOf(after)];
        const rest = `${of.padEnd(24)} ${kindOf(after.workflowId).padEnd(11)} ${entry.phase.padEnd(11)} `;
        const row = `${at(time)}${paint('cyan', node)}${rest}${paint(style, sign)} ${what}`;
        const length = at(time).length + node.length + rest.length + 2 + what.length;
        const detail = entry.detail === undefined ? '' : cut(entry.detail, 300);
        if (detail === '') hold(time, row);
        else if (length + 1 + detail.length <= width) hold(time, `${row} ${paint('dim', detail)}`);
        else hold(time, `${row}\n${under(' '.repeat(at(time).length + node.length), detail, 'dim')}`);
      }
    },
    plan(entries) {
      for (const { service, rank, flavorId, seller, hourly, verdict, reasons } of entries) {
        const what = `offer ${rank ?? '-'}${service === undefined ? '' : ` for ${service}`}: ${flavorId} of ${seller}`;
        const why = reasons.length > 0 ? ` (${cut(reasons.join('; '), 300)})` : '';
        write(under(INDENT, `${what}, ${hourly ? priceWords(hourly) : 'no price'}: ${verdict}${why}`, 'dim'));
      }
    },
    leaks(leaks) {
      if (leaks.length === 0)
        write(
          now(
            'leak report: empty (objects of all clusters, inventory sums, holds, allocations, contracts, open workflows are as before)',
            'green',
          ),
        );
      else write(now(`leak report: ${leaks.length} left`, 'red'));
      for (const leak of leaks) write(under(INDENT, leak));
    },
    outcome({ outcome, detail, milliseconds }) {
      write(now(`${outcome}${detail ? `: ${detail}` : ''} (${(milliseconds / 1000).toFixed(1)} s)`, styleOf(outcome)));
    },
    summary(outcomes) {
      const row = (cells: readonly [string, string, string, string, string, string]): string => {
        const [scenario, ...others] = cells;
        const [outcome, ...figures] = others;
        return `${scenario.padEnd(20)}${outcome?.padEnd(10)}${figures.map((figure, i) => figure.padStart(i === 0 ? 9 : 7)).join('')}  `;
      };
      write();
      write(paint('bold', `${row(['scenario', 'outcome', 'time', 'steps', 'undone', 'leaks'])}note`));
      for (const { key, name, outcome, milliseconds, steps, leaks, notes, detail } of outcomes) {
        const undone = steps.filter(({ direction }) => direction === 'undo').length;
        const time = `${(milliseconds / 1000).toFixed(1)} s`;
        const note = cut([...notes, ...(detail === undefined ? [] : [detail])].join('; '), 300);
        const figures = [`${steps.length - undone}`, `${undone}`, `${leaks.length}`] as const;
        const lines = under(row([`(${key}) ${name}`, outcome, time, ...figures]), note);
        write(lines.replace(outcome, paint(styleOf(outcome), outcome)));
      }
    },
  };
}

const SIGNS = { done: ['✓', 'green'], failed: ['✗', 'red'], stopped: ['–', 'yellow'] } as const;
const styleOf = (outcome: Outcome['outcome']): keyof typeof ANSI =>
  outcome === 'fulfilled' ? 'green' : outcome === 'left-out' ? 'yellow' : 'red';
/** Of whom a workflow's steps are: the intent, and behind the arrow who sells to it; of a peering the other side. */
function purposeOf({ workflowId, intent, seller }: Followed): string {
  const [kind, id = ''] = workflowId.split('/');
  const [sells] = seller?.split('.') ?? [];
  return cut(kind === 'peering' ? `with ${id}` : [intent ?? id, ...(sells === undefined ? [] : ['←', sells])].join(' '), 24);
}
const keyOf = ({ step, direction, side, startedAt }: JournalEntry): string => `${step} ${direction} ${side} ${startedAt}`;
const kindOf = (workflowId: string): string => workflowId.split('/')[0] ?? workflowId;
const clock = (time: number): string => {
  const date = new Date(time);
  return date.toTimeString().slice(0, 8);
};
