import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Candidate } from '../../src/domain/candidate.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import { type Beside, beside } from '../beside.ts';
import { codeOf, wordsOf } from '../failures.ts';
import { untilDone } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { type Long, acquire, demote, hear, letGo, nextAttempt } from './acquiring.ts';
import type { Home } from './home.ts';
import { type Attempt, type IntentState, mark } from './intent-state.ts';
import type { Placement, PlacementSteps } from './usage.ts';
import { putAt } from './used.ts';

/** One place of a seller: bought, and used where the workload runs there, or left. */
export interface Serving {
  /** Buys one place, and brings the workload there. `false`: it came to nothing, and nothing of it is left here. */
  readonly take: (candidate: Candidate) => Promise<boolean | Long>;
  /** The same for what came of an attempt. */
  readonly useOf: (attempt: Attempt | undefined | Long) => Promise<boolean | Long>;
  /** Moves off a place: nothing new goes there, and its acquisition unwinds; it is undone here before anybody goes on. */
  readonly leave: (attempt: Attempt, why: Ending) => Promise<Attempt | Long>;
}

export function openServing(state: IntentState, saga: Saga<Placement>, steps: PlacementSteps, scribe: Scribe, home: Home): Serving {
  const { intent } = state;
  const { namespace } = saga.context;
  /** What can be made ready for it meanwhile is. */
  const take = async (candidate: Candidate): Promise<boolean | Long> => {
    const ahead = begin(candidate);
    let attempt: Attempt | undefined | Long;
    let asSaid = false;
    try {
      attempt = await acquire(state, candidate);
      asSaid = typeof attempt === 'object' && attempt.last?.sellerCluster === candidate.seller.clusterId;
    } finally {
      // Nothing for a place that was not held, or is elsewhere than its seller said, may still run when anything else does.
      if (!asSaid) await CancellationScope.nonCancellable(async () => await ahead?.stop());
    }
    return await useOf(attempt, asSaid ? ahead : undefined);
  };
  const useOf = async (attempt: Attempt | undefined | Long, ahead?: Beside): Promise<boolean | Long> => {
    const served = attempt !== undefined && (attempt === 'long' ? attempt : await serve(attempt, ahead));
    if (served) return served;
    await turnAway();
    await home.bringBack();
    return false;
  };
  /** Nothing goes to the last seller any more, whether its place was held or the namespace was only made ready for it; the place that is kept stays. */
  const turnAway = async (): Promise<void> => {
    const { seller, leaving } = saga.context;
    if (seller === undefined || seller === leaving) return;
    await untilDone.moveOffloadingAway({ namespace, keep: leaving ? [leaving] : [] });
    saga.learn({ seller: leaving });
  };
  /**
   * Namespace and workload wait at the door of a place that is still being bought, where the seller says which cluster it will be. A user's own namespace is offloaded to nobody
   * before its place is held, and a workload that still runs elsewhere is not moved.
   */
  const begin = ({ seller: { clusterId } }: Candidate): Beside | undefined => {
    if (clusterId === undefined || intent.workload.kind === 'namespace' || saga.context.leaving !== undefined || home.isKept())
      return undefined;
    saga.learn({ seller: clusterId, acquisition: nextAttempt(state) });
    return beside(async () => {
      for (const step of steps.ahead) await saga.forward(step);
    });
  };
  /** Brings the workload onto a held flavor; a place where it does not run is given back, and the next one is tried. */
  const serve = async (attempt: Attempt, ahead?: Beside): Promise<boolean | Long> => {
    const { sellerCluster, contract, node } = attempt.last ?? {};
    if (!sellerCluster || !contract || !node) return false;
    saga.learn({ acquisition: attempt.id, seller: sellerCluster });
    state.phase = 'usage';
    state.waitingFor = `pods on ${node}`;
    scribe.phase('usage', {
      RearguardPeer: [attempt.candidate.seller.domain],
      RearguardContract: [contract],
      RearguardHourlyCost: [Number(attempt.candidate.hourly?.amount ?? 0)],
    });
    scribe.details(`Deploying to \`${node}\` of ${attempt.candidate.seller.domain}`);
    try {
      if (ahead) await ahead.done();
      else {
        await saga.forward(steps.namespace);
        await saga.forward(steps.workload);
      }
    } catch (error) {
      if (isCancellation(error) || codeOf(error) === 'WORKLOAD_REFUSED') throw error;
      demote(state, attempt.candidate);
      mark(state, attempt.candidate.flavor.id, 'failed', wordsOf(error));
      return (await leave(attempt, { reason: 'failed', detail: wordsOf(error) })) === 'long' ? 'long' : false;
    }
    state.troubledSince = undefined;
    state.toldOfHome = false;
    putAt(state, { kind: 'remote', namespace, acquisition: attempt.id, contract, seller: attempt.candidate.seller.domain, node });
    return true;
  };
  const leave = async (attempt: Attempt, why: Ending): Promise<Attempt | Long> => {
    await turnAway();
    await letGo(state, attempt.id, why, true);
    return await hear(state, attempt.id, ['undone-here', 'over']);
  };
  return { take, useOf, leave };
}
