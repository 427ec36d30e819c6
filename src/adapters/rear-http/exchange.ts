import http from 'node:http';
import { Readable } from 'node:stream';
import { Fault } from '../../domain/faults.ts';
import { ADDRESS } from '../../rear/identity.ts';
import type { Field } from '../../rear/signatures.ts';
import { BEFORE_SENDING, type TlsMaterial, sendOverTls } from './secure.ts';

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
  /** Of the answer's body, decompressed. */
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

/** What fetch hides: the code of the error below it. */
function codeBelow(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at.message === 'bad port') return 'ECONNREFUSED';
  }
  return '';
}

function translated(error: unknown, { method, url }: Question): Fault {
  const code = codeBelow(error);
  const facts = { url: url.slice(0, 300), cause: code };
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'UND_ERR_RESPONSE') {
    return new Fault('PEER_LIED', 'the answer is not HTTP', facts);
  }
  // A POST whose connection broke may have taken effect.
  return method === 'GET' || BEFORE_SENDING.has(code)
    ? new Fault('PEER_UNREACHABLE', 'nobody answers there', facts)
    : new Fault('PEER_TIMEOUT', 'the connection broke before the answer', facts);
}

/** What of an answer's fields anybody reads here. */
const READ_FIELDS = ['content-type', 'content-digest', 'signature', 'signature-input', 'retry-after'] as const;

/** Sends as fetch cannot: to a number under a name (it drops `host`), or over TLS with authorities and a certificate of its own. */
async function send({ host, url, method, headers, body, tls }: Question, signal: AbortSignal): Promise<Response> {
  const options = {
    method,
    headers: {
      ...headers,
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
      ...(host !== undefined && { host }),
    },
    signal,
  };
  const name = host?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const answer = url.startsWith('https:')
    ? await sendOverTls({ url, options, body, name, tls })
    : await new Promise<http.IncomingMessage>((resolve, reject) => {
        const request = http.request(url, { ...options, agent: false }, resolve);
        request.once('error', reject);
        request.end(body);
      });
  const { statusCode: status = 0 } = answer;
  if (status < 200 || status > 599) throw new Fault('PEER_LIED', 'the answer has no status of HTTP', { status });
  const bodiless = status === 204 || status === 205 || status === 304;
  if (bodiless) answer.resume();
  const found = READ_FIELDS.flatMap((name) => {
    const value = answer.headers[name];
    return value === undefined ? [] : [[name, String(value)] as [string, string]];
  });
  return new Response(bodiless ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>), { status, headers: found });
}

async function readLimited(response: Response, limitBytes: number, url: string): Promise<Buffer> {
  if (response.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    size += value.byteLength;
    if (size > limitBytes)
      throw new Fault('PEER_LIED', `the answer is larger than ${limitBytes} bytes, if it ends at all`, { url: url.slice(0, 300) });
    chunks.push(value);
  }
}

/**
 * Asks once. Redirects are never followed: a POST could be sent to where nobody meant it, and a GET into our own network. Faults:
 * PEER_UNREACHABLE, PEER_TIMEOUT, PEER_LIED; the signal's own reason when it aborts.
 */
export async function exchange(question: Question): Promise<Answer> {
  const { method, url, host, headers = {}, body, timeoutMs, limitBytes, signal } = question;
  signal?.throwIfAborted();
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), timeoutMs);
  const aborted = (): void => ending.abort();
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    const all = { accept: 'application/json, application/problem+json', 'accept-encoding': 'identity', ...headers };
    const response = await (host === undefined && !url.startsWith('https:')
      ? fetch(url, { method, headers: all, redirect: 'manual', signal: ending.signal, ...(body === undefined ? {} : { body }) })
      : send({ ...question, headers: all }, ending.signal));
    const { status } = response;
    if (status === 0 || (status >= 300 && status < 400))
      throw new Fault('PEER_LIED', 'it sends us elsewhere, where we do not go', { status });
    const { headers: fields } = response;
    const bytes = await readLimited(response, limitBytes, url);
    const field: Field = (name) => fields.get(name) ?? undefined;
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
    ending.abort();
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
