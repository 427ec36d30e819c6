import type http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { Fault } from '../../domain/faults.ts';

/** Whom we believe over TLS, and what we show: PEM. */
export interface TlsMaterial {
  /** The only authorities that count; the system's when absent. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Errors of making a connection: nothing was sent. */
export const BEFORE_SENDING: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
]);
/** The same of TLS: it is cut off, or something else is spoken there. */
const NO_TLS: ReadonlySet<string> = new Set([...BEFORE_SENDING, 'ECONNRESET', 'EPROTO']);

/** What a peer's TLS says of us: nothing that we asked was heard. */
const REFUSES_US =
  /^ERR_SSL_.*ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|PROTOCOL_VERSION)/;

/** How long a connection is kept that nobody uses, ms: less than servers of Node.js do (five seconds), so that a question hardly meets one that is just being closed. */
export const IDLE_MS = 4_000;
/** Connections, kept for a moment, by what is believed and shown: when that changes, none of before is used. */
const agents = new WeakMap<TlsMaterial, https.Agent>();
const SYSTEM_ROOTS: TlsMaterial = {};
function agentFor(tls: TlsMaterial): https.Agent {
  const made = agents.get(tls) ?? new https.Agent({ ...tls, keepAlive: true, timeout: IDLE_MS, minVersion: 'TLSv1.2' });
  agents.set(tls, made);
  return made;
}

/** Hears what comes back for a request, but for what keeps it from being sent: its own `error` is the caller's to hear too. */
export function hearAnswer(
  request: http.ClientRequest,
  resolve: (answer: http.IncomingMessage) => void,
  reject: (fault: Fault) => void,
): void {
  request.once('response', (answer) => {
    // What is wrong with a body is told to the request: its answer alone hears that the connection broke.
    request.on('error', (error) => answer.destroy(error));
    resolve(answer);
  });
  // Where nobody listens for it Node.js closes the connection and tells neither an error nor an answer: a question would wait for ever.
  request.once('upgrade', ({ statusCode: status = 0 }, socket) => {
    socket.destroy();
    reject(new Fault('PEER_LIED', 'it goes over to another protocol, which nobody asked for', { status }));
  });
}

/**
 * Sends over TLS. `name` is who has to be there when the URL has a number instead. PEER_REFUSED when the peer does not take our side of TLS, PEER_UNREACHABLE when its own is not
 * to be believed or there is none: nothing was sent then. Whatever comes later is thrown as it is.
 */
export async function sendOverTls(input: {
  readonly url: string;
  readonly options: https.RequestOptions & { readonly signal: AbortSignal };
  readonly body?: string | undefined;
  readonly name?: string | undefined;
  readonly tls?: TlsMaterial | undefined;
}): Promise<http.IncomingMessage> {
  const { url, options, body, name, tls = SYSTEM_ROOTS } = input;
  const shown = url.slice(0, 300);
  return await new Promise((resolve, reject) => {
    const servername = name === undefined || isIP(name) > 0 ? {} : { servername: name };
    const request = https.request(url, { ...options, ...servername, agent: agentFor(tls) });
    hearAnswer(request, resolve, reject);
    let shaken = false;
    request.once('socket', (socket) => {
      // One that was kept has shaken hands before.
      if (request.reusedSocket) shaken = true;
      else socket.once('secureConnect', () => (shaken = true));
    });
    request.once('error', (error) => {
      const cause = 'code' in error ? String(error.code) : '';
      const facts = { url: shown, cause, tls: true };
      if (REFUSES_US.test(cause))
        reject(new Fault('PEER_REFUSED', 'it does not take our side of TLS: it may ask for a certificate', facts));
      else if (shaken || options.signal.aborted) reject(error);
      else if (NO_TLS.has(cause)) reject(new Fault('PEER_UNREACHABLE', 'nobody answers there', { url: shown, cause }));
      else reject(new Fault('PEER_UNREACHABLE', 'who answers there cannot prove to be the node', facts));
    });
    request.end(body);
  });
}
