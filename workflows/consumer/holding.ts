import { setHandler, workflowInfo } from '@temporalio/workflow';
import { expiredAt } from '../../src/domain/contract-over.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import * as messages from '../messages.ts';
import { askingPauses } from '../pauses.ts';
import { observing } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { waitFor } from '../summaries.ts';
import type { Acquisition, AcquisitionInput } from './acquisition.ts';
import { lastUse, openRenewing } from './renewal.ts';
import { type Look, openTending } from './tending.ts';

/** What of a held flavor rides continue-as-new. */
export interface Held {
  /** Why its node counts as lost. */
  readonly lost?: Ending;
  /** The seller was asked whether the contract lives, and has not answered. */
  readonly asks?: boolean;
  /** When its contract is looked at next, in milliseconds since the epoch: news in between does not put that off. */
  readonly tendAt?: number;
  /** Why the intent was told to leave before the contract ends. */
  readonly leaves?: Ending;
}

/** `usableUntil`: the place serves until then, in milliseconds since the epoch. */
type TellLost = (ending: Ending, usableUntil?: number) => Promise<void>;

/** A held flavor: a wait, woken by the shared watch, by a seller's notice, by its own expiry and once a day. Silence is not news. */
export interface Holding {
  /** Answers why the flavor is held no more; `undefined` when the history is long. A node that stays away, and a contract that is not renewed, is told once, and held on. */
  readonly hold: (tellLost: TellLost) => Promise<Ending | undefined>;
  readonly held: () => Held;
  /** The peering could not renew our identity at the seller: no reason to give a place up whose token lives. */
  readonly notRenewed: (why: string) => void;
}

export function openHolding(
  saga: Saga<Acquisition>,
  { timing, deadline }: AcquisitionInput,
  scribe: Scribe,
  look: Look,
  before: Held | undefined,
  poke: () => void,
): Holding {
  let { lost, asks = false, leaves } = before ?? {};
  let askAt = 0;
  // News may have come in the last moment of the run before.
  let lookAtNode = before !== undefined;
  let newsOfNode = before !== undefined;
  const pauses = askingPauses(timing);
  const tending = openTending(saga, timing, scribe, look, before?.tendAt, (notice) => renewing.hearNotice(notice));
  const renewing = openRenewing({
    saga,
    timing,
    scribe,
    deadline,
    leavesBefore: leaves,
    isWanted: () => lost === undefined,
    askBack: () => ask(),
  });
  const ask = (): void => {
    asks = true;
    askAt = 0;
    pauses.reset();
  };
  const isToldToLeave = (): boolean => leaves === undefined && renewing.leaves() !== undefined;
  const askIsDue = (): boolean => asks && Date.now() >= askAt;
  /** What a node that is away need not be waited for. */
  const isUrgent = (): boolean => askIsDue() || tending.over() !== undefined;
  setHandler(messages.contractNotice, () => {
    ask();
    poke();
  });
  setHandler(messages.nodeChanged, ({ ready }) => {
    newsOfNode = true;
    if (!ready) lookAtNode = true;
    poke();
  });

  /** Whether the seller says that the contract ends. A question that it does not answer is put again, after a growing pause. */
  const contractOver = async (): Promise<Ending | undefined> => {
    const { contract, candidate } = saga.context;
    asks = false;
    if (!contract || candidate.dialect === 'fluidos') return undefined;
    const { state, ending, notice } = await observing.readContractBack({ contract, seller: candidate.seller.address });
    if (notice) renewing.hearNotice(notice);
    if (state === 'silent') {
      asks = true;
      askAt = Date.now() + pauses.next();
    }
    return state === 'ending' || state === 'over' ? (ending ?? { reason: 'withdrawn-by-seller' }) : undefined;
  };
  /** Whether the node is Ready, or becomes so within the tolerance; `undefined` when what the seller says comes first. */
  const nodeServes = async (): Promise<boolean | undefined> => {
    const until = Date.now() + timing.nodeLostMs;
    for (;;) {
      newsOfNode = lookAtNode = false;
      const { ready } = await observing.observeNode({ acquisition: saga.context.id });
      const left = until - Date.now();
      if (ready) return true;
      if (left <= 0) return false;
      await waitFor(`virtual node ${saga.context.node} to be Ready again`, () => newsOfNode || isUrgent(), left);
      if (isUrgent()) return undefined;
    }
  };

  const untilOver = async (tellLost: TellLost): Promise<Ending | undefined> => {
    const { contract, candidate, node } = saga.context;
    for (;;) {
      if (workflowInfo().continueAsNewSuggested) return undefined;
      const now = Date.now();
      const endsAt = lastUse(saga.context, timing);
      if (now >= endsAt) return renewing.leaves() ?? expiredAt(saga.context.expiresAt ?? endsAt);
      const over = tending.over();
      if (over) return over;
      const words = asks
        ? `${candidate.seller.domain} to say whether ${contract} still lives`
        : `${contract} held, until its next look or end`;
      if (isToldToLeave()) {
        leaves = renewing.leaves();
        if (leaves) await tellLost(leaves, endsAt);
      }
      const wakeAt = Math.min(endsAt, tending.wakeAt(), renewing.wakeAt(), asks ? Math.max(askAt, now) : endsAt);
      const news = (): boolean =>
        isUrgent() ||
        lookAtNode ||
        (lost !== undefined && newsOfNode) ||
        isToldToLeave() ||
        Math.min(tending.wakeAt(), renewing.wakeAt()) < wakeAt;
      await waitFor(words, news, wakeAt - now);
      if (Date.now() >= lastUse(saga.context, timing) || tending.over()) continue;
      if (askIsDue()) {
        const ended = await contractOver();
        if (ended) return ended;
      }
      if (Date.now() >= renewing.wakeAt()) renewing.begin();
      if (Date.now() >= tending.wakeAt()) {
        tending.begin();
        lookAtNode = newsOfNode = true;
      }
      if (lost && newsOfNode) {
        newsOfNode = false;
        if ((await observing.observeNode({ acquisition: saga.context.id })).ready) lost = undefined;
      }
      // A service has none.
      if (node !== undefined && lookAtNode && !lost) {
        const serves = await nodeServes();
        if (serves === undefined) lookAtNode = true;
        if (serves === false) {
          // A seller that withdrew says so, if it answers: its notice may have been lost.
          const ended = await contractOver();
          if (ended) return ended;
          lost = { reason: 'breach', detail: `virtual node ${node} was not Ready for ${timing.nodeLostMs} ms` };
          scribe.note('usage', 'lost', lost.detail ?? '');
          await tellLost(lost);
        }
      } else lookAtNode = false;
    }
  };

  return {
    held: () => ({ ...(lost && { lost }), ...(asks && { asks }), ...(leaves && { leaves }), tendAt: tending.dueAt() }),
    notRenewed: tending.notRenewed,
    async hold(tellLost) {
      try {
        return await untilOver(tellLost);
      } finally {
        await renewing.stop();
        await tending.stop();
      }
    },
  };
}
