/** Puts troubles between a caller and any port: refuse, lose the answer after the effect, or hang; a number of times. */
import { Fault } from '../../src/domain/faults.ts';

export type Mishap =
  | { readonly kind: 'refuse'; readonly fault: Fault }
  | { readonly kind: 'lose-answer'; readonly fault?: Fault }
  /** Until the caller's AbortSignal ends it, or `letGo`. */
  | { readonly kind: 'hang' };

type Method = (...args: never[]) => Promise<unknown>;

export interface Faulty<P extends object> {
  readonly port: P;
  /** The next `times` calls of this method fail so. */
  plan(method: keyof P & string, mishap: Mishap, times?: number): void;
  heal(): void;
  /** Resolves when a call of this method hangs. */
  whenHanging(method: keyof P & string): Promise<void>;
  /** Ends every hanging call with CLUSTER_UNREACHABLE. */
  letGo(): void;
  /** How often a method was called. */
  called(method: keyof P & string): number;
}

const signalIn = (args: readonly unknown[]): AbortSignal | undefined => {
  for (const arg of args) {
    if (typeof arg === 'object' && arg !== null && 'signal' in arg && arg.signal instanceof AbortSignal) return arg.signal;
  }
  return undefined;
};

export function faulty<P extends object>(port: P): Faulty<P> {
  const plans: { method: string; mishap: Mishap; left: number }[] = [];
  const hanging = new Map<(why: unknown) => void, string>();
  const listeners: { method: string; tell: () => void }[] = [];
  const counts = new Map<string, number>();
  const hang = (method: string, signal: AbortSignal | undefined): Promise<never> =>
    new Promise((_resolve, reject) => {
      const end = (why: unknown): void => {
        hanging.delete(end);
        reject(why);
      };
      hanging.set(end, method);
      signal?.addEventListener('abort', () => end(signal.reason), { once: true });
      for (const { tell } of listeners.filter((listener) => listener.method === method)) tell();
    });
  const wrap =
    (method: string, call: Method): Method =>
    async (...args) => {
      counts.set(method, (counts.get(method) ?? 0) + 1);
      const planned = plans.find((plan) => plan.method === method && plan.left > 0);
      if (planned) planned.left -= 1;
      const mishap = planned?.mishap;
      if (mishap?.kind === 'refuse') throw mishap.fault;
      if (mishap?.kind === 'hang') return await hang(method, signalIn(args));
      const answer = await call(...args);
      if (mishap?.kind === 'lose-answer') throw mishap.fault ?? new Fault('CLUSTER_UNREACHABLE', 'the answer was lost');
      return answer;
    };
  const wrapped = Object.fromEntries(
    Object.entries(port).map(([name, member]) => [name, typeof member === 'function' ? wrap(name, member as Method) : member]),
  );
  return {
    port: wrapped as P,
    plan: (method, mishap, times = 1) => void plans.push({ method, mishap, left: times }),
    heal() {
      for (const plan of plans) plan.left = 0;
    },
    async whenHanging(method) {
      if ([...hanging.values()].includes(method)) return;
      await new Promise<void>((resolve) => listeners.push({ method, tell: resolve }));
    },
    letGo() {
      for (const end of hanging.keys()) end(new Fault('CLUSTER_UNREACHABLE', 'let go'));
    },
    called: (method) => counts.get(method) ?? 0,
  };
}
