import type { PeerTls, TlsMaterial } from '../adapters/rear-http/dialling.ts';
import { bareAddress, comparedAddress } from '../domain/address.ts';
import type { Clock } from '../ports/clock.ts';
import type { KnownNodes } from '../ports/records.ts';
import type { Configuration } from './configuration.ts';
import type { Parts } from './parts.ts';
import { readAuthorities, readOwnTls } from './tls-files.ts';
import { followFiles } from './watched-files.ts';

/** How other nodes are asked over TLS: which of those of the configuration, whom we believe, and what we show; as the files have it now. CONFIGURATION_INVALID when they cannot be used at the start. */
export async function openPeerTls({
  configuration: { knownNodes, rear },
  log,
  readiness,
  signal,
}: Pick<Parts, 'log' | 'readiness' | 'signal'> & { readonly configuration: Pick<Configuration, 'knownNodes' | 'rear'> }): Promise<PeerTls> {
  const { clientTls } = rear;
  const secure = knownNodes.filter(({ address }) => address !== bareAddress(address));
  const pins = secure.flatMap(({ address, caFile }) => (caFile === undefined ? [] : [{ address: comparedAddress(address), caFile }]));
  const read = async (): Promise<{ own: TlsMaterial; pinned: readonly (readonly [string, TlsMaterial])[] }> => {
    const own = clientTls === undefined ? {} : await readOwnTls('rear.clientTls', clientTls);
    const pinned = pins.map(async ({ address, caFile }) => [address, { ...own, ca: await readAuthorities('knownNodes', caFile) }] as const);
    return { own, pinned: await Promise.all(pinned) };
  };
  const files = [...(clientTls === undefined ? [] : [clientTls.certFile, clientTls.keyFile]), ...pins.map(({ caFile }) => caFile)];
  const followed = await followFiles({
    what: 'TLS towards other nodes',
    files,
    read,
    troubled(why) {
      readiness.say('tls of other nodes', why ?? 'as the files have it');
    },
    log,
    signal,
  });
  const known = new Set(secure.map(({ address }) => comparedAddress(address)));
  return {
    isKnown: (address) => known.has(comparedAddress(address)),
    of(address) {
      const { own, pinned } = followed.now();
      return pinned.find(([each]) => each === comparedAddress(address))?.[1] ?? own;
    },
  };
}

/** How old may be what is believed of the table, ms: each process of ours adds nodes to it. */
const READ_MS = 1_000;

/** With those that the table of known nodes has as `https://`, whoever added them, since a second ago at the latest. STORE_UNAVAILABLE while it cannot be read: in clear goes only what is known to. */
export function withKnownNodes(tls: PeerTls, { overTls, clock }: Pick<KnownNodes, 'overTls'> & { readonly clock: Clock }): PeerTls {
  let last: { readonly at: number; readonly addresses: Promise<ReadonlySet<string>> } | undefined;
  const read = (): Promise<ReadonlySet<string>> => {
    if (last && Math.abs(clock.now() - last.at) < READ_MS) return last.addresses;
    const now = { at: clock.now(), addresses: overTls().then((all) => new Set(all.map(comparedAddress))) };
    last = now;
    now.addresses.catch(() => {
      if (last === now) last = undefined;
    });
    return now.addresses;
  };
  return {
    ...tls,
    isKnown: async (address) => (await tls.isKnown(address)) || (await read()).has(comparedAddress(address)),
  };
}
