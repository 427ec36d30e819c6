import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
/** No host of its own: link-local (cloud metadata answers there), unspecified (which is loopback to a dialler), multicast and broadcast. */
const NOBODY = new BlockList();
NOBODY.addSubnet('169.254.0.0', 16, 'ipv4');
NOBODY.addSubnet('0.0.0.0', 8, 'ipv4');
NOBODY.addSubnet('224.0.0.0', 3, 'ipv4');
NOBODY.addSubnet('fe80::', 10, 'ipv6');
NOBODY.addSubnet('ff00::', 8, 'ipv6');
NOBODY.addAddress('::', 'ipv6');

/**
 * Why we would not call a buyer there, who tells us where it wants to hear of a contract's end; `undefined` when we would. `127.1`, `0x7f000001` and their
 * like are read as a dialler reads them. A name is not resolved.
 */
export function callbackRefusal(address: string, { loopback }: { readonly loopback: boolean }): string | undefined {
  const url = `http://${address}`;
  const host = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  const isIn = (list: BlockList): boolean => isIP(host) !== 0 && list.check(host, family);
  if (isIn(NOBODY)) return 'no node has this address';
  const local = isIn(LOOPBACK) || host === 'localhost' || host.endsWith('.localhost');
  return local && !loopback ? 'this address is our own machine' : undefined;
}

/** Whether a listener at this host, or a node that announces it, is on loopback. */
export const isLoopback = (address: string): boolean => callbackRefusal(address, { loopback: false }) === 'this address is our own machine';
