import type { NodeFacts } from '../../activities/configuration.ts';
import type { Candidate, PlanEntry, SilentNode } from '../../src/domain/candidate.ts';
import type { AcquisitionId } from '../../src/domain/ids.ts';
import type { Intent } from '../../src/domain/intent.ts';
import type { Phase } from '../../src/domain/journal.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Place } from '../../src/domain/status.ts';
import type { AcquisitionReport } from '../messages.ts';

/** One child, as its intent knows it. */
export interface Attempt {
  readonly id: AcquisitionId;
  readonly candidate: Candidate;
  readonly last?: AcquisitionReport;
  /** Why the intent let it go. */
  readonly released?: Ending;
}

/** Everything that an intent's workflow knows, as plain data: it rides continue-as-new whole. */
export interface IntentState {
  readonly facts: NodeFacts;
  readonly intent: Intent;
  readonly startedAt: number;
  phase: Phase;
  since: number;
  waitingFor: string | undefined;
  place: Place | undefined;
  attempts: Attempt[];
  /** The search that is going on: until when (ms since the epoch), and its next pause. */
  search: { readonly until: number; readonly pauseMs: number } | undefined;
  /** The attempt that the run before was waiting for: it did not hold yet, or was not undone on our side. */
  unheard: AcquisitionId | undefined;
  /** The place that is kept while another one is searched, and why it is to be left. */
  kept: { readonly id: AcquisitionId; readonly why: Ending } | undefined;
  plan: PlanEntry[];
  silent: SilentNode[];
  /** Sellers that failed or withdrew in this intent: they come last. */
  demoted: string[];
  /** Money spent on places that are over, and since when the present one costs. */
  spent: string;
  costingSince: number | undefined;
  /** Since when pods of the placed workload do not run. */
  troubledSince: number | undefined;
  ending: Ending | undefined;
}

export const openState = (facts: NodeFacts, intent: Intent, now: number): IntentState => ({
  facts,
  intent,
  startedAt: now,
  phase: 'intent',
  since: now,
  waitingFor: undefined,
  place: undefined,
  attempts: [],
  search: undefined,
  unheard: undefined,
  kept: undefined,
  plan: [],
  silent: [],
  demoted: [],
  spent: '0',
  costingSince: undefined,
  troubledSince: undefined,
  ending: undefined,
});

export const attemptOf = (state: IntentState, id: AcquisitionId): Attempt | undefined =>
  state.attempts.find((attempt) => attempt.id === id);
export const changeAttempt = (state: IntentState, id: AcquisitionId, change: Partial<Attempt>): void => {
  state.attempts = state.attempts.map((attempt) => (attempt.id === id ? { ...attempt, ...change } : attempt));
};
/** What became of a flavor, in the plan that people read. */
export const mark = (state: IntentState, flavorId: string, verdict: PlanEntry['verdict'], reason?: string): void => {
  state.plan = state.plan.map((entry) =>
    entry.flavorId === flavorId ? { ...entry, verdict, reasons: reason ? [...entry.reasons, reason].slice(-5) : entry.reasons } : entry,
  );
};
