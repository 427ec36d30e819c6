import {
  CancellationScope,
  CancelledFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { JournalEntry, Phase } from '../../src/domain/journal.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { type Progress, type Saga, openSaga } from '../../src/domain/saga.ts';
import { failedBy, isFinal, isUnsold } from '../failures.ts';
import * as messages from '../messages.ts';
import { openScribe } from '../scribe.ts';
import { waitFor } from '../summaries.ts';
import { openUnwinding } from '../unwinding.ts';
import type { Acquisition, AcquisitionInput, AcquisitionStep } from './acquisition.ts';
import { type Held, openHolding } from './holding.ts';
import { buy, isHeldByKey, reserve } from './reservation.ts';
import type { Look } from './tending.ts';

/** What rides continue-as-new. */
export interface Carried {
  readonly progress: Progress<Acquisition>;
  readonly journal: readonly JournalEntry[];
  readonly held: Held;
}

/** How what was bought is come by, and what it is while it is held. */
export interface Reach {
  /** What follows reserve and buy, in their order. */
  readonly steps: readonly AcquisitionStep[];
  /** Those of them that buying may begin too. */
  readonly ahead?: readonly AcquisitionStep[];
  /** The phase in which they run. */
  readonly phase: Phase;
  readonly forward: (saga: Saga<Acquisition>) => Promise<void>;
  /** Whether the intent has it, so that it is told before it is taken away. */
  readonly serves: (context: Acquisition) => boolean;
  /** Markdown, of one that is held. */
  readonly where: (context: Acquisition) => string;
  /** The daily look. */
  readonly look: Look;
}

/**
 * The life of every acquisition: reserve, buy, reach it, hold it, give it back. It reports to the intent, holds until it is released or its contract is over, and goes on alone with what has to be
 * undone at a seller that is away. `open`: told of what fails besides the steps.
 */
export async function liveAcquisition(
  input: AcquisitionInput,
  carried: Carried | undefined,
  open: (onFailure: (error: Error) => void) => Reach,
): Promise<{ readonly ending: Ending }> {
  const { timing, candidate } = input;
  const scribe = openScribe(carried?.journal);
  const unwinding = openUnwinding(scribe, timing);
  const scope = new CancellationScope();
  let released: Ending | undefined;
  let failure: unknown;
  const reach = open((error) => {
    // A virtual node stands, so our identity did: that it cannot be renewed at the moment ends nothing.
    if (saga.context.ending) return;
    if (saga.context.node) return holding.notRenewed(error.message);
    failure ??= error;
    scope.cancel();
  });
  const start: Acquisition = { id: input.id, candidate, workflowId: workflowInfo().workflowId, ...(input.further && { further: true }) };
  const hold = reserve((residue) => {
    saga.learn({ residue });
    scribe.note('teardown', 'residue-at-peer', residue);
  });
  const saga: Saga<Acquisition> = openSaga<Acquisition>(
    [hold, buy, ...reach.steps],
    carried?.progress ?? { context: start, entered: isHeldByKey(candidate) ? [{ name: hold.name, here: false, there: false }] : [] },
    scribe.record,
  );
  const holding = openHolding(saga, input, scribe, reach.look, carried?.held, unwinding.poke);

  let eager = true;
  setHandler(messages.release, (ending, how) => {
    if (!released) eager = how?.eager ?? false;
    released ??= ending;
    scope.cancel();
    unwinding.poke();
  });

  const title = `\`${candidate.flavor.id}\` of ${candidate.seller.domain} for intent **${input.intent}**`;
  /** Reports under way: the server drops a signal whose sender went on in a new run before it was sent. */
  let telling: Promise<unknown> = Promise.resolve();
  const report = (state: messages.AcquisitionReport['state'], ending?: Ending, usableUntil?: number): Promise<void> => {
    const told = tell(state, ending, usableUntil);
    telling = Promise.all([telling, told]);
    return told;
  };
  const tell = async (state: messages.AcquisitionReport['state'], ending?: Ending, usableUntil?: number): Promise<void> => {
    const { contract, sellerCluster, node, boughtAt, residue } = saga.context;
    const facts = {
      ...(contract && { contract }),
      ...(sellerCluster && { sellerCluster }),
      ...(node && { node }),
      ...(boughtAt !== undefined && { boughtAt }),
      ...(residue && { residue }),
      ...(ending && { ending }),
      ...(usableUntil !== undefined && { usableUntil }),
    };
    await CancellationScope.nonCancellable(async () => {
      try {
        await getExternalWorkflowHandle(input.replyTo).signal(messages.acquisitionReport, { acquisition: input.id, state, ...facts });
      } catch {
        // The intent is over; it needs to know nothing any more.
      }
    });
  };

  /** What was not refused before it was sold may have been bought, and costs until it is let go. */
  const purchase = async (): Promise<void> => {
    saga.learn({ boughtAt: Date.now() });
    if (input.further) for (const step of reach.ahead ?? []) saga.enter(step);
    try {
      await saga.forward(buy);
    } catch (error) {
      if (isFinal(error) && !isCancellation(error) && isUnsold(error)) saga.learn({ boughtAt: undefined });
      throw error;
    }
  };
  /** What is tried within a workflow task is not cancelled: whoever was let go before it, or meanwhile, goes no further. */
  const goesOn = (): void => {
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('let go before it bought anything');
  };
  const acquire = async (): Promise<void> => {
    scribe.details(`Acquiring ${title}`);
    goesOn();
    await saga.forward(hold);
    goesOn();
    await purchase();
    scribe.phase(reach.phase, { RearguardContract: [saga.context.contract ?? ''] });
    await reach.forward(saga);
    scribe.phase('usage');
    void report('held');
  };
  /** Answers why it ends; `undefined` when the history is long. */
  const live = async (): Promise<Ending | undefined> => {
    try {
      const lived = await scope.run(async () => {
        if (!carried) await acquire();
        scribe.details(`Holding ${title} under contract \`${saga.context.contract}\` ${reach.where(saga.context)}`);
        return await holding.hold((ending, usableUntil) => report('lost', ending, usableUntil));
      });
      await telling;
      return lived ?? released;
    } catch (error) {
      if (released) return released;
      if (failure) return failedBy(failure);
      return isCancellation(error) ? { reason: 'operator', detail: 'cancelled' } : failedBy(error);
    }
  };
  /** `false` when the history is long. */
  const tearDown = async (ending: Ending): Promise<boolean> => {
    scribe.phase('teardown');
    scribe.details(`Giving back ${title}: ${ending.reason}${ending.detail ? ` (${ending.detail})` : ''}`);
    if (!saga.context.ending) {
      saga.learn({ ending });
      if (reach.serves(saga.context) && !released) {
        // It is gone, so the intent first moves off it; an intent that does not answer is not waited for.
        await report('lost', ending);
        await waitFor('the intent to move its workload off the place that is lost', () => released !== undefined, timing.sellerGraceMs);
      }
    }
    if (!(await unwinding.undo(saga, 'here'))) return false;
    let told = false;
    const tellHere = (): void => {
      if (!told) void report('undone-here', ending);
      told = true;
    };
    if (eager) tellHere();
    if (!(await unwinding.undo(saga, 'there', tellHere))) return false;
    await report('over', ending);
    const { residue } = saga.context;
    scribe.details(`Gave back ${title}: ${ending.reason}${residue ? `. **Left at the peer**: ${residue}` : ''}`);
    return true;
  };

  const ending = saga.context.ending ?? (await live());
  const finished = ending !== undefined && (await CancellationScope.nonCancellable(() => tearDown(ending)));
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (finished) return { ending };
  await CancellationScope.nonCancellable(() => telling);
  return await continueAsNew<(input: AcquisitionInput, carried: Carried) => Promise<unknown>>(input, {
    progress: saga.progress,
    journal: scribe.lines(),
    held: holding.held(),
  });
}
