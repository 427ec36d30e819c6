/** What can be made to go wrong with the calls of a fake peer. */
import { Fault } from '../../src/domain/faults.ts';
import type { Peer } from '../../src/ports/peer.ts';

export type PeerCall = keyof Peer;

/**
 * What goes wrong: `refuse` before any effect; `lose-answer` after the effect (PEER_TIMEOUT unless told otherwise); `hang` (before the effect, or
 * after it) until the caller's signal or `abortHanging` ends it.
 */
export type Trouble =
  | { readonly kind: 'refuse'; readonly fault: Fault }
  | { readonly kind: 'lose-answer'; readonly fault?: Fault }
  | { readonly kind: 'hang'; readonly when: 'before' | 'after' };

export interface CallMade {
  readonly address: string;
  readonly call: PeerCall;
  readonly outcome: 'answered' | 'failed';
}

interface Call {
  readonly address: string;
  readonly call: PeerCall;
  readonly signal: AbortSignal | undefined;
}

export function openTroubles() {
  const planned: { address: string; call: PeerCall; trouble: Trouble; left: number }[] = [];
  const calls: CallMade[] = [];
  const hanging = new Set<{ call: PeerCall; end: (why: unknown) => void }>();
  const waiting: { call: PeerCall; tell: () => void }[] = [];

  const hang = (call: PeerCall, signal: AbortSignal | undefined): Promise<never> =>
    new Promise<never>((_resolve, reject) => {
      const end = (why: unknown): void => {
        hanging.delete(entry);
        reject(why);
      };
      const entry = { call, end };
      hanging.add(entry);
      signal?.addEventListener('abort', () => end(signal.reason), { once: true });
      if (signal?.aborted === true) end(signal.reason);
      for (const { tell } of waiting.filter((each) => each.call === call)) tell();
    });

  const next = (address: string, call: PeerCall): Trouble | undefined => {
    const found = planned.find((each) => each.address === address && each.call === call && each.left > 0);
    if (found !== undefined) found.left -= 1;
    return found?.trouble;
  };

  return {
    add({ address, call, trouble, times = 1 }: { address: string; call: PeerCall; trouble: Trouble; times?: number }): void {
      planned.push({ address, call, trouble, left: times });
    },
    heal(address?: string): void {
      for (const each of planned) if (address === undefined || each.address === address) each.left = 0;
    },
    abortHanging(): void {
      for (const { end } of hanging) end(new Fault('PEER_TIMEOUT', 'no answer in time'));
    },
    async whenHanging(call: PeerCall): Promise<void> {
      if ([...hanging].some((each) => each.call === call)) return;
      await new Promise<void>((resolve) => waiting.push({ call, tell: resolve }));
    },
    calls: (): readonly CallMade[] => calls,
    /** One call: `reach` finds who is asked (or throws), then the next trouble before the effect, the effect, the trouble after it. */
    async through<T>({ address, call, signal }: Call, reach: () => () => Promise<T>): Promise<T> {
      let outcome: CallMade['outcome'] = 'failed';
      try {
        signal?.throwIfAborted();
        const effect = reach();
        const trouble = next(address, call);
        if (trouble?.kind === 'refuse') throw trouble.fault;
        if (trouble?.kind === 'hang' && trouble.when === 'before') return await hang(call, signal);
        const answer = await effect();
        if (trouble?.kind === 'lose-answer') throw trouble.fault ?? new Fault('PEER_TIMEOUT', 'no answer in time', { address });
        if (trouble?.kind === 'hang') return await hang(call, signal);
        outcome = 'answered';
        return answer;
      } finally {
        calls.push({ address, call, outcome });
      }
    },
  };
}
