/**
 * The one table of faults. `retry` says whether the same call may succeed later; `http` is the status of the management API.
 * Workflows and tests branch on the code, never on words.
 */
export const FAULTS = {
  INTENT_INVALID: { retry: false, http: 422 },
  INTENT_EXISTS: { retry: false, http: 409 },
  NOT_FOUND: { retry: false, http: 404 },
  NO_CANDIDATE: { retry: false, http: 422 },
  PEER_UNREACHABLE: { retry: true, http: 502 },
  PEER_TIMEOUT: { retry: true, http: 504 },
  PEER_REFUSED: { retry: false, http: 422 },
  PEER_LIED: { retry: false, http: 502 },
  FLAVOR_GONE: { retry: false, http: 409 },
  NOT_ENOUGH: { retry: false, http: 409 },
  CONFIGURATION_INVALID: { retry: false, http: 422 },
  HOLD_EXPIRED: { retry: false, http: 409 },
  HOLD_RELEASED: { retry: false, http: 409 },
  CONTRACT_UNKNOWN: { retry: false, http: 404 },
  SERVICE_PENDING: { retry: true, http: 503 },
  CONTRACT_OVER: { retry: false, http: 409 },
  RENEWAL_REFUSED: { retry: false, http: 409 },
  BUYER_REFUSED: { retry: false, http: 403 },
  TOO_MANY_HOLDS: { retry: true, http: 429 },
  LIMIT_REACHED: { retry: false, http: 403 },
  TOO_MANY_REQUESTS: { retry: true, http: 429 },
  KUBECONFIG_REFUSED: { retry: false, http: 422 },
  MANIFESTS_REFUSED: { retry: false, http: 422 },
  SLICE_DENIED: { retry: false, http: 422 },
  PEERING_TIMEOUT: { retry: false, http: 504 },
  WORKLOAD_REFUSED: { retry: false, http: 422 },
  WORKLOAD_TIMEOUT: { retry: false, http: 504 },
  CLUSTER_UNREACHABLE: { retry: true, http: 503 },
  CLUSTER_REFUSED: { retry: false, http: 502 },
  STORE_UNAVAILABLE: { retry: true, http: 503 },
  PROCESSES_UNAVAILABLE: { retry: true, http: 503 },
  KEYS_UNAVAILABLE: { retry: true, http: 503 },
  STILL_THERE: { retry: true, http: 503 },
  BAD_REQUEST: { retry: false, http: 400 },
  TOO_LARGE: { retry: false, http: 413 },
  FORBIDDEN: { retry: false, http: 403 },
  UNAUTHENTICATED: { retry: false, http: 401 },
  CALLERS_UNKNOWABLE: { retry: true, http: 503 },
  SIGNATURE_REFUSED: { retry: false, http: 401 },
} as const satisfies Record<string, { retry: boolean; http: number }>;

export type FaultCode = keyof typeof FAULTS;
export type FaultFacts = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** An expected failure, with chosen facts that may be shown to anybody: never a secret, never an SDK's error as cause. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly facts: FaultFacts;
  constructor(code: FaultCode, message: string, facts: FaultFacts = {}) {
    super(message);
    this.name = 'Fault';
    this.code = code;
    this.facts = facts;
  }
}

export const isFault = (error: unknown): error is Fault => error instanceof Fault;

/** Whether a node has no message for what it was asked, as FLUIDOS nodes have none of our extensions: asking again is of no use. */
export const isUnsupported = (error: unknown): boolean =>
  isFault(error) && error.code === 'PEER_REFUSED' && error.facts['unsupported'] !== undefined;
