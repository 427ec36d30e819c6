import dns, { type LookupAddress } from 'node:dns';
import { BlockList, type LookupFunction, isIP } from 'node:net';
import { Fault } from '../../domain/faults.ts';

/** To which addresses of somebody else's API server we go. */
export interface AddressRules {
  /** Our own machine: for playgrounds only, where all clusters are on it. */
  readonly loopback: boolean;
}

/** Where clouds answer who we are, also as IPv6 (mapped, NAT64) spells it: no API server is there. */
const METADATA = new BlockList();
METADATA.addSubnet('169.254.0.0', 16);
METADATA.addSubnet('fe80::', 10, 'ipv6');
METADATA.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
METADATA.addAddress('fd00:ec2::254', 'ipv6'); // Amazon's
METADATA.addAddress('100.100.100.200'); // Alibaba's

/** Our own machine; a connection to the unspecified address arrives there too. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addSubnet('0.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');
LOOPBACK.addAddress('::', 'ipv6');
LOOPBACK.addSubnet('64:ff9b::7f00:0', 104, 'ipv6');

const has = (list: BlockList, address: string): boolean => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Why an IP address is none that we go to; `undefined` when we do, and for a name, whose addresses are looked at when it is resolved. */
export function whyNotAddress(host: string, { loopback }: AddressRules): string | undefined {
  const address = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (isIP(address) === 0) return undefined;
  if (has(METADATA, address)) return 'is a link-local address';
  return !loopback && has(LOOPBACK, address) ? 'is on our own machine (loopback)' : undefined;
}

const refused = (what: string): Fault => {
  const why = `cluster.server ${what}`;
  return new Fault('KUBECONFIG_REFUSED', `the kubeconfig is refused: ${why}`, { why });
};

/** How a name is resolved: all of its addresses. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;
const resolveAll: Resolve = (host) => dns.promises.lookup(host, { all: true });

/** Resolves as Node does, but fails with KUBECONFIG_REFUSED when one of the addresses is none that we go to: what is checked is what is connected to. */
export const guardedLookup =
  (rules: AddressRules, resolve: Resolve = resolveAll): LookupFunction =>
  (host, { all }, done) => {
    const answer = async (): Promise<void> => {
      try {
        const found = await resolve(host);
        const why = found.map(({ address }) => whyNotAddress(address, rules)).find((each) => each !== undefined);
        const [first] = found;
        if (why !== undefined || !first) throw refused(`resolves to what ${why ?? 'is no address'}`);
        if (all) done(null, [...found]);
        else done(null, first.address, first.family);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)), []);
      }
    };
    void answer();
  };

const LOOK_MS = 2_000;

/**
 * Looks at a server before its credentials are kept: KUBECONFIG_REFUSED when its address, or one that its name has now, is none that we go to. A name that cannot be resolved (in time)
 * passes: connections are guarded by themselves.
 */
export async function checkServer(server: string, rules: AddressRules, resolve: Resolve = resolveAll): Promise<void> {
  const host = new URL(server).hostname;
  const why = whyNotAddress(host, rules);
  if (why !== undefined) throw refused(why);
  if (isIP(host.replace(/^\[|\]$/g, '')) !== 0) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly LookupAddress[]>((done) => {
    timer = setTimeout(() => done([]), LOOK_MS);
  });
  const found = await Promise.race([resolve(host).catch(() => []), late]);
  clearTimeout(timer);
  for (const { address } of found) {
    const not = whyNotAddress(address, rules);
    if (not !== undefined) throw refused(`resolves to what ${not}`);
  }
}
