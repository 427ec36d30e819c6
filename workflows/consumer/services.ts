import type { Candidate } from '../../src/domain/candidate.ts';
import { planOf, rank } from '../../src/domain/ranking.ts';
import type { AcquisitionId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { ServiceRequest } from '../../src/domain/service-request.ts';
import { codeOf, wordsOf } from '../failures.ts';
import { asking } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { type Long, acquire, demote, hear, letGo, outcomeOf } from './acquiring.ts';
import { eachInTurn, inTurn, tellMore, untilFound, whyLast } from './discovery.ts';
import {
  type Attempt,
  type IntentState,
  attemptOf,
  changeAttempt,
  goneServices,
  holderOf,
  leavingService,
  leavingServices,
  mark,
  missingServices,
  supersededServices,
} from './intent-state.ts';

/** The services of an intent, bought before its place: all of them and the place, or nothing. */
export interface Services {
  /** One round: whether all are held or serve on for a while, those that were missing bought anew. Nothing is bought while one of them cannot be had from anybody. */
  readonly acquire: () => Promise<boolean | Long>;
  /** Those that are held are given back, since what they are for cannot be had; never those of a workload that ran with them: what they keep is its own, and what is to be left of it is replaced meanwhile. Answers `false`, so that the search goes on. */
  readonly giveBack: () => Promise<false | Long>;
  /** Rounds until all are held, for a workload at home. `false`: the history is long, go on in a new run. */
  readonly secure: () => Promise<boolean>;
  /** Another one for what was lost, while the workload runs on; then what is left of the old one is let go. One that serves until its contract ends is kept when nobody has another. `false`: the history is long. */
  readonly replace: () => Promise<boolean>;
  /** Hears the rest of what the run before was waiting for, when that was a service. */
  readonly heard: () => Promise<boolean>;
}

const NOT_ALL: Ending = { reason: 'failed', detail: 'what it was bought together with cannot be had' };

/** `prepare`: makes what the Secrets lie in. */
export function openServices(state: IntentState, namespace: string, scribe: Scribe, prepare: () => Promise<void>): Services | undefined {
  if (!state.intent.services) return undefined;
  const one = async ({ name, bound }: ServiceRequest, candidates: readonly Candidate[]): Promise<boolean | Long> => {
    for (const candidate of eachInTurn(state, candidates)) {
      const attempt = await acquire(state, candidate, { name, namespace, ...(bound && { bound }) });
      if (attempt === 'long') return 'long';
      if (attempt) return true;
    }
    return false;
  };
  const round = async (which = missingServices): Promise<boolean | Long> => {
    if (!(await heard(which))) return 'long';
    const missing = which(state);
    if (missing.length === 0) return true;
    const finish = scribe.record({ step: 'discover-services', phase: 'discovery', direction: 'do' });
    const failed = state.demoted;
    const offers = await asking.discoverServices({ services: missing, ...(failed.length > 0 && { failed }) });
    finish('done');
    const known = missing.map((request) => {
      const { candidates = [], refused = [] } = offers.find(({ name }) => name === request.name) ?? {};
      return { request, refused, candidates: inTurn(state, rank(candidates, request)) };
    });
    state.plan = [
      ...state.plan.filter(({ service }) => !missing.some(({ name }) => name === service)),
      ...known.flatMap(({ request, candidates, refused }) => [
        ...planOf(candidates, whyLast(state)).map((entry) => ({ ...entry, service: request.name })),
        ...refused,
      ]),
    ];
    const silent = offers.flatMap((offer) => offer.silent);
    for (const { name, more } of offers) tellMore(scribe, more, ` of service ${name}`);
    state.silent = [...new Map([...state.silent, ...silent].map((node) => [node.address, node])).values()];
    if (known.some(({ candidates }) => candidates.length === 0)) return false;
    await prepare();
    for (const { request, candidates } of known) {
      const taken = await one(request, candidates);
      if (taken !== true) return taken;
    }
    return true;
  };
  /** Whom one waited for when the search was stopped, or the run before ended. */
  const pending = (which: typeof missingServices): AcquisitionId | undefined => {
    const wanted = new Set<string | undefined>(which(state).map(({ name }) => name));
    const before = state.unheard && attemptOf(state, state.unheard);
    if (before?.service !== undefined && (before.released || before.last || wanted.has(before.service))) return before.id;
    return state.attempts.find(({ service, last, released }) => service !== undefined && wanted.has(service) && !last && !released)?.id;
  };
  const heard = async (which = missingServices): Promise<boolean> => {
    for (let id = pending(which); id !== undefined; id = pending(which)) {
      if ((await outcomeOf(state, id)) === 'long') return false;
      state.unheard = undefined;
    }
    if (state.unheard && attemptOf(state, state.unheard)?.service !== undefined) state.unheard = undefined;
    return true;
  };
  const lastOf = (name: string): Attempt | undefined => state.attempts.findLast(({ service }) => service === name);
  /** Nobody has another one: what serves until its contract ends is better than none. Whether that is so of all that is missing. */
  const keepLeaving = (why: string): boolean => {
    const missing = missingServices(state);
    const leaving = missing.flatMap(({ name }) => leavingService(state, name) ?? []);
    if (leaving.length < missing.length) return false;
    for (const { id, candidate, service, last } of leaving) {
      scribe.note('usage', 'service-kept', `${service} of ${candidate.seller.domain}: ${why}`);
      if (last) changeAttempt(state, id, { last: { ...last, state: 'held' } });
    }
    return true;
  };
  const services: Services = {
    acquire: () => round(goneServices),
    heard: () => heard(goneServices),
    async giveBack() {
      if (state.place !== undefined) {
        if (missingServices(state).length === goneServices(state).length) return false;
        state.supersedes = true;
        return (await round(leavingServices)) === 'long' ? 'long' : false;
      }
      for (const { name } of state.intent.services ?? []) {
        const holder = holderOf(state, name);
        if (!holder) continue;
        mark(state, holder.candidate.flavor.id, 'ended', NOT_ALL.detail);
        await letGo(state, holder.id, NOT_ALL, true);
        if ((await hear(state, holder.id, ['undone-here', 'over'])) === 'long') return 'long';
      }
      return false;
    },
    async secure() {
      state.seeking = 'home';
      if (!(await heard())) return false;
      const all = await untilFound(state, scribe, async () => {
        state.phase = 'discovery';
        scribe.phase('discovery');
        const taken = await round();
        return taken === false ? await services.giveBack() : taken;
      });
      if (all) state.seeking = undefined;
      return all;
    },
    async replace() {
      if (!(await heard())) return false;
      if (state.seeking === undefined) {
        for (const { name } of missingServices(state)) {
          const lost = lastOf(name);
          const { reason, detail } = lost?.last?.ending ?? { reason: 'breach' };
          const words = `${name} of ${lost?.candidate.seller.domain}: ${reason}${detail ? ` (${detail})` : ''}`;
          scribe.note('usage', 'service-lost', words);
          state.waitingFor = `another service: ${words}`;
          if (!lost) continue;
          demote(state, lost.candidate);
          mark(state, lost.candidate.flavor.id, 'ended', reason);
        }
      }
      state.seeking = 'use';
      try {
        if (!(await untilFound(state, scribe, () => round()))) return false;
      } catch (error) {
        if (codeOf(error) !== 'NO_CANDIDATE' || !keepLeaving(wordsOf(error))) throw error;
      }
      state.seeking = undefined;
      state.supersedes = undefined;
      for (const { name } of state.intent.services ?? []) {
        const holder = holderOf(state, name);
        if (holder) mark(state, holder.candidate.flavor.id, 'held');
      }
      // Its Secret is the new one's by now.
      for (const { id, last } of supersededServices(state)) await letGo(state, id, last?.ending ?? { reason: 'superseded' });
      return true;
    },
  };
  return services;
}
