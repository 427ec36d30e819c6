import type { IntentStatus } from '../../src/domain/status.ts';
import type { IntentState } from './intent-state.ts';
import { hourlyOf } from './living.ts';

/** What its acquisitions could not give back, since the seller has no message for it. */
export const residueOf = ({ attempts }: IntentState): readonly string[] =>
  attempts.flatMap(({ last }) => (last?.residue ? [last.residue] : []));

/** An intent at a glance. */
export function statusOf(state: IntentState, stuck: string, endedAt?: number): IntentStatus {
  const { intent, phase, place, ending, since, startedAt, attempts } = state;
  const hourly = hourlyOf(state);
  const currency = attempts.find(({ candidate }) => candidate.hourly)?.candidate.hourly?.currency;
  const waitingFor = stuck || state.waitingFor;
  const residue = residueOf(state);
  return {
    name: intent.name,
    phase,
    // The phase begins with the deployment; in use is what runs, and whoever watches until then waits for no less.
    state: endedAt !== undefined ? 'ended' : stuck ? 'stuck' : ending ? 'ending' : phase === 'usage' && !waitingFor ? 'in-use' : 'working',
    since,
    attempts: Number(attempts.at(-1)?.id.split('-').at(-1) ?? 0),
    startedAt,
    ...(waitingFor && { waitingFor }),
    ...(place && { place }),
    ...(ending && { ending }),
    ...(residue.length > 0 && { residue }),
    ...(hourly && currency && { hourly: { amount: hourly, currency } }),
    ...(endedAt !== undefined && { endedAt }),
  };
}

/** What is told of an intent that was never admitted. */
export const refusedStatus = (workflowId: string, why: string, now: number): IntentStatus => ({
  name: workflowId.replace(/^intent\//, ''),
  phase: 'intent',
  state: 'ended',
  since: now,
  startedAt: now,
  endedAt: now,
  attempts: 0,
  ending: { reason: 'failed', detail: why },
});
