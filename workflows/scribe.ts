import { type SearchAttributes, setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { JournalEntry, Phase } from '../src/domain/journal.ts';
import type { Record } from '../src/domain/saga.ts';
import { codeOf, wordsOf } from './failures.ts';
import * as messages from './messages.ts';

/** Lines that a journal keeps; older repetitions go first, so that a year of retries does not outgrow a payload. */
const MOST_LINES = 300;

/** Keeps what a person at night wants to read: the journal (query), the current details and the search attributes. */
export interface Scribe {
  readonly record: Record;
  readonly lines: () => readonly JournalEntry[];
  /** A line for something that is not a step. */
  readonly note: (phase: Phase, step: string, detail: string) => void;
  /** Phase borders only: each change is an event of the history. */
  readonly phase: (phase: Phase, more?: SearchAttributes) => void;
  readonly stuck: (yes: boolean) => void;
  /** Markdown for the Temporal UI; costs no event. */
  readonly details: (headline: string) => void;
}

/** What was cancelled did not fail: somebody wanted no more of it. */
const endOf = (outcome: 'done' | 'failed', error: unknown): Pick<JournalEntry, 'outcome' | 'detail'> =>
  error === undefined
    ? { outcome }
    : codeOf(error) === 'CANCELLED'
      ? { outcome: 'stopped', detail: 'nobody waits for it any more' }
      : { outcome, detail: wordsOf(error) };

/** `first`: search attributes that go with the first phase. */
export function openScribe(start: readonly JournalEntry[] = [], first: SearchAttributes = {}): Scribe {
  let lines = [...start];
  let headline = '';
  let phaseNow: Phase | undefined;
  // Attributes outlive continue-as-new: what the run before was stuck in may be mended by this one.
  let stuckNow = workflowInfo().searchAttributes['RearguardStuck']?.[0] === true;
  const show = (): void => {
    const last = lines
      .slice(-12)
      .map(
        ({ step, direction, side, outcome, detail }) =>
          `- ${direction === 'undo' ? '↩ ' : ''}**${step}**${side ? ` (${side})` : ''} ${outcome}${detail ? `: ${detail}` : ''}`,
      );
    setCurrentDetails([headline, '', ...last].join('\n'));
  };
  const add = (line: JournalEntry): void => {
    lines = [...lines, line].slice(-MOST_LINES);
    show();
  };
  setHandler(messages.journal, () => lines, { description: 'Steps as they happened, oldest first' });
  return {
    record({ step, phase, direction, side }) {
      const startedAt = Date.now();
      add({ step, phase, direction, ...(side && { side }), startedAt, outcome: 'running' });
      return (outcome, error) => {
        lines = lines.map((line) =>
          line.step === step &&
          line.direction === direction &&
          line.side === side &&
          line.outcome === 'running' &&
          line.startedAt === startedAt
            ? { ...line, ...endOf(outcome, error), endedAt: Date.now() }
            : line,
        );
        show();
      };
    },
    lines: () => lines,
    note(phase, step, detail) {
      const now = Date.now();
      add({ step, phase, direction: 'do', startedAt: now, endedAt: now, outcome: 'done', detail });
    },
    phase(phase, more = {}) {
      if (phase === phaseNow && Object.keys(more).length === 0) return;
      upsertSearchAttributes({ RearguardPhase: [phase], ...(phaseNow === undefined && first), ...more });
      phaseNow = phase;
    },
    stuck(yes) {
      if (yes === stuckNow) return;
      stuckNow = yes;
      upsertSearchAttributes({ RearguardStuck: [yes] });
    },
    details(text) {
      headline = text;
      show();
    },
  };
}
