import type { Candidate, PlanEntry, ResourceRequest, SilentNode } from '../src/domain/candidate.ts';
import { isFault } from '../src/domain/faults.ts';
import type { Flavor } from '../src/domain/flavor.ts';
import { isSameAddress } from '../src/domain/address.ts';
import { assess } from '../src/domain/matching.ts';
import { rank, refusedEntry } from '../src/domain/ranking.ts';
import type { PeerDescription } from '../src/ports/peer.ts';
import { within } from './deadline.ts';
import type { ActivityDeps } from './deps.ts';

/** How many candidates and refusals travel through a workflow's history; the table keeps them all. */
const MOST = 20;

export interface Discovery {
  readonly candidates: readonly Candidate[];
  readonly refused: readonly PlanEntry[];
  readonly silent: readonly SilentNode[];
}

/** Phase 2: asks every known node at once, each with its own deadline; a dead, slow or lying one harms nobody. */
export const discoveryActivities = ({
  peers,
  knownNodes,
  candidates,
  ratings,
  self,
  timing,
}: Pick<ActivityDeps, 'peers' | 'knownNodes' | 'candidates' | 'ratings' | 'self' | 'timing'>) => {
  const ask = async (
    address: string,
    request: ResourceRequest,
    others: ReadonlyMap<string, string>,
  ): Promise<{ found: readonly Candidate[]; refused: readonly PlanEntry[]; silent?: SilentNode }> => {
    const peer = peers.at(address);
    let answer: { flavors: readonly Flavor[]; unreadable: readonly string[] };
    let description: PeerDescription;
    try {
      [description, answer] = await within(timing.nodeAnswerMs, Promise.all([peer.describe(), peer.listFlavors(request)]));
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
      // What it offered before it was silent can be bought by nobody now.
      await candidates.replace(address, []);
      return { found: [], refused: [], silent: { address, code: error.code, detail: error.message } };
    }
    const found: Candidate[] = [];
    const refused: PlanEntry[] = [];
    const { dialect, identity } = description;
    const asked = { address, others, ...(identity && { identity }) };
    const rated = await ratings.of([...new Set(answer.flavors.map(({ owner }) => owner.id))]);
    for (const flavor of answer.flavors) {
      const rating = rated.get(flavor.owner.id);
      const verdict = assess(flavor, request, { self, dialect, asked, ...(rating !== undefined && { rating }) });
      if ('candidate' in verdict) found.push(verdict.candidate);
      else refused.push(refusedEntry(flavor, verdict.refusals));
    }
    await candidates.replace(address, found);
    return { found, refused };
  };
  return {
    async discover({ request }: { request: ResourceRequest }): Promise<Discovery> {
      const nodes = (await knownNodes.list()).filter(({ address }) => !isSameAddress(address, self.address));
      const othersThan = (one: string): ReadonlyMap<string, string> =>
        new Map(nodes.flatMap(({ address, nodeId }) => (nodeId === undefined || address === one ? [] : [[nodeId, address] as const])));
      const answers = await Promise.all(nodes.map(({ address }) => ask(address, request, othersThan(address))));
      return {
        candidates: rank(
          answers.flatMap(({ found }) => found),
          request,
        ).slice(0, MOST),
        refused: answers.flatMap(({ refused }) => refused).slice(0, MOST),
        silent: answers.flatMap(({ silent }) => (silent ? [silent] : [])),
      };
    },
  };
};
