import { ApplicationFailure, patched, workflowInfo } from '@temporalio/workflow';
import type { Candidate, PlanEntry } from '../../src/domain/candidate.ts';
import { isOfOne, planOf, rank } from '../../src/domain/ranking.ts';
import { asking } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { waitFor } from '../summaries.ts';
import type { Long } from './acquiring.ts';
import { type IntentState, goneServices, mark, missingServices } from './intent-state.ts';
import { hearsBoth } from './replacing.ts';
import type { Services } from './services.ts';

/**
 * Phase 2: tries round after round, with a growing pause between them, while the intent's patience lasts. Each refusal is kept with its reason, so that an intent which finds nothing explains itself. `false`:
 * the history is long, go on in a new run.
 */
export async function untilFound(
  state: IntentState,
  scribe: Scribe,
  round: () => Promise<boolean | Long>,
  /** Counts what makes another round worth while at once. */
  news: () => number = () => 0,
): Promise<boolean> {
  const { intent, facts } = state;
  state.search ??= { until: Date.now() + intent.patienceMs, pauseMs: facts.timing.discoveryPauseMs };
  const { until } = state.search;
  let pause = state.search.pauseMs;
  for (;;) {
    if (workflowInfo().continueAsNewSuggested) return false;
    const found = await round();
    if (found === 'long') return false;
    if (found) {
      state.search = undefined;
      return true;
    }
    const left = until - Date.now();
    if (left <= 0) {
      state.search = undefined;
      throw ApplicationFailure.create({ type: 'NO_CANDIDATE', message: explain(state), nonRetryable: true });
    }
    const last = new Date(Math.min(until, Date.parse(intent.deadline ?? '') || until)).toISOString();
    state.waitingFor = `capacity, until ${last}: ${explain(state)}`;
    scribe.details(
      `Nothing to buy at the moment: ${explain(state)}. Asks again in ${Math.round(Math.min(pause, left) / 1000)} s, until ${last}.`,
    );
    const known = news();
    await waitFor('nothing to buy at the moment: until every known node is asked again', () => news() > known, Math.min(pause, left));
    pause = Math.min(pause * 2, facts.timing.discoveryPauseMaxMs);
    state.search = { until, pauseMs: pause };
  }
}

/** Those of sellers that failed in this intent come last. */
export const inTurn = ({ demoted }: IntentState, ranked: readonly Candidate[]): readonly Candidate[] => {
  const late = (candidate: Candidate): boolean => isOfOne(demoted, candidate);
  return [...ranked.filter((candidate) => !late(candidate)), ...ranked.filter(late)];
};

/** One candidate after the other, each marked as tried when it is its turn: a seller that failed meanwhile is asked for its other offers after everybody else. */
export function* eachInTurn(state: IntentState, candidates: readonly Candidate[]): Generator<Candidate, void> {
  let left = candidates;
  for (;;) {
    const [first] = left;
    const [inOrder] = inTurn(state, left);
    // A run of before tried them as they were listed.
    const tried = inOrder === first || !patched('failed-come-last') ? first : inOrder;
    if (tried === undefined) return;
    left = left.filter((other) => other !== tried);
    mark(state, tried.flavor.id, 'trying');
    yield tried;
  }
}

/** Why one comes last though it may be cheaper: what became of its seller's last attempt in this intent. */
export const whyLast =
  ({ demoted, attempts }: IntentState) =>
  (candidate: Candidate): string | undefined => {
    if (!isOfOne(demoted, candidate)) return undefined;
    const { seller } = candidate;
    const { last, released } = attempts.findLast((attempt) => attempt.candidate.seller.address === seller.address) ?? {};
    const { reason, detail } = last?.ending ?? released ?? {};
    return `its seller comes last in this intent${reason ? `, since the last attempt there ended: ${reason}${detail ? ` (${detail})` : ''}` : ''}`;
  };

/** Searches a place: asks, ranks, and offers the candidates one after the other until one is taken. Its services, if it has any, are bought before it, and given back when none is taken. */
export async function search(
  state: IntentState,
  scribe: Scribe,
  take: (candidate: Candidate) => Promise<boolean | Long>,
  /** Whether nothing need be bought any more. */
  isEnough: () => Promise<boolean>,
  services: Services | undefined,
): Promise<boolean> {
  const { request } = state.intent;
  // A service that is lost meanwhile is looked for at once.
  const lacks = (): number => missingServices(state).length + goneServices(state).length;
  const news = services && state.place && hearsBoth() ? lacks : undefined;
  return await untilFound(
    state,
    scribe,
    async () => {
      if (await isEnough()) return true;
      state.phase = 'discovery';
      scribe.phase('discovery');
      const finish = scribe.record({ step: 'discover', phase: 'discovery', direction: 'do' });
      const failed = state.demoted;
      const found = await asking.discover({ request, ...(failed.length > 0 && { failed }) });
      finish('done');
      const candidates = inTurn(state, rank(found.candidates, request));
      state.plan = [...planOf(candidates, whyLast(state)), ...found.refused, ...state.plan.filter(({ service }) => service !== undefined)];
      state.silent = [...found.silent];
      tellMore(scribe, found.more);
      // Without a place services are of no use.
      const ready = candidates.length === 0 || services === undefined || (await services.acquire());
      if (ready === 'long') return 'long';
      for (const candidate of eachInTurn(state, ready ? candidates : [])) {
        const taken = await take(candidate);
        if (taken) return taken;
      }
      return (await services?.giveBack()) ?? false;
    },
    news,
  );
}

/** That the plan is cut off, once for each number. */
export function tellMore(scribe: Scribe, more = 0, of = ''): void {
  const detail = `${more} further offers and refusals${of} are not in the plan`;
  if (more > 0 && scribe.lines().findLast(({ step }) => step === 'not-shown')?.detail !== detail)
    scribe.note('discovery', 'not-shown', detail);
}

/** Of what was refused the first reasons, since any of them is enough; of what was tried the last one. */
const whyNot = (verdict: PlanEntry['verdict'], reasons: readonly string[]): string =>
  (verdict === 'refused' ? reasons.slice(0, 3).join(', ') : reasons.at(-1)) || 'not taken';

/** Why nothing was bought, in a line. */
function explain(state: IntentState): string {
  const { plan, silent } = state;
  const unseen = missingServices(state).filter(({ name }) => !plan.some(({ service }) => service === name));
  const lines = [
    ...plan.map(
      ({ service, flavorId, seller, verdict, reasons }) =>
        `${service === undefined ? '' : `service ${service}: `}${flavorId} of ${seller}: ${whyNot(verdict, reasons)}`,
    ),
    ...(plan.length > 0 ? unseen.map(({ name, kind }) => `service ${name}: nobody offers such a ${kind}`) : []),
    ...silent.map(({ address, code }) => `${address}: ${code}`),
  ];
  return lines.length === 0 ? 'no node is known, or none has anything on sale' : lines.slice(0, 8).join('; ');
}
