import type { LookupFunction } from 'node:net';
import { Fault } from '../../domain/faults.ts';
import { type NameRules, whyNotHost, whyNotResolved } from '../../domain/forbidden-addresses.ts';

const refused = (what: string): Fault => {
  const why = `cluster.server ${what}`;
  return new Fault('KUBECONFIG_REFUSED', `the kubeconfig is refused: ${why}`, { why });
};

/** Resolves as Node does, but fails with KUBECONFIG_REFUSED when one of the addresses is none that we go to: what is checked is what is connected to. */
export const guardedLookup =
  (rules: NameRules): LookupFunction =>
  (host, { all }, done) => {
    const answer = async (): Promise<void> => {
      try {
        const found = await rules.resolve(host);
        const why = whyNotResolved(found, rules);
        if (why !== undefined) throw refused(`resolves to what ${why}`);
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
  const { hostname } = new URL(server);
  const why = whyNotHost(hostname, rules);
  if (why !== undefined) throw refused(why);
  const not = whyNotResolved(await rules.resolve(hostname.replace(/^\[|\]$/g, '')).catch(() => []), rules);
  if (not !== undefined) throw refused(`resolves to what ${not}`);
}
