import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import type { Peer } from '../../src/ports/peer.ts';
import type { Trading } from './trading.ts';

export const CONNECTIONS = 16;

/** The seller as another node meets it: at its HTTP. */
export async function meet({ seller }: Trading): Promise<{ readonly peer: Peer; readonly identity: NodeIdentity }> {
  const peer = httpPeers({ clock: { now: () => Date.now() } }).at(seller.place.rear);
  const { identity } = await peer.describe();
  if (!identity) throw new Error('the seller does not say who it is');
  return { peer, identity };
}
