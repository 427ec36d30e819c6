import {
  CancellationScope,
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  type SearchAttributes,
  getExternalWorkflowHandle,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { Candidate } from '../../src/domain/candidate.ts';
import { type AcquisitionId, acquisitionOf, workflowIds } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { spentBy } from '../../src/domain/spending.ts';
import * as messages from '../messages.ts';
import { hearingPauses } from '../pauses.ts';
import { observing } from '../proxies.ts';
import { waitFor } from '../summaries.ts';
import type { acquireFlavor } from './acquire-flavor.ts';
import type { AcquisitionInput } from './acquisition.ts';
import {
  type Attempt,
  type IntentState,
  attemptOf,
  changeAttempt,
  hearOf,
  madeAtServices,
  madeBy,
  mark,
  stretchesOf,
} from './intent-state.ts';
import { goesOnByBuying } from './reservation.ts';
import { forget } from './used.ts';

/** Ended attempts that an intent remembers; the journal of each stays with its own workflow. */
const MOST_ATTEMPTS = 50;

/** What the Temporal UI shows of a child from its first moment on. */
const attributes = (state: IntentState, candidate: Candidate): SearchAttributes => ({
  RearguardPhase: ['reservation'],
  RearguardNode: [state.facts.self.id],
  RearguardPeer: [candidate.seller.domain],
  RearguardHourlyCost: [Number(candidate.hourly?.amount ?? 0)],
});

/** The history is long: {@link IntentState.unheard} says whom the next run waits for. */
export type Long = 'long';

/** The id of the next attempt of this intent. */
export const nextAttempt = (state: IntentState): AcquisitionId => acquisitionOf(workflowInfo().firstExecutionRunId, madeBy(state) + 1);

/** Starts an acquisition that outlives its intent where it has to, and waits for what comes of it: of a place, or of a service of the intent. */
export async function acquire(
  state: IntentState,
  candidate: Candidate,
  service?: NonNullable<AcquisitionInput['service']>,
): Promise<Attempt | undefined | Long> {
  const id = nextAttempt(state);
  if (service) state.atServices = madeAtServices(state) + 1;
  const over = state.attempts.filter(({ last }) => last?.state === 'over');
  const forgotten = over.slice(0, Math.max(0, state.attempts.length + 1 - MOST_ATTEMPTS));
  if (forgotten.length > 0) forget(state, forgotten);
  state.spent = spentBy(state.spent, stretchesOf(forgotten), Date.now());
  state.attempts = [
    ...state.attempts.filter((attempt) => !forgotten.includes(attempt)),
    { id, candidate, ...(service && { service: service.name }), since: Date.now() },
  ];
  const { self, timing } = state.facts;
  const { deadline } = state.intent;
  const input: AcquisitionInput = {
    id,
    candidate,
    intent: state.intent.name,
    replyTo: workflowInfo().workflowId,
    self,
    timing,
    ...(service && { service }),
    ...(goesOnByBuying(candidate) && { further: true }),
    ...(deadline !== undefined && { deadline: Date.parse(deadline) }),
  };
  await CancellationScope.nonCancellable(() =>
    startChild<typeof acquireFlavor>(service ? messages.workflowTypes.service : messages.workflowTypes.acquisition, {
      workflowId: workflowIds.acquisition(id),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      memo: { intent: state.intent.name, flavor: candidate.flavor.id, seller: candidate.seller.domain },
      searchAttributes: attributes(state, candidate),
      staticSummary: `${candidate.flavor.id} of ${candidate.seller.domain} for ${state.intent.name}`,
    }),
  );
  state.waitingFor = `${candidate.seller.domain}: ${candidate.flavor.id}`;
  return await outcomeOf(state, id);
}

/** What came of an attempt: it holds, or nothing of it is left that our side alone can undo. One that was let go only does the latter. */
export async function outcomeOf(state: IntentState, id: AcquisitionId): Promise<Attempt | undefined | Long> {
  const released = attemptOf(state, id)?.released !== undefined;
  const settled = await hear(state, id, [...(released ? [] : (['held'] as const)), 'undone-here', 'over']);
  if (settled === 'long') return settled;
  const { candidate, last } = settled;
  if (last?.state === 'held') {
    mark(state, candidate.flavor.id, 'held');
    return settled;
  }
  if (released) return undefined;
  demote(state, candidate);
  mark(state, candidate.flavor.id, 'failed', last?.ending?.detail ?? 'it ended without a word');
  return undefined;
}

/** Waits for one of these states of a child, and asks after one that is not heard of, ever more rarely: it may be stuck for days. One that is not running any more counts as over. */
export async function hear(
  state: IntentState,
  id: AcquisitionId,
  states: readonly messages.AcquisitionReport['state'][],
): Promise<Attempt | Long> {
  const pauses = hearingPauses(state.facts.timing);
  for (;;) {
    const heard = await waitFor(
      `acquisition ${id} to be ${states.join(' or ')}`,
      () => states.includes(attemptOf(state, id)?.last?.state ?? 'lost'),
      pauses.next(),
    );
    const attempt = attemptOf(state, id);
    if (!attempt) throw new Error(`no attempt ${id}`);
    if (heard) {
      state.unheard = undefined;
      return attempt;
    }
    if ((await askAfter(state, id)) && workflowInfo().continueAsNewSuggested) {
      state.unheard = id;
      return 'long';
    }
  }
}

/** Whether an acquisition that is not heard of runs at all; one that does not counts as over. */
export async function askAfter(state: IntentState, id: AcquisitionId): Promise<boolean> {
  if (await observing.isOpen({ workflowId: workflowIds.acquisition(id) })) return true;
  closed(state, id, { reason: 'operator', detail: 'its workflow was closed by somebody' });
  return false;
}

/** Lets an acquisition go; it unwinds by itself. Twice is once. */
export async function letGo(state: IntentState, id: AcquisitionId, ending: Ending, eager = false): Promise<void> {
  const attempt = attemptOf(state, id);
  if (!attempt || attempt.released || attempt.last?.state === 'over') return;
  changeAttempt(state, id, { released: ending, until: Date.now() });
  try {
    // Whoever is stopped in the middle must not take it for closed.
    await CancellationScope.nonCancellable(() =>
      getExternalWorkflowHandle(workflowIds.acquisition(id)).signal(messages.release, ending, { eager }),
    );
  } catch {
    closed(state, id, ending);
  }
}

/** Of one that says nothing any more: for all that is known it had bought. */
function closed(state: IntentState, id: AcquisitionId, ending: Ending): void {
  const { boughtAt, since } = attemptOf(state, id) ?? {};
  const from = boughtAt ?? since;
  hearOf(state, { acquisition: id, state: 'over', ending, ...(from !== undefined && { boughtAt: from }) }, Date.now());
}

export function demote(state: IntentState, candidate: Candidate): void {
  const { id, address } = candidate.seller;
  state.demoted = [...new Set([...state.demoted, id, address])];
}
