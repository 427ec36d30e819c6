import type { Dialect } from '../../domain/candidate.ts';
import { endingFacts } from '../../domain/contract-over.ts';
import { Fault, type FaultCode } from '../../domain/faults.ts';
import { firstJson } from '../../rear/json.ts';
import { readProblem } from '../../rear/extensions.ts';
import { type Answer, retryAfter } from './exchange.ts';

export type Operation = 'describe' | 'list' | 'reserve' | 'purchase' | 'extension';

/** Faults of a seller that mean the same to its buyer. */
const SAME: ReadonlySet<FaultCode> = new Set([
  'FLAVOR_GONE',
  'NOT_ENOUGH',
  'CONFIGURATION_INVALID',
  'HOLD_EXPIRED',
  'HOLD_RELEASED',
  'CONTRACT_UNKNOWN',
  'CONTRACT_OVER',
  'SERVICE_PENDING',
  'RENEWAL_REFUSED',
  'BUYER_REFUSED',
  'LIMIT_REACHED',
  // Of all of ours together: it passes as soon as one is bought or expires.
  'TOO_MANY_HOLDS',
  'TOO_MANY_REQUESTS',
]);
/** What the seller itself may overcome. */
const PASSING: ReadonlySet<FaultCode> = new Set([
  'STORE_UNAVAILABLE',
  'PROCESSES_UNAVAILABLE',
  'CLUSTER_UNREACHABLE',
  'STILL_THERE',
  // Its own keys, or ours where it looks them up: either is back in a moment, and nothing was decided.
  'KEYS_UNAVAILABLE',
]);
const UNKNOWN: Readonly<Record<Operation, FaultCode>> = {
  describe: 'PEER_REFUSED',
  list: 'PEER_REFUSED',
  reserve: 'FLAVOR_GONE',
  purchase: 'HOLD_EXPIRED',
  extension: 'CONTRACT_UNKNOWN',
};

/** A peer's words, fit to be shown: one line, short. */
const words = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 300);

function problemOf({ type, text }: Answer): ReturnType<typeof readProblem> {
  if (!type.includes('problem+json')) return undefined;
  try {
    return readProblem(firstJson(text));
  } catch {
    return undefined;
  }
}

function ofProblem(code: FaultCode, operation: Operation): FaultCode {
  if (SAME.has(code)) return code;
  if (PASSING.has(code)) return 'PEER_UNREACHABLE';
  return code === 'NOT_FOUND' ? UNKNOWN[operation] : 'PEER_REFUSED';
}

/** What a bare status means; a FLUIDOS node says everything with 400, 408, 500 and 503 (sections 3 and 4.2 of our notes), the specification 401 to 409. */
function ofStatus(status: number, text: string, operation: Operation): FaultCode {
  if (status === 503 || status === 502) return 'PEER_UNREACHABLE';
  if (status === 429) return operation === 'reserve' ? 'TOO_MANY_HOLDS' : 'TOO_MANY_REQUESTS';
  if (status === 504) return 'PEER_TIMEOUT';
  if (status === 401 || status === 403) return 'BUYER_REFUSED';
  switch (operation) {
    case 'reserve':
      if (status === 404 || text.startsWith('Error getting the Flavor by ID')) return 'FLAVOR_GONE';
      if (text.startsWith('Configuration type not supported')) return 'CONFIGURATION_INVALID';
      return status === 409 ? 'NOT_ENOUGH' : 'PEER_REFUSED';
    case 'purchase':
      return status === 404 || status === 408 || text.startsWith('Error getting the Transaction') ? 'HOLD_EXPIRED' : 'PEER_REFUSED';
    default:
      return status >= 500 ? 'PEER_UNREACHABLE' : 'PEER_REFUSED';
  }
}

/**
 * The fault that an answer other than success means. A FLUIDOS node forgets a transaction with its first PURCHASE, whatever comes of it: the fact
 * `burnt` says that asking again is useless and that a contract may be left there. The fact `named` says that a problem of our dialect told the fault: a bare status may be anybody's. `retryAfterSeconds` is how long one that is asked too often wants to be left alone.
 */
export function refusal(operation: Operation, dialect: Dialect, answer: Answer): Fault {
  const problem = problemOf(answer);
  const text = problem?.detail ?? answer.text;
  const code = problem === undefined ? ofStatus(answer.status, answer.text, operation) : ofProblem(problem.code, operation);
  const burnt = operation === 'purchase' && dialect === 'fluidos' && answer.status !== 503 && answer.status !== 429;
  const ended = code === 'CONTRACT_OVER' && problem?.ending ? endingFacts(problem.ending) : {};
  return new Fault(code, words(text) || `it answers ${answer.status}`, {
    status: answer.status,
    ...(problem && { named: true }),
    ...retryAfter(answer),
    ...(burnt ? { burnt } : {}),
    ...ended,
  });
}
