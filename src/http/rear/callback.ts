import dns, { type LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { Fault } from '../../domain/faults.ts';

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

export interface CallbackRules {
  /** Whether a buyer may be on our own machine: only when we are announced there ourselves. */
  readonly loopback: boolean;
}

const hostOf = (address: string): string => {
  const url = `http://${address}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
};

/**
 * Why we would not call a buyer there, who tells us where it wants to hear of a contract's end; `undefined` when we would. `127.1`, `0x7f000001` and their
 * like are read as a dialler reads them. A name is looked at when we call: `callbackPlace`.
 */
export function callbackRefusal(address: string, { loopback }: CallbackRules): string | undefined {
  const host = hostOf(address);
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  const isIn = (list: BlockList): boolean => isIP(host) !== 0 && list.check(host, family);
  if (isIn(NOBODY)) return 'no node has this address';
  const local = isIn(LOOPBACK) || host === 'localhost' || host.endsWith('.localhost');
  return local && !loopback ? 'this address is our own machine' : undefined;
}

/** Whether a listener at this host, or a node that announces it, is on loopback. */
export const isLoopback = (address: string): boolean => callbackRefusal(address, { loopback: false }) === 'this address is our own machine';

/** How a name is resolved: all of its addresses. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;
const resolveAll: Resolve = (host) => dns.promises.lookup(host, { all: true });

/** Milliseconds that a name may take: shorter than what the call itself may. */
const LOOK_MS = 2_000;

/**
 * Where to dial for a buyer's address: with the number that its name has now, so that what is checked is what is connected to. PEER_REFUSED when one of its
 * addresses is none that we call, PEER_UNREACHABLE when there is none.
 */
export async function callbackPlace(address: string, rules: CallbackRules, resolve: Resolve = resolveAll): Promise<string> {
  const refuse = (why: string | undefined): void => {
    if (why !== undefined)
      throw new Fault('PEER_REFUSED', `we do not call ${address.slice(0, 200)}: ${why}`, { address: address.slice(0, 200) });
  };
  refuse(callbackRefusal(address, rules));
  const host = hostOf(address);
  if (isIP(host) !== 0) return address;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly LookupAddress[]>((done) => {
    timer = setTimeout(() => done([]), LOOK_MS);
  });
  const found = await Promise.race([resolve(host).catch(() => []), late]);
  clearTimeout(timer);
  const numbers = found.map((each) => (each.family === 6 ? `[${each.address.replace(/%.*$/, '')}]` : each.address));
  for (const number of numbers) refuse(callbackRefusal(number, rules));
  // One is dialled: of both families that one which more networks route.
  const number = numbers.find((each) => !each.startsWith('[')) ?? numbers[0];
  if (number === undefined) throw new Fault('PEER_UNREACHABLE', 'its name has no address', { address: address.slice(0, 200) });
  return `${number}${/:\d+$/.exec(address)?.[0] ?? ''}`;
}
