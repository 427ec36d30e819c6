/** Where no server of somebody else is: one table, for everything whose address a stranger tells us (API servers, callbacks). */

import { type Bits, bitsOf } from './ip.ts';

/** How a name is resolved: all of its addresses. Rejects when it has none, or not in time. */
export type Resolve = (host: string) => Promise<readonly Resolved[]>;
export interface Resolved {
  readonly address: string;
  readonly family: number;
}

/** To which addresses of strangers we go. */
export interface AddressRules {
  /** Our own machine: where nodes are on one, as in playgrounds. */
  readonly loopback: boolean;
}

/** Rules that names are held to as well. */
export interface NameRules extends AddressRules {
  readonly resolve: Resolve;
}

type Place = 'loopback' | 'unspecified' | 'link-local' | 'metadata' | 'many';
const WHY: Readonly<Record<Place, string>> = {
  loopback: 'is on our own machine (loopback)',
  // A connection to it arrives at loopback.
  unspecified: 'is on our own machine (unspecified)',
  'link-local': 'is a link-local address',
  metadata: 'is where a cloud says who we are',
  many: 'is no single host',
};
const OWN: ReadonlySet<Place> = new Set(['loopback', 'unspecified']);

/** Network, its length, what is there. */
const PLACES: readonly (readonly [string, number, Place])[] = [
  ['0.0.0.0', 8, 'unspecified'],
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.0.0', 16, 'link-local'], // clouds' metadata among it
  ['100.100.100.200', 32, 'metadata'], // Alibaba's
  ['224.0.0.0', 3, 'many'],
  ['::', 128, 'unspecified'],
  ['::1', 128, 'loopback'],
  ['fe80::', 10, 'link-local'],
  ['fd00:ec2::254', 128, 'metadata'], // Amazon's
  ['ff00::', 8, 'many'],
];
/** Networks of the link, and where clouds say who a machine is: a stranger's pods in our cluster must not reach them, whatever else they may. */
export const NOT_FOR_PODS: readonly string[] = PLACES.filter(([, , place]) => place === 'link-local' || place === 'metadata').map(
  ([network, length]) => `${network}/${length}`,
);
/** IPv6 that leads to the IPv4 address within it: network, its length, how many bits stand behind that address. */
const CARRIERS: readonly (readonly [string, number, bigint])[] = [
  ['::ffff:0:0', 96, 0n], // mapped
  ['64:ff9b::', 96, 0n], // NAT64
  ['::', 96, 0n], // compatible
  ['2002::', 16, 80n], // 6to4
];

const isWithin = ({ width, value }: Bits, [network, length]: readonly [string, number, unknown]): boolean => {
  const of = bitsOf(network);
  const behind = BigInt(width - length);
  return of?.width === width && value >> behind === of.value >> behind;
};

function placeOf(bits: Bits): Place | undefined {
  const here = PLACES.find((place) => isWithin(bits, place));
  if (here) return here[2];
  const carrier = bits.width === 128 ? CARRIERS.find((each) => isWithin(bits, each)) : undefined;
  return carrier && placeOf({ width: 32, value: (bits.value >> carrier[2]) & 0xffffffffn });
}

const bare = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/%.*$/, '');
const placeOfHost = (host: string): Place | undefined => {
  const name = bare(host);
  const bits = bitsOf(name);
  if (bits) return placeOf(bits);
  return name === 'localhost' || name.endsWith('.localhost') ? 'loopback' : undefined;
};

/** Whether a host is an IP address, in brackets or not. */
export const isIp = (host: string): boolean => bitsOf(bare(host)) !== undefined;

/** Who is to be counted as one: an IPv4 address, however it is spelt, or an IPv6 network of 64 bits, which one owner has. */
export function networkOf(address: string): string {
  const bits = bitsOf(bare(address));
  if (!bits) return address;
  if (bits.width === 32) return String(bits.value);
  return bits.value >> 32n === 0xffffn ? String(bits.value & 0xffffffffn) : `${(bits.value >> 64n).toString(16)}::`;
}

/** Whether a host is our own machine by its address or name alone, and none but it. */
export const isLoopbackHost = (host: string): boolean => placeOfHost(host) === 'loopback';

/** Why a host is none that we go to, in words that follow its name; `undefined` when we do, and for a name, whose addresses are looked at when it is resolved. */
export function whyNotHost(host: string, { loopback }: AddressRules): string | undefined {
  const place = placeOfHost(host);
  return place === undefined || (loopback && OWN.has(place)) ? undefined : WHY[place];
}

/** The same of what a name has resolved to: one address that we do not go to is enough. */
export const whyNotResolved = (found: readonly Resolved[], rules: AddressRules): string | undefined =>
  found.map(({ address }) => whyNotHost(address, rules)).find((why) => why !== undefined);
