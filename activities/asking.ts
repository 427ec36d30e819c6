import { isSameAddress } from '../src/domain/address.ts';
import type { SilentNode } from '../src/domain/candidate.ts';
import { isFault } from '../src/domain/faults.ts';
import type { Flavor } from '../src/domain/flavor.ts';
import type { Asking } from '../src/domain/matching.ts';
import type { Peer, PeerDescription } from '../src/ports/peer.ts';
import type { KnownNode } from '../src/ports/records.ts';
import { within } from './deadline.ts';
import type { ActivityDeps } from './deps.ts';
import { tellLie } from './lies.ts';

/** A flavor, and what is known of whoever offers it. */
interface Offered extends Asking {
  readonly flavor: Flavor;
  readonly rating?: number;
  readonly extensions: readonly string[];
}
/** What one node offers; nothing when it is silent altogether. */
interface Answer {
  readonly address: string;
  readonly offered: readonly Offered[];
  readonly silent?: SilentNode;
}
type Listing = Awaited<ReturnType<Peer['listFlavors']>>;

/** So many of a node's rows that cannot be read are told. */
const MOST_TOLD = 3;
/** What of an answer nobody could read. */
function unread(address: string, unreadable: readonly string[]): SilentNode | undefined {
  if (unreadable.length === 0) return undefined;
  const told = unreadable.slice(0, MOST_TOLD).map((why) => why.slice(0, 200));
  const more = unreadable.length > told.length ? `; and ${unreadable.length - told.length} more` : '';
  return { address, code: 'PEER_LIED', detail: `flavors that cannot be read: ${told.join('; ')}${more}`, partly: true };
}

/** What asking stands on. */
export type AskingDeps = Pick<ActivityDeps, 'peers' | 'knownNodes' | 'ratings' | 'audit' | 'self' | 'timing'>;

/** Asks the known nodes, but ourselves, what they offer: each within its deadline. What one says of itself is written down, that it is silent too; of one that lies the audit tells. */
export const openAsking = ({ peers, knownNodes, ratings, audit, self, timing }: AskingDeps) => {
  const one = async (
    { address, nodeId }: Pick<KnownNode, 'address' | 'nodeId'>,
    others: ReadonlyMap<string, string>,
    list: (peer: Peer) => Promise<Listing>,
  ): Promise<Answer> => {
    const peer = peers.at(address);
    let listed: Listing;
    let description: PeerDescription;
    try {
      [description, listed] = await within(timing.nodeAnswerMs, Promise.all([peer.describe(), list(peer)]));
      const { dialect, identity } = description;
      await knownNodes.seen(address, {
        dialect,
        // Under a second name of its own it owns nothing: its own address could otherwise never be used again.
        ...(identity && { nodeId: isSameAddress(identity.address, address) ? identity.id : null, domain: identity.domain }),
        ...(identity?.clusterId && { clusterId: identity.clusterId }),
      });
    } catch (error) {
      if (!isFault(error)) throw error;
      await knownNodes.seen(address, { fault: `${error.code}: ${error.message}` });
      // Not by what it says now: whose id that is nobody knows.
      await tellLie(audit, error, { peer: nodeId ?? address, address });
      return { address, offered: [], silent: { address, code: error.code, detail: error.message } };
    }
    const { dialect, identity, extensions } = description;
    const asked = { address, others, ...(identity && { identity }) };
    const rated = await ratings.of([...new Set(listed.flavors.map(({ owner }) => owner.id))]);
    const offered = listed.flavors.map((flavor) => {
      const rating = rated.get(flavor.owner.id);
      return { flavor, self, dialect, asked, extensions, ...(rating !== undefined && { rating }) };
    });
    const silent = unread(address, listed.unreadable);
    return { address, offered, ...(silent && { silent }) };
  };
  return {
    async everybody<T>(list: (peer: Peer) => Promise<Listing>, work: (answer: Answer) => Promise<T>): Promise<readonly T[]> {
      const nodes = (await knownNodes.list()).filter(({ address }) => !isSameAddress(address, self.address));
      const othersThan = (one: string): ReadonlyMap<string, string> =>
        new Map(nodes.flatMap(({ address, nodeId }) => (nodeId === undefined || address === one ? [] : [[nodeId, address] as const])));
      return await Promise.all(nodes.map(async (node) => await work(await one(node, othersThan(node.address), list))));
    },
  };
};
