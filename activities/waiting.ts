import { Context } from '@temporalio/activity';
import { Fault } from '../src/domain/faults.ts';
import type { Wait } from '../src/ports/fabric.ts';

/**
 * A wait that lives as long as its activity: stopped when the activity is cancelled, and heartbeating every second with what was last seen, so that the death
 * of a worker is noticed within the heartbeat timeout and a person at the Temporal UI reads what is waited for.
 */
export async function waiting<T>(timeoutMs: number, work: (wait: Wait) => Promise<T>): Promise<T> {
  return await heartbeating((signal, seen) => work({ timeoutMs, signal, seen }));
}

/** Work that notices its cancellation: Temporal tells an activity only when it heartbeats. */
export async function heartbeating<T>(work: (signal: AbortSignal, seen: (what: string) => void) => Promise<T>): Promise<T> {
  const context = Context.current();
  // The SDK beats for a local activity, and warns of whoever does so too.
  if (context.info.isLocal) return await work(context.cancellationSignal, () => undefined);
  let last = 'nothing yet';
  const beat = setInterval(() => context.heartbeat(last), 1_000);
  const seen = (what: string): void => {
    last = what;
    context.heartbeat(what);
  };
  try {
    return await work(context.cancellationSignal, seen);
  } finally {
    clearInterval(beat);
  }
}

/** So long before Temporal ends an attempt, in milliseconds, its question to a peer is over: of an attempt that Temporal ended nobody tells why. */
const TO_TELL_MS = 1_000;

/** Asks a peer within this attempt, whatever the question is made of: the signal aborts in time, with the fault PEER_TIMEOUT. */
export async function asking<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ms = Context.current().info.startToCloseTimeoutMs - TO_TELL_MS;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Fault('PEER_TIMEOUT', `no complete answer within ${ms} ms`, { ms })), ms);
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}
