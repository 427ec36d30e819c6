import http from 'node:http';
import { Fault } from '../../domain/faults.ts';
import { ADDRESS } from '../../rear/identity.ts';
import type { Field } from '../../rear/signatures.ts';
import { BEFORE_SENDING, IDLE_MS, type TlsMaterial, hearAnswer, sendOverTls } from './secure.ts';

/** One HTTP exchange, bounded in every direction. */
export interface Question {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** The name (`host[:port]`) to ask for where the URL has a number instead. */
  readonly host?: string;
  /** For https: the system's roots and no certificate of ours when absent. */
  readonly tls?: TlsMaterial;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From the call to the last byte of the answer, a trickling body included. */
  readonly timeoutMs: number;
  /** Of the answer's body, which is compressed by nobody. */
  readonly limitBytes: number;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** As they arrived, for whoever looks at their digest. */
  readonly bytes: Uint8Array;
  readonly field: Field;
}

/** In how many seconds a node that is asked too often wants to be asked again, where it says so. */
export function retryAfter({ status, field }: Pick<Answer, 'status' | 'field'>): { readonly retryAfterSeconds?: number } {
  const said = status === 429 ? field('retry-after') : undefined;
  return said !== undefined && /^\d{1,6}$/.test(said) ? { retryAfterSeconds: Number(said) } : {};
}

/** The base of a node's URLs: REAR addresses are a bare `host:port` (port 80, or 443 over TLS, without one). PEER_REFUSED when it is none. */
export function baseUrl(address: string, secure = false): string {
  if (ADDRESS.test(address)) return `${secure ? 'https' : 'http'}://${address}`;
  throw new Fault('PEER_REFUSED', 'this is no address of a node', { address: address.slice(0, 200) });
}

function translated(error: unknown, { method, url }: Question): Fault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const facts = { url: url.slice(0, 300), cause: code };
  if (code.startsWith('HPE_')) return new Fault('PEER_LIED', 'the answer is not HTTP', facts);
  // A POST whose connection broke may have taken effect.
  return method === 'GET' || BEFORE_SENDING.has(code)
    ? new Fault('PEER_UNREACHABLE', 'nobody answers there', facts)
    : new Fault('PEER_TIMEOUT', 'the connection broke before the answer', facts);
}

/** Of questions in clear. */
const connections = new http.Agent({ keepAlive: true, timeout: IDLE_MS });

/** Sends one question: over TLS with authorities and a certificate of its own, or to a number under a name. */
async function send({ host, url, method, headers, body, tls }: Question, signal: AbortSignal): Promise<http.IncomingMessage> {
  const options = {
    method,
    headers: {
      ...headers,
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
      ...(host !== undefined && { host }),
    },
    signal,
  };
  if (url.startsWith('https:')) {
    const name = host?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
    return await sendOverTls({ url, options, body, name, tls });
  }
  return await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = http.request(url, { ...options, agent: connections });
    request.on('error', reject);
    hearAnswer(request, resolve, reject);
    request.end(body);
  });
}

async function readLimited(answer: http.IncomingMessage, limitBytes: number, url: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > limitBytes)
      throw new Fault('PEER_LIED', `the answer is larger than ${limitBytes} bytes, if it ends at all`, { url: url.slice(0, 300) });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Why an exchange is cut off, for nobody to read: an error for each would cost what signing does. */
const OVER = new Error('the exchange is over');

/**
 * Asks once. Redirects are never followed: a POST could be sent to where nobody meant it, and a GET into our own network. Faults:
 * PEER_UNREACHABLE, PEER_TIMEOUT, PEER_LIED; the signal's own reason when it aborts.
 */
export async function exchange(question: Question): Promise<Answer> {
  const { url, headers = {}, timeoutMs, limitBytes, signal } = question;
  signal?.throwIfAborted();
  const ending = new AbortController();
  const aborted = (): void => ending.abort(OVER);
  const timer = setTimeout(aborted, timeoutMs);
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    const all = { accept: 'application/json, application/problem+json', 'accept-encoding': 'identity', ...headers };
    const answer = await send({ ...question, headers: all }, ending.signal);
    const { statusCode: status = 0 } = answer;
    // Of one that is not read to its end nobody needs to hear how it ended.
    answer.on('error', () => {});
    const field: Field = (name) => answer.headersDistinct[name]?.join(', ');
    if (status < 200 || status > 599) throw new Fault('PEER_LIED', 'the answer has no status of HTTP', { status });
    if (status >= 300 && status < 400) throw new Fault('PEER_LIED', 'it sends us elsewhere, where we do not go', { status });
    if (!/^(identity)?$/i.test(field('content-encoding') ?? ''))
      throw new Fault('PEER_LIED', 'the answer is compressed, which nobody asked for', { status });
    const bytes = await readLimited(answer, limitBytes, url);
    return { status, type: field('content-type') ?? '', text: bytes.toString('utf8'), bytes, field };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Fault) throw error;
    if (ending.signal.aborted) throw new Fault('PEER_TIMEOUT', `no complete answer within ${timeoutMs} ms`, { url: url.slice(0, 300) });
    throw translated(error, question);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
    // Whatever was not read is not wanted: the connection goes with it.
    ending.abort(OVER);
  }
}

/** Something shared, for a caller who may go away before it is there. */
export async function unlessAborted<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await shared;
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const aborted = (): void => reject(signal.reason);
    signal.addEventListener('abort', aborted, { once: true });
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
