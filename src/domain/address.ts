import { canonicalHost } from './ip.ts';

const HOST = String.raw`(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9](?:[-A-Za-z0-9.]{0,252}))`;
const HOST_PORT = new RegExp(`^${HOST}:(\\d{1,5})$`);

/** Reads `host:port` (IPv6 in brackets); `undefined` when it is not one. Port 0 is taken: it means any free one, to a listener. */
export function parseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const port = Number(HOST_PORT.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(port) || port > 65_535) return undefined;
  return { host: text.slice(0, text.lastIndexOf(':')).replace(/^\[|\]$/g, ''), port };
}

/** Whether other nodes can be reached under it: a host and a port that is not 0. */
export const isAddress = (text: string): boolean => (parseAddress(text)?.port ?? 0) > 0;

const SECURE = 'https://';

/** A node's address without how it is dialled: `https://host:port` is `host:port` to everybody but a dialler. */
export const bareAddress = (address: string): string => (address.startsWith(SECURE) ? address.slice(SECURE.length) : address);

/** Host, and port where one stands; IPv6 has brackets, unless it is all there is. */
function partsOf(bare: string): { readonly host: string; readonly port?: number } {
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(bare) ?? [];
  if (host === undefined) return { host: bare };
  return { host, ...(port !== undefined && { port: Number(port) }) };
}
const written = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/**
 * An address as it is compared and kept, in one spelling: bare, its host as `canonicalHost` has it, its port written out (REAR's is 80, that of TLS 443). Whoever writes it otherwise must not
 * be taken for somebody else.
 */
export function comparedAddress(address: string): string {
  const bare = bareAddress(address);
  const { host, port = bare === address ? 80 : 443 } = partsOf(bare);
  return bare === '' ? '' : `${written(canonicalHost(host))}:${port}`;
}

/** The same with how it is dialled: as a known node is kept. */
export const canonicalAddress = (address: string): string =>
  address.startsWith(SECURE) ? `${SECURE}${comparedAddress(address)}` : comparedAddress(address);

/** Whether an address is one that an operator wrote: `host:port`, or a host with whatever port. */
export function isAt(wanted: string, address: string): boolean {
  const { host, port } = partsOf(bareAddress(wanted));
  if (port !== undefined) return comparedAddress(wanted) === comparedAddress(address);
  return canonicalHost(host) === canonicalHost(partsOf(comparedAddress(address)).host);
}

/** Whether two addresses are one node's, whichever of them says that it is asked over TLS. */
export const isSameAddress = (one: string, other: string): boolean => comparedAddress(one) === comparedAddress(other);

/** Whether a node can be known under it: `host:port`, or `https://host:port` for one that is asked over TLS only. */
export const isNodeAddress = (text: string): boolean => isAddress(bareAddress(text));
