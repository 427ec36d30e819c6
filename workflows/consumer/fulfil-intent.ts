import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { intentName } from '../../src/domain/ids.ts';
import type { JournalEntry } from '../../src/domain/journal.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { type Progress, openSaga } from '../../src/domain/saga.ts';
import { failedBy, wordsOf } from '../failures.ts';
import * as messages from '../messages.ts';
import { untilDone } from '../proxies.ts';
import { openScribe } from '../scribe.ts';
import { openUnwinding } from '../unwinding.ts';
import { type Admitted, admit, atHome } from './intent.ts';
import { type IntentState, hearOf, mark, openState } from './intent-state.ts';
import { openLiving, watchLimits } from './living.ts';
import { openPlacing } from './placing.ts';
import { replaceBeside } from './replacing.ts';
import { refusedStatus, residueOf, statusOf } from './status.ts';
import { releaseAll, untilReleased } from './tear-down.ts';
import { type Placement, namespaceOf, placementSteps } from './usage.ts';

/** What rides continue-as-new. */
interface Carried {
  readonly state: IntentState;
  readonly progress: Progress<Placement>;
  readonly journal: readonly JournalEntry[];
}

/** The intent in lowest terms; one that is refused can be asked why. */
async function admitted(document: unknown): Promise<Admitted> {
  const { workflowId } = workflowInfo();
  try {
    return await admit(document, workflowId);
  } catch (error) {
    const status = refusedStatus(workflowId, wordsOf(error), Date.now());
    setHandler(messages.status, () => status);
    setHandler(messages.plan, () => ({ entries: [], silent: [] }));
    setHandler(messages.journal, () => []);
    throw error;
  }
}

/** One intent through all six phases and back: admitted, placed at home or on what an acquisition holds, used, and unwound the same way whatever ended it. */
export async function fulfilIntent(document: unknown, carried?: Carried): Promise<{ readonly ending: Ending }> {
  const scope = new CancellationScope();
  let state: IntentState | undefined = carried?.state;
  let stopped: Ending | undefined;
  const stop = (ending: Ending): void => {
    stopped ??= ending;
    scope.cancel();
  };
  setHandler(messages.end, (ending) => stop(ending), { description: 'Ends the intent; everything is given back' });
  setHandler(messages.acquisitionReport, (report) => {
    if (state) hearOf(state, report, Date.now());
  });
  const opened = carried ?? (await admitted(document));
  const { firstExecutionRunId } = workflowInfo();
  const known = 'state' in opened ? opened.state : openState(opened.facts, opened.intent, Date.now());
  state = known;

  const { intent, facts } = known;
  const scribe = openScribe(carried?.journal, { RearguardNode: [facts.self.id] });
  const unwinding = openUnwinding(scribe, facts.timing);
  const steps = placementSteps(intent, facts.timing, () => releaseAll(known, known.ending ?? { reason: 'operator' }));
  const start: Placement = {
    intent: intentName(intent.name),
    run: firstExecutionRunId,
    namespace: namespaceOf(intent),
    ...(intent.workload.kind === 'manifests' && { runId: firstExecutionRunId }),
  };
  const saga = openSaga<Placement>(
    [steps.hold, steps.namespace, steps.workload],
    carried?.progress ?? { context: start, entered: [] },
    scribe.record,
  );
  const living = openLiving(known, facts.timing, scribe);
  const placing = openPlacing(known, saga, steps, scribe);
  let endedAt: number | undefined;
  setHandler(messages.status, () => statusOf(known, unwinding.residue(), endedAt), { description: 'Phase, place and what it waits for' });
  setHandler(messages.plan, () => ({ entries: known.plan, silent: known.silent }), {
    description: 'Ranked candidates and why each was taken or not',
  });

  const place = async (admitted: Admitted): Promise<boolean> => {
    const home = await atHome(admitted, () => {
      known.waitingFor = 'our own API server, which does not say what is free at home';
      scribe.phase('intent');
      scribe.details(`Waits for **${known.waitingFor}**`);
    });
    known.waitingFor = undefined;
    scribe.note('intent', 'fits', home.detail);
    if (home.fits) return await placing.atHome();
    if (intent.placement === 'local') throw ApplicationFailure.create({ type: 'NOT_ENOUGH', message: home.detail, nonRetryable: true });
    return await placing.elsewhere();
  };
  /** Until something ends it; `undefined` when the history is long. */
  const live = async (): Promise<Ending | undefined> => {
    if (!(await ('state' in opened ? placing.goOn() : place(opened)))) return undefined;
    for (;;) {
      placing.settled();
      const lived = await living.live(saga.context);
      const { services } = placing;
      const turn = lived.kind === 'service' && services ? await replaceBeside(known, services, living, saga.context) : lived;
      if (turn.kind === 'long') return undefined;
      if (turn.kind === 'end') return turn.ending;
      if (turn.kind === 'reapply') await placing.again();
      else if (turn.kind === 'lost' && !(await placing.move(turn.ending))) return undefined;
    }
  };
  const guarded = async (): Promise<Ending | undefined> => {
    try {
      const lived = await scope.run(async () => {
        void watchLimits(known, stop).catch(() => undefined);
        return await live();
      });
      return lived ?? stopped;
    } catch (error) {
      if (stopped) return stopped;
      return isCancellation(error) ? { reason: 'ended-by-user', detail: 'cancelled in Temporal' } : failedBy(error);
    }
  };
  /** A line for each thing that stays at a seller; `true` when one is new. */
  const tellResidue = (): boolean => {
    const fresh = residueOf(known).filter((residue) => !scribe.lines().some(({ detail }) => detail === residue));
    for (const residue of fresh) scribe.note('teardown', 'residue-at-peer', residue);
    return fresh.length > 0;
  };
  /** `false` when the history is long. */
  const tearDown = async (ending: Ending): Promise<boolean> => {
    known.ending = ending;
    known.phase = 'teardown';
    known.waitingFor = 'everything to be given back';
    scribe.phase('teardown');
    scribe.details(`Ending: **${ending.reason}**${ending.detail ? ` (${ending.detail})` : ''}`);
    if (!(await unwinding.undo(saga, 'there'))) return false;
    // The record is written while the acquisitions give back: it tells of our own steps, which are all done.
    const released = untilReleased(known);
    for (const { candidate, last, service } of known.attempts)
      if (last?.node || (service && last?.state === 'held')) mark(known, candidate.flavor.id, 'ended', ending.reason);
    known.waitingFor = undefined;
    known.since = Date.now();
    scribe.details(`Ended: **${ending.reason}**${ending.detail ? ` (${ending.detail})` : ''}`);
    const now = Date.now();
    const save = async (): Promise<void> => {
      const record = { status: statusOf(known, '', now), document, plan: known.plan, silent: known.silent, journal: scribe.lines() };
      await untilDone.saveIntent({ record });
    };
    tellResidue();
    const [allReleased] = await Promise.all([released, save()]);
    if (!allReleased) return false;
    if (tellResidue()) await save();
    // Queries of the closed workflow say so too.
    endedAt = now;
    return true;
  };

  const cancelled = (): boolean => CancellationScope.current().consideredCancelled;
  const ending = known.ending ?? (await guarded());
  const finished = ending !== undefined && (await CancellationScope.nonCancellable(() => tearDown(ending)));
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (!finished)
    return await continueAsNew<typeof fulfilIntent>(document, { state: known, progress: saga.progress, journal: scribe.lines() });
  if (ending.reason === 'failed')
    throw ApplicationFailure.create({ type: 'INTENT_FAILED', message: ending.detail ?? 'failed', nonRetryable: true });
  if (cancelled()) throw new CancelledFailure('cancelled; everything was given back');
  return { ending };
}
