import { condition, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import type { WorkloadHealth, WorkloadRef } from '../../activities/usage.ts';
import { amountWords } from '../../src/domain/money.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { type Cost, inAll, spentBy, usedUpAt } from '../../src/domain/spending.ts';
import type { Timing } from '../../src/domain/timing.ts';
import * as messages from '../messages.ts';
import { askingPauses, hearingPauses } from '../pauses.ts';
import { glancing } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { waitFor } from '../summaries.ts';
import { type IntentState, attemptOf, goneServices, holderOf, missingServices, stretchesOf, supersededServices } from './intent-state.ts';
import { type Placement, manifestsOf } from './usage.ts';

/** What a held workload came to: its end, a lost place, a workload that somebody removed, or a history that is long. */
export type Turn =
  | { readonly kind: 'end'; readonly ending: Ending }
  | { readonly kind: 'lost'; readonly ending: Ending }
  | { readonly kind: 'reapply' }
  /** A service is held no more, or what it took the place of is still held. */
  | { readonly kind: 'service' }
  /** What was done beside is done. */
  | { readonly kind: 'served' }
  | { readonly kind: 'long' };

/** Phase 5 as a wait: woken by the shared watch, by the acquisition, and once a day. */
export interface Living {
  /** `isDone`: of a search for a service that goes on beside, until when nothing else is said of services. */
  readonly live: (placement: Placement, isDone?: () => boolean) => Promise<Turn>;
}

const podsOf = ({ state, pods, message }: WorkloadHealth): string =>
  pods.map((pod) => `${pod.name} ${pod.phase}${pod.message ? ` (${pod.message})` : ''}`).join(', ') || (message ? '' : state);

export function openLiving(state: IntentState, timing: Timing, scribe: Scribe): Living {
  // News may have come in the last moment of the run before.
  let look = workflowInfo().continuedFromExecutionRunId !== undefined;
  let lookAgainAt: number | undefined;
  const pauses = hearingPauses(timing);
  setHandler(messages.workloadChanged, () => {
    look = true;
  });
  const lostPlace = (placement: Placement): Ending | undefined => {
    if (!placement.acquisition) return undefined;
    const last = attemptOf(state, placement.acquisition)?.last;
    return last && last.state !== 'held' ? (last.ending ?? { reason: 'breach' }) : undefined;
  };

  const lacksService = (): boolean => missingServices(state).length > 0 || (!!state.supersedes && supersededServices(state).length > 0);

  /** Silence is not news, and nonsense is not either: but what was told once is not told again, so one looks again. */
  const glance = async (workload: WorkloadRef): Promise<WorkloadHealth> => {
    try {
      const health = await glancing.observeWorkload(workload);
      lookAgainAt = undefined;
      pauses.reset();
      return health;
    } catch (error) {
      if (isCancellation(error)) throw error;
      lookAgainAt = Date.now() + pauses.next();
      return { state: 'unknown', pods: [] };
    }
  };

  /** Home is not given up: it may come back. Where the intent may buy, another place is searched, ever more rarely. */
  const searches = askingPauses(timing);
  let searchAt = 0;
  const troubleAtHome = (words: string): Turn | undefined => {
    if (!state.toldOfHome) scribe.note('usage', 'pods-do-not-run', words);
    state.toldOfHome = true;
    state.waitingFor = `pods at home that do not run: ${words}`;
    scribe.details(`Waits for **${state.waitingFor}**`);
    const mayBuy = state.intent.placement !== 'local';
    if (mayBuy && Date.now() >= searchAt) return { kind: 'lost', ending: { reason: 'breach', detail: `pods do not run: ${words}` } };
    lookAgainAt = mayBuy ? searchAt : Date.now() + searches.next();
    return undefined;
  };
  const well = (): void => {
    state.troubledSince = undefined;
    if (!state.toldOfHome) return;
    scribe.note('usage', 'pods-run', 'at home, again');
    state.toldOfHome = false;
    state.waitingFor = undefined;
    searches.reset();
  };

  return {
    async live(placement, isDone) {
      const { intent } = state;
      if (state.toldOfHome) {
        // A search for another place was in vain.
        look = true;
        searchAt = Date.now() + searches.next();
      }
      const hasServiceNews = isDone ?? lacksService;
      for (;;) {
        if (workflowInfo().continueAsNewSuggested) return { kind: 'long' };
        const lost = lostPlace(placement);
        if (lost) return { kind: 'lost', ending: lost };
        if (hasServiceNews()) return { kind: isDone ? 'served' : 'service' };
        const { troubledSince } = state;
        const now = Date.now();
        const lostAt = (troubledSince ?? 0) + timing.nodeLostMs;
        const due = lostAt > now ? lostAt : now + timing.lookMs;
        const wait = Math.min(due, lookAgainAt ?? due) - now;
        const words = troubledSince === undefined ? 'the workload, until its next look' : 'pods that do not run';
        await waitFor(words, () => look || lostPlace(placement) !== undefined || hasServiceNews(), wait);
        if (lostPlace(placement) || hasServiceNews()) continue;
        look = false;
        const { intent: name, namespace, acquisition, seller } = placement;
        const health = await glance({
          intent: name,
          namespace,
          manifests: manifestsOf(intent),
          ...(acquisition && { acquisition }),
          ...(seller && { seller }),
        });
        if (health.state === 'succeeded') return { kind: 'end', ending: { reason: 'done' } };
        if (health.state === 'failed')
          return {
            kind: 'end',
            ending: { reason: 'failed', detail: `the workload failed: ${[health.message, podsOf(health)].filter(Boolean).join('; ')}` },
          };
        if (health.state === 'missing') return { kind: 'reapply' };
        if (health.state === 'running') well();
        // Pods that lack a service are not held against their place.
        else if (isDone && goneServices(state).length > 0) state.troubledSince = undefined;
        else if (health.state === 'pending') state.troubledSince ??= Date.now();
        if (state.troubledSince === undefined || Date.now() < state.troubledSince + timing.nodeLostMs) continue;
        if (acquisition) {
          state.troubledSince = undefined;
          return { kind: 'lost', ending: { reason: 'breach', detail: `pods do not run: ${podsOf(health)}` } };
        }
        if (health.state === 'pending') {
          const turn = troubleAtHome(podsOf(health));
          if (turn) return turn;
        }
      }
    },
  };
}

/** Ends the intent at its deadline, or when its budget is used up: in use, in a search beside which a kept place costs, and while one is being bought. */
export async function watchLimits(state: IntentState, stop: (ending: Ending) => void): Promise<void> {
  for (;;) {
    const now = Date.now();
    const ends = endsAt(state, now);
    if (ends && ends.at <= now) return stop(ends.ending);
    // One that came to be later is found when the earlier one has passed.
    const sooner = (): boolean => (endsAt(state, now)?.at ?? Number.POSITIVE_INFINITY) < (ends?.at ?? Number.POSITIVE_INFINITY);
    if (ends) await waitFor(`the ${ends.ending.reason} of the intent`, sooner, ends.at - now);
    else await condition(sooner);
  }
}

/** The next fixed end: deadline or empty budget, whichever comes first. */
function endsAt(state: IntentState, now: number): { at: number; ending: Ending } | undefined {
  const { intent, spent, attempts } = state;
  const ends: { at: number; ending: Ending }[] = [];
  if (intent.deadline) ends.push({ at: Date.parse(intent.deadline), ending: { reason: 'deadline', detail: intent.deadline } });
  if (intent.budget) {
    const { amount, currency } = intent.budget;
    const stretches = stretchesOf(attempts);
    const at = usedUpAt(amount, spent, stretches);
    if (at !== undefined)
      ends.push({
        at,
        ending: { reason: 'budget', detail: `${amountWords(spentBy(spent, stretches, now))} of ${amount} ${currency} spent` },
      });
  }
  return ends.sort((a, b) => a.at - b.at)[0];
}

/** Of the place and of the services that are held, currency by currency; that of the place first. */
export const hourlyOf = (state: IntentState): readonly Cost[] => {
  const { place, intent } = state;
  const held = [
    place?.kind === 'remote' ? state.attempts.find(({ id }) => id === place.acquisition) : undefined,
    ...(intent.services ?? []).map(({ name }) => holderOf(state, name)),
  ];
  return inAll(held.flatMap((attempt) => attempt?.candidate.hourly ?? []));
};
