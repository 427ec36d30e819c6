import type { PlanEntry } from '../../src/domain/candidate.ts';
import type { JournalEntry } from '../../src/domain/journal.ts';
import { priceWords } from '../../src/domain/money.ts';
import type { Followed } from './following.ts';
import type { Outcome } from './report-file.ts';

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
const ANSI = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;

/** Where it is said: a terminal, a pipe, or a test that keeps it. */
export interface Out {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function openTelling(out: Out): Telling {
  const paint = (style: keyof typeof ANSI, text: string): string => (out.isTTY ? `\u001B[${ANSI[style]}m${text}\u001B[0m` : text);
  /** Steps of several nodes are learnt of in any order; held for a moment, they are told in the order in which they happened. */
  let held: { readonly at: number; readonly line: string }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const { line } of held.toSorted((a, b) => a.at - b.at)) out.write(`${line}\n`);
    held = [];
  };
  const hold = (at: number, line: string): void => {
    held.push({ at, line });
    timer ??= setTimeout(flush, HELD_MS);
  };
  const write = (line = ''): void => {
    flush();
    out.write(`${line}\n`);
  };
  let began = Date.now();
  const at = (time: number): string => `${clock(time)} ${`+${((time - began) / 1000).toFixed(1)} s`.padStart(9)}`;

  return {
    title(key, words) {
      began = Date.now();
      write();
      write(paint('bold', `(${key}) ${words}`));
    },
    say: (words) => hold(Date.now(), `  ${at(Date.now())}  ${words}`),
    act: (words) => hold(Date.now(), `  ${at(Date.now())}  ${paint('yellow', words)}`),
    steps(before, now) {
      const told = new Set((before?.journal ?? []).filter(({ outcome }) => outcome !== 'running').map(keyOf));
      for (const entry of now.journal) {
        if (entry.outcome === 'running' || told.has(keyOf(entry))) continue;
        const took = (entry.endedAt ?? entry.startedAt) - entry.startedAt;
        const what = `${entry.direction === 'undo' ? '↩ ' : ''}${entry.step}${entry.side ? ` (${entry.side})` : ''}`;
        const mark = entry.outcome === 'done' ? paint('green', '✓') : paint('red', '✗');
        const detail = entry.detail ? paint('dim', ` ${cut(entry.detail, 160)}`) : '';
        const time = took > 0 ? ` ${(took / 1000).toFixed(2)} s` : '';
        hold(
          entry.endedAt ?? entry.startedAt,
          `  ${at(entry.endedAt ?? entry.startedAt)}  ${paint('cyan', now.node.padEnd(6))}${kindOf(now.workflowId).padEnd(12)}${entry.phase.padEnd(12)}${mark} ${what}${time}${detail}`,
        );
      }
    },
    plan(entries) {
      for (const { rank, flavorId, seller, hourly, verdict, reasons } of entries) {
        const price = hourly ? priceWords(hourly) : 'no price';
        write(
          `${' '.repeat(26)}${paint('dim', `offer ${rank ?? '-'}: ${flavorId} of ${seller}, ${price}: ${verdict}${reasons.length > 0 ? ` (${cut(reasons.join('; '), 300)})` : ''}`)}`,
        );
      }
    },
    leaks(leaks) {
      if (leaks.length === 0)
        write(
          `  ${at(Date.now())}  ${paint('green', 'leak report: empty (objects of all clusters, inventory sums, holds, allocations, contracts, open workflows are as before)')}`,
        );
      else write(`  ${at(Date.now())}  ${paint('red', `leak report: ${leaks.length} left`)}`);
      for (const leak of leaks) write(`${' '.repeat(26)}${leak}`);
    },
    outcome({ outcome, detail, milliseconds }) {
      const words = `${outcome}${detail ? `: ${detail}` : ''} (${(milliseconds / 1000).toFixed(1)} s)`;
      write(`  ${at(Date.now())}  ${paint(outcome === 'fulfilled' ? 'green' : outcome === 'left-out' ? 'yellow' : 'red', words)}`);
    },
    summary(outcomes) {
      write();
      write(
        paint(
          'bold',
          `${'scenario'.padEnd(22)}${'outcome'.padEnd(12)}${'time'.padStart(9)}  ${'steps'.padStart(5)}  ${'undone'.padStart(6)}  ${'leaks'.padStart(5)}  note`,
        ),
      );
      for (const { key, name, outcome, milliseconds, steps, leaks, notes, detail } of outcomes) {
        const undone = steps.filter(({ direction }) => direction === 'undo').length;
        const style = outcome === 'fulfilled' ? 'green' : outcome === 'left-out' ? 'yellow' : 'red';
        const time = `${(milliseconds / 1000).toFixed(1)} s`;
        const note = cut([...notes, ...(detail === undefined ? [] : [detail])].join('; '), 160);
        write(
          `${`(${key}) ${name}`.padEnd(22)}${paint(style, outcome.padEnd(12))}${time.padStart(9)}  ${String(steps.length - undone).padStart(5)}  ${String(undone).padStart(6)}  ${String(leaks.length).padStart(5)}  ${note}`,
        );
      }
    },
  };
}

const keyOf = ({ step, direction, side, startedAt }: JournalEntry): string => `${step} ${direction} ${side} ${startedAt}`;
const kindOf = (workflowId: string): string => workflowId.split('/')[0] ?? workflowId;
const clock = (time: number): string => {
  const date = new Date(time);
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
};

/** At most so many characters; what is cut off shows. */
const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);
