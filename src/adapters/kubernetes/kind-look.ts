import { isDeepStrictEqual } from 'node:util';
import { type Fault, isFault } from '../../domain/faults.ts';
import type { KindName, UnmakeableKind } from '../../domain/unmakeable.ts';
import type { Api } from './api.ts';
import type { Log } from './faults.ts';
import { kindsIn, whyNotMade } from './instance-kinds.ts';
import { KINDS, type Kind, kindOf } from './kinds.ts';
import type { KubeObject } from './objects.ts';
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS, followPatiently } from './patience.ts';
import { rest } from './following.ts';

/** Which kinds a cluster can make, as far as somebody asked. */
export interface KindLook {
  /** `undefined` until the API server was asked of all of these. */
  unmakeable(kinds: readonly KindName[]): readonly UnmakeableKind[] | undefined;
}

const groupOf = (apiVersion: string): string => apiVersion.split('/')[0] ?? '';
/** Of a definition its name alone, `<plural>.<group>`: there may be hundreds, with long schemas. */
const spare = ({ metadata: { name } }: KubeObject): KubeObject => ({ metadata: { name } });

/** What a group and version has, or why that is not known. */
export type Found = readonly Kind[] | Fault;

/** Asks once. */
export const lookIn = async (api: Api, apiVersion: string): Promise<Found> =>
  await kindsIn(api, apiVersion).catch((error: unknown) => {
    if (!isFault(error)) throw error;
    return error;
  });

/** What of these cannot be made, or is not known, when `found` says what their groups have. */
export const unmakeableOf = (kinds: readonly KindName[], found: (apiVersion: string) => Found | undefined): readonly UnmakeableKind[] =>
  kinds.flatMap(({ apiVersion, kind }) => {
    const there = kindOf({ apiVersion, kind }) ?? found(apiVersion) ?? [];
    if (isFault(there)) {
      const why = `whether this cluster has ${apiVersion} ${kind} is not known: ${there.message}`;
      return [{ apiVersion, kind, why, unknown: true as const }];
    }
    const known = 'plural' in there ? there : there.find((each) => each.kind === kind);
    return known?.namespaced ? [] : [{ apiVersion, kind, why: whyNotMade({ apiVersion, kind }, known) }];
  });

/**
 * Keeps what the API server says of the kinds that are asked for until `signal` aborts: a definition of their groups that comes, goes or changes has it asked anew, more than once, since its answer follows by a moment; and now
 * and then it is asked all the same, since not every kind has a definition. Nothing is asked before somebody asks. Rejects only with a bug.
 */
export function lookAtKinds(input: { readonly api: Api; readonly log: Log; readonly changed: () => void; readonly signal: AbortSignal }): {
  readonly look: KindLook;
  readonly looking: Promise<void>;
} {
  const { api, log, changed, signal } = input;
  const found = new Map<string, Found | undefined>();
  const told = (fault: Fault): void =>
    log.warn({ code: fault.code, why: fault.message }, 'which kinds the cluster has cannot be looked at');
  let pauseMs = FIRST_PAUSE_MS;
  let wake = new AbortController();
  const hurry = (): void => {
    pauseMs = FIRST_PAUSE_MS;
    wake.abort();
  };

  const ask = async (apiVersion: string): Promise<void> => {
    const before = found.get(apiVersion);
    const answer = await lookIn(api, apiVersion);
    if (isFault(answer)) told(answer);
    // What was there is believed to be there until somebody says otherwise.
    const now = isFault(answer) ? (before ?? answer) : answer;
    if (signal.aborted || isDeepStrictEqual(before, now)) return;
    found.set(apiVersion, now);
    changed();
  };
  const asking = async (): Promise<void> => {
    while (!signal.aborted) {
      wake = new AbortController();
      for (const apiVersion of found.keys()) await ask(apiVersion);
      await rest(found.size === 0 ? LONGEST_PAUSE_MS : pauseMs, AbortSignal.any([signal, wake.signal]));
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  };
  const definitions = async (): Promise<void> => {
    while (found.size === 0 && !signal.aborted) await rest(LONGEST_PAUSE_MS, AbortSignal.any([signal, wake.signal]));
    const learn = (_all: unknown, one?: string): void => {
      if (one === undefined || [...found.keys()].some((apiVersion) => one.endsWith(`.${groupOf(apiVersion)}`))) hurry();
    };
    await followPatiently<KubeObject>({ api, look: { kind: KINDS.definition }, signal, learn, onTrouble: told, keep: spare });
  };

  return {
    look: {
      unmakeable(kinds) {
        const unknown = kinds.filter((kind) => !kindOf(kind) && found.get(kind.apiVersion) === undefined);
        const fresh = unknown.filter(({ apiVersion }) => !found.has(apiVersion));
        for (const { apiVersion } of fresh) found.set(apiVersion, undefined);
        if (fresh.length > 0) hurry();
        return unknown.length > 0 ? undefined : unmakeableOf(kinds, (apiVersion) => found.get(apiVersion));
      },
    },
    looking: Promise.race([asking(), definitions()]),
  };
}
