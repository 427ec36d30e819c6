import { ApplicationFailure, getExternalWorkflowHandle, setHandler } from '@temporalio/workflow';
import { type ClusterId, workflowIds } from '../src/domain/ids.ts';
import type { PeeringReport, PeeringUser } from '../src/domain/peering.ts';
import * as messages from './messages.ts';
import { doing } from './proxies.ts';
import { waitFor } from './summaries.ts';

/** One contract's dealings with `peering/<peer>`, which answers by signal. */
export interface Meeting {
  /** Joins; with `readyWithinMs` it waits until what the contract needs stands, otherwise only a failure is told. */
  readonly join: (peer: ClusterId, user: PeeringUser, readyWithinMs?: number, joinBy?: typeof doing.joinPeering) => Promise<void>;
  /** Leaves, and waits until nothing of ours that nobody else uses is left there. */
  readonly leave: (peer: ClusterId, user: PeeringUser, withinMs: number) => Promise<void>;
}

/** `onFailure` hears of each failure, also of those that come after whoever joined waits no more. */
export function openMeeting(onFailure: (failure: ApplicationFailure) => void = () => undefined): Meeting {
  let last: PeeringReport | undefined;
  setHandler(messages.peeringReport, async (report) => {
    last = report;
    if (report.state !== 'failed') return;
    // One that came before this run is told as soon as its workflow is set up.
    await Promise.resolve();
    onFailure(failed('PEERING_TIMEOUT', report.detail ?? 'no reason given'));
  });
  const failed = (code: string, why: string): ApplicationFailure =>
    ApplicationFailure.create({ type: code, message: `the peering: ${why}`, nonRetryable: true });
  const answer = async (peer: ClusterId, wanted: PeeringReport['state'], withinMs: number, code: string): Promise<void> => {
    const words = `peering/${peer} to say ${wanted}`;
    const heard = await waitFor(words, () => last?.state === wanted || last?.state === 'failed', withinMs);
    if (heard && last?.state === wanted) return;
    throw failed(code, last?.state === 'failed' ? (last.detail ?? 'no reason given') : `no answer within ${withinMs} ms`);
  };
  return {
    async join(peer, user, readyWithinMs, joinBy = doing.joinPeering) {
      last = undefined;
      await joinBy({ peer, user });
      if (readyWithinMs !== undefined) await answer(peer, 'ready', readyWithinMs, 'PEERING_TIMEOUT');
    },
    async leave(peer, user, withinMs) {
      last = undefined;
      try {
        await getExternalWorkflowHandle(workflowIds.peering(peer)).signal(messages.leave, user);
      } catch {
        // Nobody owns that peering any more: there is nothing to leave.
        return;
      }
      await answer(peer, 'left', withinMs, 'STILL_THERE');
    },
  };
}
