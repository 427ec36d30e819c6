import { setHandler, workflowInfo } from '@temporalio/workflow';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import * as messages from '../messages.ts';
import { observing } from '../proxies.ts';
import { waitFor } from '../summaries.ts';
import type { Scribe } from '../scribe.ts';
import type { Acquisition } from './acquisition.ts';

/** A held flavor: a wait, woken by the shared watch, by a seller's notice, by its own expiry and once a day. Silence is not news. */
export interface Holding {
  /** Answers why the flavor is held no more; `undefined` when the history is long. A node that stays away is told once, and held on. */
  readonly hold: (tellLost: (ending: Ending) => Promise<void>) => Promise<Ending | undefined>;
  readonly lost: () => Ending | undefined;
}

export function openHolding(
  saga: Saga<Acquisition>,
  timing: Timing,
  scribe: Scribe,
  lostBefore: Ending | undefined,
  poke: () => void,
): Holding {
  let lost = lostBefore;
  let lookAtContract = false;
  let lookAtNode = false;
  let newsOfNode = false;
  setHandler(messages.contractNotice, () => {
    lookAtContract = true;
    poke();
  });
  setHandler(messages.nodeChanged, ({ ready }) => {
    newsOfNode = true;
    if (!ready) lookAtNode = true;
    poke();
  });

  const contractOver = async (daily: boolean): Promise<Ending | undefined> => {
    const { contract, candidate, sellerCluster, id, workflowId } = saga.context;
    if (!contract || !sellerCluster || candidate.dialect === 'fluidos') return undefined;
    const seller = candidate.seller.address;
    const { state, ending } = daily
      ? await observing.tendContract({ contract, seller, sellerCluster, acquisition: id, replyTo: workflowId })
      : await observing.readContractBack({ contract, seller });
    return state === 'ending' || state === 'over' ? (ending ?? { reason: 'withdrawn-by-seller' }) : undefined;
  };
  /** Whether the node is Ready, or becomes so within the tolerance. */
  const nodeServes = async (): Promise<boolean> => {
    const until = Date.now() + timing.nodeLostMs;
    for (;;) {
      newsOfNode = false;
      const { ready } = await observing.observeNode({ acquisition: saga.context.id });
      const left = until - Date.now();
      if (ready) return true;
      if (left <= 0) return false;
      await waitFor(`virtual node ${saga.context.node} to be Ready again`, () => newsOfNode || lookAtContract, left);
      if (lookAtContract) return true;
    }
  };

  return {
    lost: () => lost,
    async hold(tellLost) {
      const expiresAt = saga.context.expiresAt ?? Number.MAX_SAFE_INTEGER;
      for (;;) {
        if (workflowInfo().continueAsNewSuggested) return undefined;
        const left = expiresAt - Date.now();
        if (left <= 0) return { reason: 'expired', detail: `the contract ended at ${new Date(expiresAt).toISOString()}` };
        const woken = await waitFor(
          left < timing.lookMs ? `the end of ${saga.context.contract}` : `${saga.context.contract} held, until its next look`,
          () => lookAtContract || lookAtNode || (lost !== undefined && newsOfNode),
          Math.min(left, timing.lookMs),
        );
        if (!woken && Date.now() >= expiresAt) continue;
        if (lookAtContract || !woken) {
          lookAtContract = false;
          const over = await contractOver(!woken);
          if (over) return over;
        }
        if (lost && newsOfNode) {
          newsOfNode = false;
          if ((await observing.observeNode({ acquisition: saga.context.id })).ready) lost = undefined;
        }
        if ((lookAtNode || !woken) && !lost && !(await nodeServes())) {
          lost = { reason: 'breach', detail: `virtual node ${saga.context.node} was not Ready for ${timing.nodeLostMs} ms` };
          scribe.note('usage', 'lost', lost.detail ?? '');
          await tellLost(lost);
        }
        lookAtNode = false;
      }
    },
  };
}
