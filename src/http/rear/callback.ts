import { Fault } from '../../domain/faults.ts';
import { type AddressRules, isIp, isLoopbackHost, type NameRules, whyNotHost, whyNotResolved } from '../../domain/forbidden-addresses.ts';

/** `127.1`, `0x7f000001` and their like as a dialler reads them. */
const hostOf = (address: string): string => {
  const url = `http://${address}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
};

/**
 * Why we would not call a buyer there, who tells us where it wants to hear of a contract's end; `undefined` when we would. A name is looked at when we call:
 * `callbackPlace`.
 */
export const callbackRefusal = (address: string, rules: AddressRules): string | undefined => whyNotHost(hostOf(address), rules);

/** Whether a listener at this address, or a node that announces it, is on loopback. */
export const isLoopback = (address: string): boolean => isLoopbackHost(hostOf(address));

/**
 * Where to dial for a buyer's address: with the number that its name has now, so that what is checked is what is connected to. PEER_REFUSED when one of its
 * addresses is none that we call, PEER_UNREACHABLE when there is none.
 */
export async function callbackPlace(address: string, rules: NameRules): Promise<string> {
  const shown = address.slice(0, 200);
  const refuse = (why: string | undefined): void => {
    if (why !== undefined) throw new Fault('PEER_REFUSED', `we do not call ${shown}: it ${why}`, { address: shown });
  };
  const host = hostOf(address);
  refuse(whyNotHost(host, rules));
  if (isIp(host)) return address;
  const found = await rules.resolve(host).catch(() => []);
  refuse(whyNotResolved(found, rules));
  // One is dialled: of both families that one which more networks route.
  const { address: number, family } = found.find((each) => each.family === 4) ?? found[0] ?? {};
  if (number === undefined) throw new Fault('PEER_UNREACHABLE', 'its name has no address', { address: shown });
  return `${family === 6 ? `[${number.replace(/%.*$/, '')}]` : number}${/:\d+$/.exec(address)?.[0] ?? ''}`;
}
