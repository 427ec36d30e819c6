import { setTimeout as pause } from 'node:timers/promises';
import type { Chain } from '../ports/audit.ts';

/** Seals what happened every few seconds, for as long as the process runs: beside the hot path, which only inserts. What fails is tried again; the reconciliation tells of it too. */
export async function keepSealing(input: {
  readonly chain: Pick<Chain, 'seal'>;
  readonly everyMs: number;
  readonly log: { error(facts: object, words: string): void };
  readonly signal: AbortSignal;
}): Promise<void> {
  const { chain, everyMs, log, signal } = input;
  while (!signal.aborted) {
    try {
      const { broken } = await chain.seal();
      if (broken !== undefined) log.error({ broken }, 'the audit was tampered with: see `rearguard audit --verify`');
    } catch (error) {
      log.error({ why: error instanceof Error ? error.message : String(error) }, 'the audit could not be sealed');
    }
    await pause(everyMs, undefined, { signal }).catch(() => {});
  }
}
