import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { Readable } from 'node:stream';
import { connect, createSecureContext } from 'node:tls';
import { CommandFailed, EXIT, type Fetcher, type Spoken } from './client.ts';

/** Files of a TLS connection to the API: whom to believe, and what to show. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

const pem = async (file: string | undefined): Promise<string | undefined> => {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandFailed(
      `cannot read ${file} (${error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'})`,
      EXIT.usage,
    );
  }
};

/** Asks over TLS with authorities or a certificate of one's own, which fetch cannot; the files are read when the first call is made. */
export function tlsFetcher(files: TlsFiles): Fetcher {
  let opened: Promise<https.Agent> | undefined;
  const open = async (): Promise<https.Agent> => {
    const [ca, cert, key] = await Promise.all([pem(files.ca), pem(files.cert), pem(files.key)]);
    const shown = { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
    try {
      createSecureContext(shown);
    } catch {
      throw new CommandFailed('the certificates that were given cannot be used', EXIT.usage);
    }
    return new https.Agent({ ...shown, minVersion: 'TLSv1.2' });
  };
  return async (url, { method = 'GET', headers, body, signal }) => {
    const agent = await (opened ??= open());
    return await new Promise((resolve, reject) => {
      const options = { method, headers: Object.fromEntries(new Headers(headers)), agent, ...(signal && { signal }) };
      const request = https.request(url, options, (answer) => {
        const { statusCode: status = 0 } = answer;
        const type = answer.headers['content-type'];
        resolve(
          new Response(status === 204 ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>), {
            status,
            headers: type === undefined ? {} : { 'content-type': type },
          }),
        );
      });
      request.once('error', reject);
      request.end(typeof body === 'string' ? body : undefined);
    });
  };
}

/** How long a handshake may take of somebody who just hung up. */
const HANDSHAKE_MS = 3_000;

/** What OpenSSL makes of an answer in clear. */
const IN_CLEAR = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'];

/** What is spoken at a URL, whatever certificate is shown there: nothing is sent after the handshake. */
export const spokenAt = (url: string): Promise<Spoken> =>
  new Promise((resolve) => {
    const { protocol, hostname, port } = new URL(url);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const usual = protocol === 'https:' ? 443 : 80;
    const socket = connect({ host, port: Number(port || usual), rejectUnauthorized: false, timeout: HANDSHAKE_MS });
    const say = (spoken: Spoken): void => {
      socket.destroy();
      resolve(spoken);
    };
    socket.once('secureConnect', () => say('tls'));
    socket.once('timeout', () => say('unknown'));
    socket.once('error', (error) => say('code' in error && IN_CLEAR.includes(String(error.code)) ? 'clear' : 'unknown'));
  });
