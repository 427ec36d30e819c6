import { isCancellation } from '@temporalio/workflow';
import type { AcquisitionId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { AcquisitionReport } from '../messages.ts';
import { codeOf, wordsOf } from '../failures.ts';
import { undoing } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { demote, letGo, outcomeOf } from './acquiring.ts';
import { search } from './discovery.ts';
import { openHome } from './home.ts';
import { type IntentState, attemptOf, changeAttempt, mark } from './intent-state.ts';
import { hearsBoth } from './replacing.ts';
import { type Services, openServices } from './services.ts';
import { openServing } from './serving.ts';
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
  const { take, useOf, leave } = openServing(state, saga, steps, scribe, home);
  const once = async (step: PlacementSteps['hold']): Promise<void> => {
    if (!saga.progress.entered.some(({ name }) => name === step.name)) await saga.forward(step);
  };

  const elsewhere = async (): Promise<boolean> => {
    await once(steps.hold);
    if (services && !(await services.heard())) return false;
    if (state.unheard && attemptOf(state, state.unheard)?.service === undefined) {
      const taken = await useOf(await outcomeOf(state, state.unheard));
      if (taken === 'long') return false;
      if (taken) {
        state.search = undefined;
        return true;
      }
    }
    return await search(state, scribe, take, home.runs, services);
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
      if (state.seeking === 'home') return await placing.atHome();
      // Goes on beside the workload.
      if (state.seeking === 'use') return !services || hearsBoth() || (await services.replace());
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
