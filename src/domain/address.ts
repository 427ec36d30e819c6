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

/** An address as it is compared and kept: bare and in lower case, since hosts have no case and whoever writes one otherwise must not be taken for somebody else. */
export const comparedAddress = (address: string): string => bareAddress(address).toLowerCase();

/** Whether a node can be known under it: `host:port`, or `https://host:port` for one that is asked over TLS only. */
export const isNodeAddress = (text: string): boolean => isAddress(bareAddress(text));
