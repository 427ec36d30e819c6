import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { AcquisitionId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Candidate } from '../../src/domain/candidate.ts';
import type { AcquisitionReport } from '../messages.ts';
import { type Beside, beside } from '../beside.ts';
import { codeOf, wordsOf } from '../failures.ts';
import { undoing, untilDone } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { type Long, acquire, demote, hear, letGo, nextAttempt, outcomeOf } from './acquiring.ts';
import { search } from './discovery.ts';
import { openHome } from './home.ts';
import { type Attempt, type IntentState, attemptOf, changeAttempt, mark } from './intent-state.ts';
import { type Services, openServices } from './services.ts';
import type { Placement, PlacementSteps } from './usage.ts';
import { placeWords, putAt } from './used.ts';

/** What a place answers where nothing comes up. */
const LATE = ['WORKLOAD_TIMEOUT', 'PEERING_TIMEOUT'];

/** Whether a place that is to be left may serve until another one does. */
const stillStands = ({ ending, usableUntil }: AcquisitionReport): boolean => usableUntil !== undefined || ending?.reason === 'breach';

/** Puts the workload where it runs, and moves it when that place is lost. `false`: the history is long, go on in a new run with {@link Placing.goOn}. */
export interface Placing {
  readonly atHome: () => Promise<boolean>;
  readonly elsewhere: () => Promise<boolean>;
  /** Absent when the intent needs none. */
  readonly services: Services | undefined;
  readonly move: (why: Ending) => Promise<boolean>;
  /** Goes on with the search, or the wait for an attempt, that the run before was in the middle of, if it was. */
  readonly goOn: () => Promise<boolean>;
  /** Brings back a workload that somebody removed. */
  readonly again: () => Promise<void>;
  /** The workload runs: what people see of it. */
  readonly settled: () => void;
}

export function openPlacing(state: IntentState, saga: Saga<Placement>, steps: PlacementSteps, scribe: Scribe): Placing {
  const { intent } = state;
  const { namespace } = saga.context;
  const home = openHome(state, saga, steps, scribe);
  const once = async (step: PlacementSteps['hold']): Promise<void> => {
    if (!saga.progress.entered.some(({ name }) => name === step.name)) await saga.forward(step);
  };

  const elsewhere = async (): Promise<boolean> => {
    await once(steps.hold);
    if (services && !(await services.heard())) return false;
    if (state.unheard) {
      const taken = await useOf(await outcomeOf(state, state.unheard));
      if (taken === 'long') return false;
      if (taken) {
        state.search = undefined;
        return true;
      }
    }
    return await search(state, scribe, take, home.runs, services);
  };
  /** Buys one place. What can be made ready for it meanwhile is. */
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
  /** Make before break: the old place is let go once another one serves. */
  const beyond = async (kept: NonNullable<IntentState['kept']>): Promise<boolean> => {
    const { id, why } = kept;
    if (id === undefined) return await beyondHome();
    const seller = saga.context.leaving;
    try {
      if (!(await elsewhere())) return false;
      await letGo(state, id, why);
    } catch (error) {
      if (codeOf(error) !== 'NO_CANDIDATE' || !seller) throw error;
      await keep(id, { acquisition: id, seller }, wordsOf(error));
    }
    state.kept = undefined;
    saga.learn({ leaving: undefined });
    await saga.forward(steps.namespace);
    return true;
  };
  /** The workload stays at home until another place serves, since home may come back. */
  const beyondHome = async (): Promise<boolean> => {
    try {
      if (!(await elsewhere())) return false;
    } catch (error) {
      if (codeOf(error) !== 'NO_CANDIDATE') throw error;
      scribe.note('usage', 'place-kept', wordsOf(error));
    }
    state.kept = undefined;
    return true;
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
  /** Moves off a place: nothing new goes there, and its acquisition unwinds; it is undone here before anybody goes on. */
  const leave = async (attempt: Attempt, why: Ending): Promise<Attempt | Long> => {
    await turnAway();
    await letGo(state, attempt.id, why, true);
    return await hear(state, attempt.id, ['undone-here', 'over']);
  };
  /** Nothing else is to be had: what is left of the old place is better than none. The next look that finds it troubled tries again. */
  const keep = async (id: AcquisitionId, place: Required<Pick<Placement, 'acquisition' | 'seller'>>, why: string): Promise<void> => {
    scribe.note('usage', 'place-kept', why);
    const wasTried = saga.context.acquisition !== place.acquisition;
    saga.learn(place);
    // What it reported while we searched counts: only a node that was lost, or what may be used until its contract ends, may be taken for held again.
    const last = attemptOf(state, id)?.last;
    if (last?.state === 'lost' && stillStands(last)) changeAttempt(state, id, { last: { ...last, state: 'held' } });
    if (!wasTried) return;
    try {
      await saga.forward(steps.workload);
    } catch (error) {
      if (!LATE.includes(codeOf(error))) throw error;
    }
  };

  // Their Secrets need the namespace, and are given back with all that is held.
  const services = openServices(state, namespace, scribe, async () => {
    await once(steps.hold);
    await once(steps.namespace);
  });

  const placing: Placing = {
    services,
    async atHome() {
      if (services && !(await services.secure())) return false;
      state.phase = 'usage';
      state.waitingFor = 'pods at home';
      scribe.phase('usage');
      try {
        await saga.forward(steps.namespace);
        await saga.forward(steps.workload);
      } catch (error) {
        if (isCancellation(error) || codeOf(error) !== 'WORKLOAD_TIMEOUT' || intent.placement === 'local') throw error;
        scribe.note('intent', 'fits', `not at home after all: ${wordsOf(error)}`);
        await undoing.removeWorkload({ intent: saga.context.intent, namespace });
        return await elsewhere();
      }
      putAt(state, { kind: 'local', namespace });
      return true;
    },
    elsewhere,
    async goOn() {
      if (state.seeking !== undefined) return state.seeking === 'home' ? await placing.atHome() : ((await services?.replace()) ?? true);
      return state.search || state.unheard ? await (state.kept ? beyond(state.kept) : elsewhere()) : true;
    },
    /** Make before break: a place that still stands is kept until the new one serves. One that is gone is left first. */
    async move(why) {
      const old = saga.context.acquisition && attemptOf(state, saga.context.acquisition);
      if (!old) {
        state.waitingFor = `another place: ${why.detail ?? why.reason}`;
        scribe.note('usage', 'place-lost', `home: ${why.detail ?? why.reason}`);
        state.kept = { why };
        return await beyondHome();
      }
      const gone = old.last?.state !== 'lost' || !stillStands(old.last);
      state.since = Date.now();
      state.waitingFor = `another place: ${why.reason}`;
      scribe.note('usage', 'place-lost', `${old.candidate.seller.domain}: ${why.reason}${why.detail ? ` (${why.detail})` : ''}`);
      demote(state, old.candidate);
      mark(state, old.candidate.flavor.id, 'ended', why.reason);
      if (gone) return (await leave(old, why)) === 'long' ? false : await elsewhere();
      saga.learn({ leaving: saga.context.seller });
      state.kept = { id: old.id, why };
      return await beyond(state.kept);
    },
    async again() {
      try {
        await saga.forward(steps.workload);
      } catch (error) {
        // Where it does not run the next look finds it troubled, and moves it.
        if (isCancellation(error) || codeOf(error) === 'WORKLOAD_REFUSED') throw error;
        scribe.note('usage', 'reapply', wordsOf(error));
      }
    },
    settled() {
      state.phase = 'usage';
      state.since = Date.now();
      state.waitingFor = undefined;
      scribe.phase('usage');
      scribe.details(placeWords(state.place));
    },
  };
  return placing;
}
