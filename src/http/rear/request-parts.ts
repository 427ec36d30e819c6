import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { RequestParts } from '../../rear/signatures.ts';

/** An authority as RFC 9421 (2.2.3) has it: lower case, without the scheme's own port. */
export function authorityOf(scheme: 'http' | 'https', host: string): string {
  const url = `${scheme}://${host}`;
  return URL.canParse(url) ? new URL(url).host : host.toLowerCase();
}

/** A request as a signature covers it. */
export function requestParts({ method = '', url = '', headers, socket }: IncomingMessage): RequestParts {
  return {
    method,
    authority: authorityOf(socket instanceof TLSSocket ? 'https' : 'http', headers.host ?? ''),
    target: url,
    field: (name) => {
      const value = headers[name];
      return typeof value === 'object' ? value.join(', ') : value;
    },
  };
}
