import { setTimeout as pause } from 'node:timers/promises';
import { type MaySell, selling } from '../domain/enforcement.ts';
import { isFault } from '../domain/faults.ts';
import type { Fabric } from '../ports/fabric.ts';
import type { Configuration } from './configuration.ts';
import type { Readiness, ReadinessLog } from './readiness.ts';

const AGAIN_MS = 1_000;

/** Whether anything is sold that Liqo has to enforce, for as long as a process runs. Nothing is looked at before somebody asks. */
export interface Selling {
  /** As it is now, as soon as it is known. */
  now(): Promise<MaySell>;
  /**
   * Does what is to be done for `before`, when absent for what is known first, and again whenever whether it is sold changes: then `until` aborts, and the next begins when this one is over. What fails is done again after
   * a moment. Resolves when the process stops.
   */
  each(act: (found: MaySell, until: AbortSignal) => Promise<void>, before?: MaySell): Promise<void>;
}

/**
 * Not when nothing would hold a buyer to what it bought and nobody said to sell all the same. `/readyz` and the log say what was found, at the start and whenever it changes. A node that
 * sells nothing still buys, so it stays ready.
 */
export function openSelling(input: {
  readonly configuration: Pick<Configuration, 'liqo' | 'rear'>;
  readonly fabric: Pick<Fabric, 'enforcement' | 'watchEnforcement'>;
  readonly readiness: Pick<Readiness, 'keepTrying' | 'say'>;
  readonly log: ReadinessLog;
  readonly signal: AbortSignal;
}): Selling {
  const { configuration, fabric, readiness, log, signal } = input;
  const said = configuration.liqo.enforcement;
  const { sellUnenforced } = configuration.rear;
  let known: MaySell | undefined;
  let changed = new AbortController();
  const learn = (read: Awaited<ReturnType<Fabric['enforcement']>>): MaySell => {
    const found = selling({ ...(read && { read }), ...(said && { said }), sellUnenforced });
    if (found.words === known?.words) return known;
    const turned = known !== undefined && known.sells !== found.sells;
    known = found;
    readiness.say('enforcement', found.words);
    // Who sells all the same said so; everybody else who has something to sell does not sell it.
    log[found.sells ? 'info' : 'warn']({ read, said }, found.words);
    if (turned) {
      changed.abort();
      changed = new AbortController();
    }
    return found;
  };
  const interrupted = (error: unknown, what: string): void => {
    if (signal.aborted) return;
    const why = error instanceof Error ? error.message : String(error);
    log.warn({ why, code: isFault(error) ? error.code : undefined }, `${what} was interrupted; beginning again`);
  };
  const rest = (): Promise<void> => pause(AGAIN_MS, undefined, { signal }).catch(() => {});
  const follow = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await fabric.watchEnforcement(async (read) => void learn(read), signal);
      } catch (error) {
        interrupted(error, 'watching what Liqo enforces');
      }
      await rest();
    }
  };
  let first: Promise<MaySell> | undefined;
  let following: Promise<void> = Promise.resolve();
  const now = async (): Promise<MaySell> => {
    first ??= readiness
      .keepTrying('enforcement', () => fabric.enforcement(), signal)
      .then((read) => {
        const found = learn(read);
        following = follow();
        return found;
      });
    return known ?? (await first);
  };

  return {
    now,
    async each(act, before) {
      let done = before?.sells;
      let found = await now();
      while (!signal.aborted) {
        found = known ?? found;
        const until = AbortSignal.any([signal, changed.signal]);
        try {
          if (found.sells !== done) {
            await act(found, until);
            // What was cut short is to be done anew, though all may be again as it was.
            done = until.aborted ? undefined : found.sells;
          }
          if (!until.aborted) await new Promise<void>((resolve) => until.addEventListener('abort', () => resolve(), { once: true }));
        } catch (error) {
          done = undefined;
          if (until.aborted) continue;
          interrupted(error, 'putting on sale, or taking off,');
          await rest();
        }
      }
      await following;
    },
  };
}
