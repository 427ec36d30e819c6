import { ApplicationFailure, sleep, workflowInfo } from '@temporalio/workflow';
import type { Candidate } from '../../src/domain/candidate.ts';
import { planOf, rank } from '../../src/domain/ranking.ts';
import { asking } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import type { Long } from './acquiring.ts';
import { type IntentState, mark } from './intent-state.ts';

/**
 * Phase 2: asks, ranks, and offers the candidates one after the other until one is taken; asks again with a growing pause while the intent's patience lasts.
 * Each refusal is kept with its reason, so that an intent which finds nothing explains itself. `false`: the history is long, go on in a new run.
 */
export async function search(
  state: IntentState,
  scribe: Scribe,
  take: (candidate: Candidate) => Promise<boolean | Long>,
  /** Whether nothing need be bought any more. */
  isEnough: () => Promise<boolean> = async () => false,
): Promise<boolean> {
  const { intent, facts } = state;
  state.search ??= { until: Date.now() + intent.patienceMs, pauseMs: facts.timing.discoveryPauseMs };
  const { until } = state.search;
  let pause = state.search.pauseMs;
  for (;;) {
    if (workflowInfo().continueAsNewSuggested) return false;
    if (await isEnough()) {
      state.search = undefined;
      return true;
    }
    state.phase = 'discovery';
    scribe.phase('discovery');
    const finish = scribe.record({ step: 'discover', phase: 'discovery', direction: 'do' });
    const found = await asking.discover({ request: intent.request });
    finish('done');
    const ranked = rank(found.candidates, intent.request);
    const late = ({ seller }: Candidate): boolean => state.demoted.includes(seller.id);
    const candidates = [...ranked.filter((candidate) => !late(candidate)), ...ranked.filter(late)];
    state.plan = [...planOf(candidates, [], intent.request), ...found.refused];
    state.silent = [...found.silent];
    for (const candidate of candidates) {
      mark(state, candidate.flavor.id, 'trying');
      const taken = await take(candidate);
      if (taken === 'long') return false;
      if (!taken) continue;
      state.search = undefined;
      return true;
    }
    const left = until - Date.now();
    if (left <= 0) {
      state.search = undefined;
      throw ApplicationFailure.create({ type: 'NO_CANDIDATE', message: explain(state), nonRetryable: true });
    }
    state.waitingFor = `capacity: ${explain(state)}`;
    scribe.details(`Nothing to buy at the moment: ${explain(state)}. Asks again in ${Math.round(Math.min(pause, left) / 1000)} s.`);
    await sleep(Math.min(pause, left), { summary: 'nothing to buy at the moment: until every known node is asked again' });
    pause = Math.min(pause * 2, facts.timing.discoveryPauseMaxMs);
    state.search = { until, pauseMs: pause };
  }
}

/** Why nothing was bought, in a line. */
function explain({ plan, silent }: IntentState): string {
  const lines = [
    ...plan.map(({ flavorId, seller, reasons }) => `${flavorId} of ${seller}: ${reasons.at(-1) ?? 'not taken'}`),
    ...silent.map(({ address, code }) => `${address}: ${code}`),
  ];
  return lines.length === 0 ? 'no node is known, or none offers anything' : lines.slice(0, 8).join('; ');
}
