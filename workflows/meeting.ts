import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import type { ClusterId } from '../src/domain/ids.ts';
import type { PeeringReport, PeeringUser } from '../src/domain/peering.ts';
import * as messages from './messages.ts';
import { doing, undoingShortly } from './proxies.ts';

/** One contract's dealings with `peering/<peer>`: it joins, and leaves, and waits for the answer. */
export interface Meeting {
  readonly join: (peer: ClusterId, user: PeeringUser, withinMs: number) => Promise<void>;
  readonly leave: (peer: ClusterId, user: PeeringUser, withinMs: number) => Promise<void>;
}

export function openMeeting(): Meeting {
  let last: PeeringReport | undefined;
  setHandler(messages.peeringReport, (report) => {
    last = report;
  });
  const answer = async (wanted: PeeringReport['state'], withinMs: number, code: string): Promise<void> => {
    const heard = await condition(() => last?.state === wanted || last?.state === 'failed', withinMs);
    if (heard && last?.state === wanted) return;
    const why = last?.state === 'failed' ? (last.detail ?? 'no reason given') : `no answer within ${withinMs} ms`;
    throw ApplicationFailure.create({ type: code, message: `the peering did not get ${wanted}: ${why}`, nonRetryable: true });
  };
  return {
    async join(peer, user, withinMs) {
      last = undefined;
      await doing.joinPeering({ peer, user });
      await answer('ready', withinMs, 'PEERING_TIMEOUT');
    },
    async leave(peer, user, withinMs) {
      last = undefined;
      await undoingShortly.leavePeering({ peer, user });
      await answer('left', withinMs, 'STILL_THERE');
    },
  };
}
