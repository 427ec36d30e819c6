import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { endingFacts } from '../../src/domain/contract-over.ts';
import { type ClusterId, type TransactionId, contractOf } from '../../src/domain/ids.ts';
import type { JournalEntry } from '../../src/domain/journal.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { type Progress, openSaga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { codeOf, failedBy, wordsOf } from '../failures.ts';
import { openMeeting } from '../meeting.ts';
import * as messages from '../messages.ts';
import { reading } from '../proxies.ts';
import { openScribe } from '../scribe.ts';
import { openUnwinding } from '../unwinding.ts';
import { admitSlice } from './admit.ts';
import { hostInstance, serveInstance } from './host.ts';
import { type Kept, openBuyer } from './buyer.ts';
import { openMetering } from './meter.ts';
import type { Sale } from './sale.ts';
import { sell as sellTo } from './sell.ts';
import { meetBuyer } from './sign.ts';
import { openTerm } from './term.ts';

/** What a sale is started with; the buyer's cluster where the hold names one, so that the start enters what is done for that buyer too. */
export interface SaleInput {
  readonly transaction: TransactionId;
  readonly buyer?: ClusterId;
  /** An instance of a blueprint, which needs neither tenant nor slice. */
  readonly instance?: true;
  /** As the node that started it is configured; read by the first run itself when whoever started it said nothing. */
  readonly timing?: Timing;
}

/** What rides continue-as-new. */
interface Carried {
  readonly timing?: Timing;
  /** Where a run of before 0.2 carried it. */
  readonly facts?: { readonly timing: Timing };
  readonly progress: Progress<Sale>;
  readonly journal: readonly JournalEntry[];
  readonly isSigned: boolean;
  readonly sliceSeen: boolean;
  /** Whether the buyer needs the tenant no more, or nobody waits for it any more. */
  readonly buyerDone: boolean;
  readonly kept: Kept;
  readonly noticed?: Ending;
}

/** A contract at its seller: sells the hold, prepares the tenant, is signed, lets the slice in, holds until its end, and takes everything back without the buyer's help. */
export async function serveContract(input: SaleInput, carried?: Carried): Promise<{ readonly ending: Ending }> {
  const contract = contractOf(input.transaction);

  let end: { readonly by: messages.EndedBy; readonly ending: Ending } | undefined;
  /** The notice that is to be given. */
  let noticed: Ending | undefined = carried?.noticed;
  let noticeMs = carried?.progress.context.noticeMs;
  let buyerDone = carried?.buyerDone ?? false;
  let cut = false;
  let failure: unknown;
  let isSigned = carried?.isSigned ?? false;
  let poke = (): void => undefined;
  const scope = new CancellationScope();
  setHandler(messages.endContract, (request) => {
    if (request.by === 'seller-with-notice' && isSigned && noticeMs !== undefined && !end) {
      noticed ??= request.ending;
      return;
    }
    if (request.by === 'buyer' || request.by === 'seller-alone') buyerDone = true;
    if (request.by === 'seller-alone') cut = true;
    end ??= request;
    scope.cancel();
    poke();
  });
  // Before anything is awaited: Temporal rejects an update that comes with the start and finds no handler.
  setHandler(messages.signed, async () => {
    const ended = (): Ending | undefined => end?.ending ?? carried?.progress.context.ending;
    await condition(() => isSigned || failure !== undefined || ended() !== undefined);
    if (isSigned) return contract;
    const why = ended();
    throw ApplicationFailure.create({
      type: why ? 'CONTRACT_OVER' : codeOf(failure),
      message: why ? `ended: ${why.reason}` : wordsOf(failure),
      ...(why && { details: [endingFacts(why)] }),
      nonRetryable: true,
    });
  });
  const timing = carried?.timing ?? carried?.facts?.timing ?? input.timing ?? (await reading.configuration()).timing;
  const scribe = openScribe(carried?.journal);
  const unwinding = openUnwinding(scribe, timing);
  poke = unwinding.poke;
  const metering = openMetering(timing, scribe, carried?.sliceSeen ?? false);
  const termOf = openTerm(timing, scribe, () => noticed);
  const buyer = openBuyer({
    contract,
    timing,
    scribe,
    unwinding,
    isDone: () => buyerDone,
    isCut: () => cut,
    before: carried?.kept ?? {},
  });
  // From the sale on its row can be read, so a buyer may know the contract before it is signed; of a hold that was never sold it has nothing to take down.
  const isSold = (): boolean => saga.context.expiresAt !== undefined;
  const untilBuyerIsDone = async (): Promise<void> => {
    if (isSold()) await buyer.untilDone(saga.context, metering.sliceSeen());
  };
  const knownAtStart = input.buyer !== undefined;
  const sell = sellTo(knownAtStart);
  const meet = meetBuyer(openMeeting(), timing, untilBuyerIsDone, knownAtStart);
  const admit = admitSlice(untilBuyerIsDone, knownAtStart);
  const host = input.instance && hostInstance(timing);
  const start: Sale = {
    transaction: input.transaction,
    contract,
    workflowId: workflowInfo().workflowId,
    ...(input.buyer && { buyerCluster: input.buyer }),
  };
  // What is tried within a workflow task is entered by the start itself (docs/decisions/0014).
  const entered = [sell, ...(knownAtStart && !host ? [meet, admit] : [])].map(({ name }) => ({ name, here: false, there: false }));
  const saga = openSaga<Sale>(host ? [sell, host] : [sell, meet, admit], carried?.progress ?? { context: start, entered }, scribe.record);

  const live = async (): Promise<Ending | undefined> => {
    try {
      const lived = await scope.run(async () => {
        if (end) return end.ending;
        if (!carried) {
          scribe.details(`Selling \`${input.transaction}\``);
          await saga.forward(sell);
          if (!host) await saga.forward(meet);
          isSigned = true;
          ({ noticeMs } = saga.context);
          const { hourly, buyerCluster } = saga.context;
          scribe.phase('peering', { RearguardPeer: [buyerCluster ?? ''], ...(hourly && { RearguardHourlyCost: [Number(hourly)] }) });
          if (host) await saga.forward(host);
        }
        scribe.details(
          `Contract \`${contract}\` with ${saga.context.buyerCluster}, until ${new Date(saga.context.expiresAt ?? 0).toISOString()}`,
        );
        return await (host
          ? serveInstance(saga, termOf(saga, 'instance'), timing, scribe)
          : metering.meter(saga, admit, termOf(saga, 'slice')));
      });
      return lived ?? end?.ending;
    } catch (error) {
      if (end) return end.ending;
      failure = error;
      return isCancellation(error) ? { reason: 'operator', detail: 'cancelled' } : failedBy(error);
    }
  };
  /** `false` when the history is long. */
  const tearDown = async (ending: Ending): Promise<boolean> => {
    scribe.phase('teardown');
    scribe.details(`Ending contract \`${contract}\`: ${ending.reason}${ending.detail ? ` (${ending.detail})` : ''}`);
    if (!saga.context.ending) {
      saga.learn({ ending });
      if (isSold() && end?.by !== 'buyer') await buyer.tell(saga.context);
    }
    if (!(await unwinding.undo(saga, 'here')) || !(await unwinding.undo(saga, 'there'))) return false;
    scribe.details(`Contract \`${contract}\` is over: ${ending.reason}`);
    return true;
  };
  const ending = saga.context.ending ?? (await live());
  const finished = ending !== undefined && (await CancellationScope.nonCancellable(() => tearDown(ending)));
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (finished) return { ending };
  return await continueAsNew<typeof serveContract>(input, {
    timing,
    progress: saga.progress,
    journal: scribe.lines(),
    isSigned,
    sliceSeen: metering.sliceSeen(),
    buyerDone,
    kept: buyer.kept(),
    ...(noticed && { noticed }),
  });
}
