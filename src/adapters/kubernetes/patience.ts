import { type Fault, isFault } from '../../domain/faults.ts';
import type { Api } from './api.ts';
import type { KubeObject } from './objects.ts';
import { type Look, follow, rest } from './following.ts';

/** What is not there or not allowed yet is looked for so soon again, and then less and less often. */
export const FIRST_PAUSE_MS = 200;
export const LONGEST_PAUSE_MS = 30_000;

/** Follows also what is refused: it may not be there yet, or not be allowed yet. What may be listed and not watched is listed so often. */
export async function followPatiently<O extends KubeObject>(input: {
  readonly api: Api;
  readonly look: Look;
  readonly signal: AbortSignal;
  readonly learn: (objects: ReadonlyMap<string, O>, changed?: string) => void;
  readonly onTrouble: (fault: Fault) => void;
  readonly keep?: (object: O) => O;
}): Promise<void> {
  const { api, look, signal, learn, onTrouble, keep } = input;
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const began = performance.now();
    try {
      await follow<O>({ api, look, signal, onState: learn, onTrouble, ...(keep && { keep }) });
    } catch (error) {
      if (!isFault(error)) throw error;
      onTrouble(error);
      if (performance.now() - began > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
      await rest(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}
