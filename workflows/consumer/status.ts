import type { IntentStatus, ServiceStatus } from '../../src/domain/status.ts';
import { type IntentState, holderOf, madeAtServices, madeBy } from './intent-state.ts';
import { namespaceOf } from './usage.ts';
import { hourlyOf } from './living.ts';
import { costOfAll, usedOf } from './used.ts';

/** What its acquisitions could not give back, since the seller has no message for it. */
export const residueOf = ({ attempts }: IntentState): readonly string[] =>
  attempts.flatMap(({ last }) => (last?.residue ? [last.residue] : []));

/** An intent at a glance. */
export function statusOf(state: IntentState, stuck: string, endedAt?: number): IntentStatus {
  const { intent, phase, place, ending, since, startedAt } = state;
  const [hourly, ...alsoHourly] = hourlyOf(state);
  const atServices = madeAtServices(state);
  const waitingFor = stuck || state.waitingFor;
  const residue = residueOf(state);
  const used = usedOf(state, endedAt);
  const cost = costOfAll(state);
  const ended = endedAt !== undefined;
  return {
    name: intent.name,
    phase,
    // The phase begins with the deployment; in use is what runs, and whoever watches until then waits for no less.
    state: ended ? 'ended' : stuck ? 'stuck' : ending ? 'ending' : phase === 'usage' && !waitingFor ? 'in-use' : 'working',
    since,
    attempts: madeBy(state) - atServices,
    ...(atServices > 0 && { serviceAttempts: atServices }),
    startedAt,
    ...(waitingFor && { waitingFor }),
    // What is over stands no more, and costs no more.
    ...(place && !ended && { place }),
    ...(used.length > 0 && { used }),
    ...((ended || cost.length > 0) && { cost }),
    ...(intent.services && { services: servicesOf(state) }),
    ...(ending && { ending }),
    ...(residue.length > 0 && { residue }),
    ...(hourly && !ended && { hourly }),
    ...(alsoHourly.length > 0 && !ended && { alsoHourly }),
    ...(ended && { endedAt }),
  };
}

/** Each service with who holds it, or held it last. */
const servicesOf = (state: IntentState): readonly ServiceStatus[] =>
  (state.intent.services ?? []).map(({ name }) => {
    const holder = holderOf(state, name);
    const { id, last, candidate } = holder ?? state.attempts.findLast(({ service }) => service === name) ?? {};
    return {
      name,
      state: state.ending ? 'over' : holder ? 'held' : 'wanted',
      namespace: namespaceOf(state.intent),
      ...(last?.contract && candidate && id && { acquisition: id, contract: last.contract, seller: candidate.seller.domain }),
      ...(candidate?.service && { hosting: candidate.service.hostingPolicy }),
    };
  });

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
