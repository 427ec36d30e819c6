import type { NodeFacts } from '../../activities/configuration.ts';
import type { Candidate, PlanEntry, SilentNode } from '../../src/domain/candidate.ts';
import type { AcquisitionId } from '../../src/domain/ids.ts';
import type { Intent } from '../../src/domain/intent.ts';
import type { Phase } from '../../src/domain/journal.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { ServiceRequest } from '../../src/domain/service-request.ts';
import type { Cost, Stretch } from '../../src/domain/spending.ts';
import type { Place } from '../../src/domain/status.ts';
import type { AcquisitionReport } from '../messages.ts';

/** One child, as its intent knows it. */
export interface Attempt {
  readonly id: AcquisitionId;
  readonly candidate: Candidate;
  /** The service of the intent that it is for; absent when it is for the place. */
  readonly service?: string;
  readonly last?: AcquisitionReport;
  /** Why the intent let it go. */
  readonly released?: Ending;
  /** When it began, when its contract was bought as far as is known, and when it ceased to cost; in milliseconds since the epoch. */
  readonly since: number;
  readonly boughtAt?: number;
  readonly until?: number;
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
  /** How many attempts there were at services, also those that are forgotten; absent before the first. */
  atServices?: number | undefined;
  /** The search that is going on: until when (ms since the epoch), and its next pause. */
  search: { readonly until: number; readonly pauseMs: number } | undefined;
  /** The attempt that the run before was waiting for: it did not hold yet, or was not undone on our side. */
  unheard: AcquisitionId | undefined;
  /** What the services that are being bought are for, while no place is: a workload at home, or one that runs and lost one. */
  seeking?: 'home' | 'use' | undefined;
  /** Services may have been replaced while a place was searched: what they took the place of is to be let go. */
  supersedes?: boolean | undefined;
  /** The place that is kept while another one is searched, and why it is to be left; without an `id` it is home. */
  kept: { readonly id?: AcquisitionId; readonly why: Ending } | undefined;
  plan: PlanEntry[];
  silent: SilentNode[];
  /** Ids and addresses of sellers that failed or withdrew in this intent: they come last. */
  demoted: string[];
  /** Money spent on attempts that are forgotten: in one sum, as a budget counts it, and currency by currency. */
  spent: string;
  forgotten?: readonly Cost[] | undefined;
  /** When the workload was at home. */
  homes?: readonly { readonly namespace: string; readonly from: number; readonly until?: number }[] | undefined;
  /** Since when pods of the placed workload do not run. */
  troubledSince: number | undefined;
  /** Whether people were told that pods at home do not run. */
  toldOfHome: boolean;
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
  troubledSince: undefined,
  toldOfHome: false,
  ending: undefined,
});

/** How many attempts there were, also those that are forgotten. */
export const madeBy = ({ attempts }: Pick<IntentState, 'attempts'>): number => Number(attempts.at(-1)?.id.split('-').at(-1) ?? 0);

/** Those at services; of a run that an earlier release began, as far as it remembers them. */
export const madeAtServices = ({ attempts, atServices }: Pick<IntentState, 'attempts' | 'atServices'>): number =>
  atServices ?? attempts.filter(({ service }) => service !== undefined).length;

export const attemptOf = (state: IntentState, id: AcquisitionId): Attempt | undefined =>
  state.attempts.find((attempt) => attempt.id === id);
export const changeAttempt = (state: IntentState, id: AcquisitionId, change: Partial<Attempt>): void => {
  state.attempts = state.attempts.map((attempt) => (attempt.id === id ? { ...attempt, ...change } : attempt));
};
/** The attempt that holds a service of the intent. */
export const holderOf = ({ attempts }: IntentState, service: string): Attempt | undefined =>
  attempts.find((attempt) => attempt.service === service && attempt.last?.state === 'held' && !attempt.released);
/** The services of the intent that nobody holds for it. */
export const missingServices = (state: IntentState): readonly ServiceRequest[] =>
  (state.intent.services ?? []).filter(({ name }) => !holderOf(state, name));
/** What served as a service of the intent and is to be left, but does so until its contract ends. */
export const leavingService = ({ attempts }: IntentState, service: string): Attempt | undefined =>
  attempts.findLast(
    ({ service: name, last, released }) => name === service && last?.state === 'lost' && last.usableUntil !== undefined && !released,
  );
/** The missing ones in whose stead nothing serves, so that a workload could not run anywhere. */
export const goneServices = (state: IntentState): readonly ServiceRequest[] =>
  missingServices(state).filter(({ name }) => !leavingService(state, name));
/** The missing ones that something serves as for a while. */
export const leavingServices = (state: IntentState): readonly ServiceRequest[] =>
  missingServices(state).filter(({ name }) => leavingService(state, name) !== undefined);
/** What was lost of services that another attempt holds by now. */
export const supersededServices = (state: IntentState): readonly Attempt[] =>
  state.attempts.filter(
    ({ service, last, released }) => service !== undefined && last?.state === 'lost' && !released && holderOf(state, service) !== undefined,
  );
/** What an attempt costs: from its purchase until it is let go, whether it ever served or not. While it is not known whether it has bought, it has. */
const stretchOf = ({ candidate, last, since, boughtAt, until }: Attempt): readonly Stretch[] => {
  const hourly = candidate.hourly?.amount;
  const over = last?.state === 'over' || last?.state === 'undone-here';
  if (hourly === undefined || (over && boughtAt === undefined)) return [];
  return [{ hourly, from: boughtAt ?? since, ...(until !== undefined && { until }) }];
};
export const stretchesOf = (attempts: readonly Attempt[]): readonly Stretch[] => attempts.flatMap(stretchOf);

/** Takes in what an attempt reports. One that is undone costs nothing any more, though its seller may still have to hear of it. */
export function hearOf(state: IntentState, report: AcquisitionReport, now: number): void {
  const { acquisition, boughtAt } = report;
  const contractOver =
    report.state === 'lost' && report.usableUntil === undefined && report.ending !== undefined && report.ending.reason !== 'breach';
  const ended = report.state === 'over' || report.state === 'undone-here' || contractOver;
  const until = attemptOf(state, acquisition)?.until ?? (ended ? now : undefined);
  changeAttempt(state, acquisition, { last: report, ...(boughtAt !== undefined && { boughtAt }), ...(until !== undefined && { until }) });
}
/** What became of a flavor, in the plan that people read. */
export const mark = (state: IntentState, flavorId: string, verdict: PlanEntry['verdict'], reason?: string): void => {
  state.plan = state.plan.map((entry) =>
    entry.flavorId === flavorId ? { ...entry, verdict, reasons: reason ? [...entry.reasons, reason].slice(-5) : entry.reasons } : entry,
  );
};
