import type { PeerTls, TlsMaterial } from '../adapters/rear-http/dialling.ts';
import { bareAddress, comparedAddress } from '../domain/address.ts';
import type { Configuration } from './configuration.ts';
import type { Parts } from './parts.ts';
import { readAuthorities, readOwnTls } from './tls-files.ts';
import { followFiles } from './watched-files.ts';

/** How other nodes are asked over TLS: which of them, whom we believe, and what we show; as the files have it now. CONFIGURATION_INVALID when they cannot be used at the start. */
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
