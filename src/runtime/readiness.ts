import { setTimeout as pause } from 'node:timers/promises';
import { isFault } from '../domain/faults.ts';
import type { Check } from '../http/health.ts';

/** What a node still waits for, and live looks at what it stands on. */
export interface Readiness {
  /**
   * Runs `work` until it succeeds, with growing pauses, and lets `/readyz` say why it has not yet: a node starts while its database, Temporal or cluster
   * is away. Rejects only when `signal` aborts, and with CONFIGURATION_INVALID, which no repetition mends.
   */
  keepTrying<T>(name: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Looked at whenever somebody asks. */
  watch(name: string, look: () => Promise<unknown>): void;
  /** Lets `/readyz` say something that keeps nothing from its work, and since when. */
  say(name: string, words: string): void;
  /** From now on not ready: the process stops. */
  stopping(): void;
  checks(): Promise<readonly Check[]>;
}

export interface ReadinessLog {
  info(facts: object, words: string): void;
  warn(facts: object, words: string): void;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
const LOOK_MS = 2_000;
/** Answers are kept so long, so that probes do not load what they look at. */
const KEPT_MS = 1_000;

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300);

export function openReadiness(log: ReadinessLog): Readiness {
  const stages = new Map<string, Check>();
  const looks = new Map<string, () => Promise<unknown>>();
  let stops = false;
  let kept: { readonly at: number; readonly checks: Promise<readonly Check[]> } | undefined;

  const look = async (name: string, ask: () => Promise<unknown>): Promise<Check> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${LOOK_MS} ms`)), LOOK_MS);
    });
    try {
      await Promise.race([ask(), late]);
      return { name, ready: true };
    } catch (error) {
      return { name, ready: false, why: wordsOf(error) };
    } finally {
      clearTimeout(timer);
    }
  };
  const all = async (): Promise<readonly Check[]> => {
    const looked = await Promise.all([...looks].map(([name, ask]) => look(name, ask)));
    return [...stages.values(), ...looked];
  };

  return {
    async keepTrying(name, work, signal) {
      const since = new Date().toISOString();
      stages.set(name, { name, ready: false, why: 'under way', since });
      for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS)) {
        signal.throwIfAborted();
        try {
          const result = await work();
          stages.set(name, { name, ready: true, since: new Date().toISOString() });
          log.info({ stage: name }, 'ready');
          return result;
        } catch (error) {
          signal.throwIfAborted();
          const why = wordsOf(error);
          const same = stages.get(name)?.why === why;
          stages.set(name, { name, ready: false, why, since });
          if (isFault(error) && error.code === 'CONFIGURATION_INVALID') throw error;
          if (!same) log.warn({ stage: name, why }, 'not yet; trying again');
        }
        await pause(waitMs, undefined, { signal });
      }
    },
    watch(name, ask) {
      looks.set(name, ask);
    },
    say(name, words) {
      if (stages.get(name)?.says === words) return;
      stages.set(name, { name, ready: true, says: words, since: new Date().toISOString() });
    },
    stopping() {
      stops = true;
    },
    async checks() {
      if (stops) return [{ name: 'process', ready: false, why: 'stopping' }];
      const now = Date.now();
      if (!kept || now - kept.at > KEPT_MS) kept = { at: now, checks: all() };
      return await kept.checks;
    },
  };
}
