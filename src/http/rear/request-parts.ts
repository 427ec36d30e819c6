import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { RequestParts } from '../../rear/signatures.ts';
import type { RearOptions } from './ports.ts';

/** An authority as RFC 9421 (2.2.3) has it: lower case, without the scheme's own port. */
function authorityOf(scheme: 'http' | 'https', host: string): string {
  const url = `${scheme}://${host}`;
  return URL.canParse(url) ? new URL(url).host : host.toLowerCase();
}

/** Whether we are reached under that authority: at our own address, or at one that the operator named. */
export function isOurAuthority(authority: string, { self, authorities }: Pick<RearOptions, 'self' | 'authorities'>): boolean {
  const own = [self()?.address ?? '', ...authorities];
  return own.some((each) => authority === authorityOf('http', each) || authority === authorityOf('https', each));
}

/** A request as a signature covers it; most ask for none, and what it costs to say whom they reached is spared then. */
export function requestParts({ method = '', url = '', headers, socket }: IncomingMessage): RequestParts {
  return {
    method,
    get authority() {
      return authorityOf(socket instanceof TLSSocket ? 'https' : 'http', headers.host ?? '');
    },
    target: url,
    field: (name) => {
      const value = headers[name];
      return typeof value === 'object' ? value.join(', ') : value;
    },
  };
}
