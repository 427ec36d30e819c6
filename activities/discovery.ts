import type { Candidate, PlanEntry, ResourceRequest, SilentNode } from '../src/domain/candidate.ts';
import { assess } from '../src/domain/matching.ts';
import { rank, refusedEntry } from '../src/domain/ranking.ts';
import type { Peer } from '../src/ports/peer.ts';
import { openAsking } from './asking.ts';
import type { ActivityDeps } from './deps.ts';

/** How many candidates and refusals travel through a workflow's history; the table keeps them all. */
const MOST = 20;

export interface Discovery {
  readonly candidates: readonly Candidate[];
  readonly refused: readonly PlanEntry[];
  readonly silent: readonly SilentNode[];
}

/** What fits; where nothing does, what there is instead, so that the plan can say why not. */
async function lookedThrough(peer: Pick<Peer, 'listFlavors'>, request: ResourceRequest): ReturnType<Peer['listFlavors']> {
  const fitting = await peer.listFlavors(request);
  return fitting.flavors.length > 0 ? fitting : await peer.listFlavors();
}

/** Phase 2: asks every known node at once, each with its own deadline; a dead, slow or lying one harms nobody. */
export const discoveryActivities = (deps: Pick<ActivityDeps, 'peers' | 'knownNodes' | 'candidates' | 'ratings' | 'self' | 'timing'>) => {
  const asking = openAsking(deps);
  return {
    async discover({ request }: { request: ResourceRequest }): Promise<Discovery> {
      const answers = await asking.everybody(
        (peer) => lookedThrough(peer, request),
        async ({ address, offered, silent }) => {
          const found: Candidate[] = [];
          const refused: PlanEntry[] = [];
          for (const { flavor, ...who } of offered) {
            const verdict = assess(flavor, request, who);
            if ('candidate' in verdict) found.push(verdict.candidate);
            else refused.push(refusedEntry(flavor, verdict.refusals));
          }
          // What one that is silent offered before can be bought by nobody now.
          await deps.candidates.replace(address, found);
          return { found, refused, silent };
        },
      );
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
