import { Fault, type FaultCode, FAULTS, isFault } from '../../domain/faults.ts';
import { encode } from '../../rear/json.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
/** As Go's `http.Error` sends them. */
const TEXT_HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };

/** An answer before it goes out: whoever signs it needs its bytes. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
}
export const responseOf = ({ status, headers, body }: Answer, more?: Readonly<Record<string, string>>): Response =>
  new Response(body, { status, headers: more === undefined ? headers : { ...headers, ...more } });

export const json = (value: object): Answer => ({ status: 200, headers: JSON_HEADERS, body: encode(value) });
/** An answer of LIST; a FLUIDOS node does not look at the header. */
export const listAnswer = ({ body, more }: { readonly body: Uint8Array<ArrayBuffer>; readonly more: boolean }): Answer => ({
  status: 200,
  headers: more ? { ...JSON_HEADERS, 'rearguard-more': 'true' } : JSON_HEADERS,
  body,
});
/** LIST without a flavor, as a FLUIDOS node answers it. */
export const nothing = (): Answer => ({ status: 204, headers: JSON_HEADERS, body: null });
export const done = (): Answer => ({ status: 204, headers: {}, body: null });
/** What a FLUIDOS node answers on a known path with another method: no body, no `Allow`. */
export const wrongMethod = (): Answer => ({ status: 405, headers: {}, body: null });
/** Until Liqo has told our cluster id: what a FLUIDOS node answers then. */
export const notReady = (): Answer => ({ status: 503, headers: {}, body: null });
export const unknownPath = (): Answer => ({ status: 404, headers: TEXT_HEADERS, body: '404 page not found\n' });

/** A refusal in both tongues: what a FLUIDOS node would say, and the fault behind it. */
export class Refusal extends Error {
  readonly status: number;
  readonly fault: Fault;
  constructor(status: number, text: string, fault: Fault) {
    super(text);
    this.name = 'Refusal';
    this.status = status;
    this.fault = fault;
  }
}

/** The same words in both tongues. */
export const refuse = (status: number, code: FaultCode, text: string): Refusal => new Refusal(status, text, new Fault(code, text));

/** What a fault is where no row of the reference's tables says more. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (!isFault(error)) return new Refusal(500, 'Internal error', new Fault('STORE_UNAVAILABLE', 'internal error'));
  return new Refusal(FAULTS[error.code].http, `Error: ${error.message}`, error);
}

/** Plain text with the reference's status, or a problem document (RFC 9457) with the fault's own when the caller accepts one. */
export function answerRefusal(refusal: Refusal, accept: string | undefined): Answer {
  const { status, message, fault } = refusal;
  // After a body that was not read to its end the connection is of no use.
  const close = fault.code === 'TOO_LARGE' ? { connection: 'close' } : {};
  const later = FAULTS[fault.code].retry ? { 'retry-after': String(fault.facts['retryAfterSeconds'] ?? 1) } : {};
  if (!(accept ?? '').toLowerCase().includes('application/problem+json')) {
    return { status, headers: { ...TEXT_HEADERS, ...close, ...later }, body: `${message}\n` };
  }
  const problem = { type: 'about:blank', title: fault.code, status: FAULTS[fault.code].http, detail: fault.message, code: fault.code };
  return {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', ...close, ...later },
    body: encode({ ...fault.facts, ...problem }),
  };
}
