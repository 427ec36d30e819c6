import type { LookupFunction } from 'node:net';
import { Fault } from '../../domain/faults.ts';
import { type AddressRules, type NameRules, type Resolved, whyNotHost, whyNotResolved } from '../../domain/forbidden-addresses.ts';

/** What lets sellers be on our own machine. Where the seller is there, it is not its fault then: the fact `setting` says that nothing else is wrong. */
const SETTING = 'cluster.loopbackSellers';
type Refuse = (rules: AddressRules) => string | undefined;

/** KUBECONFIG_REFUSED when `why` finds something under these rules. */
function refuse(rules: AddressRules, why: Refuse, words = (what: string): string => what): void {
  const what = why(rules);
  if (what === undefined) return;
  const told = `cluster.server ${words(what)}`;
  const isOurs = why({ ...rules, loopback: true }) === undefined;
  const remedy = isOurs ? `; where sellers are on our own machine, as in a playground, ${SETTING} has to allow it` : '';
  throw new Fault('KUBECONFIG_REFUSED', `the kubeconfig is refused: ${told}${remedy}`, { why: told, ...(isOurs && { setting: SETTING }) });
}
/** KUBECONFIG_REFUSED for a server whose address, or name, is none that we go to. */
export const refuseHost = (server: string, rules: AddressRules): void => {
  const { hostname } = new URL(server);
  refuse(rules, (under) => whyNotHost(hostname, under));
};
const refuseResolved = (found: readonly Resolved[], rules: AddressRules): void =>
  refuse(
    rules,
    (under) => whyNotResolved(found, under),
    (what) => `resolves to what ${what}`,
  );

/** Resolves as Node does, but fails with KUBECONFIG_REFUSED when one of the addresses is none that we go to: what is checked is what is connected to. */
export const guardedLookup =
  (rules: NameRules): LookupFunction =>
  (host, { all }, done) => {
    const answer = async (): Promise<void> => {
      try {
        const found = await rules.resolve(host);
        refuseResolved(found, rules);
        const [first] = found;
        if (!first) throw new Error(`${host} has no address`);
        if (all) done(null, [...found]);
        else done(null, first.address, first.family);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)), []);
      }
    };
    void answer();
  };

/**
 * Looks at a server before its credentials are kept: KUBECONFIG_REFUSED when its address, or one that its name has now, is none that we go to. A name that cannot be resolved (in time)
 * passes: connections are guarded by themselves.
 */
export async function checkServer(server: string, rules: NameRules): Promise<void> {
  refuseHost(server, rules);
  const { hostname } = new URL(server);
  refuseResolved(await rules.resolve(hostname.replace(/^\[|\]$/g, '')).catch(() => []), rules);
}
