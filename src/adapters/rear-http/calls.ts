import { z } from 'zod';
import { Fault } from '../../domain/faults.ts';
import type { Peer } from '../../ports/peer.ts';
import { firstJson } from '../../rear/json.ts';
import { firstIssue } from '../../rear/reading.ts';
import type { Answer } from './exchange.ts';
import type { Operation } from './refusals.ts';

/** Deadlines and bounds of calls to other nodes; times in milliseconds. */
export interface RearHttpLimits {
  readonly describeMs: number;
  readonly listMs: number;
  readonly reserveMs: number;
  readonly purchaseMs: number;
  /** A FLUIDOS seller sleeps twice 5 s in PURCHASE (section 4.2 of our notes): at least a minute. */
  readonly legacyPurchaseMs: number;
  readonly extensionMs: number;
  readonly keepDescriptionMs: number;
  /** Of LIST's answer, and of every other one. */
  readonly listBytes: number;
  readonly answerBytes: number;
}

export const DEFAULT_REAR_LIMITS: RearHttpLimits = {
  describeMs: 3_000,
  listMs: 3_000,
  reserveMs: 8_000,
  purchaseMs: 20_000,
  legacyPurchaseMs: 90_000,
  extensionMs: 8_000,
  keepDescriptionMs: 60_000,
  listBytes: 2_097_152,
  answerBytes: 1_048_576,
};

/** Where failures are told, words last; pino's loggers fit. */
export interface RearHttpLog {
  debug(facts: object, words: string): void;
}

export type Ask = (question: {
  readonly operation: Operation;
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly limitBytes?: number;
  /** What everybody is told alike needs no caller's name: the signature of its answer may be kept for all. */
  readonly anonymous?: boolean;
  /** Gives back, or tells and reads of an end: that is said to whom an operator has blocked too, or what is held there would stay. */
  readonly parting?: boolean;
  /** Other callers wait for the same answer: our caller's signal must not end it. */
  readonly shared?: boolean;
}) => Promise<Answer>;

/** Reads an answer, or says that it is not REAR. */
export function reading<T>(what: string, text: string, read: (value: unknown) => T): T {
  try {
    return read(firstJson(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? firstIssue(error) : error instanceof Error ? error.message.slice(0, 200) : 'unreadable';
    throw new Fault('PEER_LIED', `its answer is no ${what}: ${why}`);
  }
}

export interface Calls {
  readonly ask: Ask;
  readonly describe: Peer['describe'];
  readonly limits: RearHttpLimits;
}
