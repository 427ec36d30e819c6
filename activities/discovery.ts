import type { Candidate, PlanEntry, ResourceRequest, SilentNode } from '../src/domain/candidate.ts';
import { assess } from '../src/domain/matching.ts';
import { isOfOne, rank, refusedEntry, shortlist } from '../src/domain/ranking.ts';
import type { Peer } from '../src/ports/peer.ts';
import { type AskingDeps, openAsking } from './asking.ts';
import type { ActivityDeps } from './deps.ts';

/** How many candidates and refusals travel through a workflow's history; the table keeps all candidates. */
const MOST = 20;

export interface Discovery {
  readonly candidates: readonly Candidate[];
  readonly refused: readonly PlanEntry[];
  readonly silent: readonly SilentNode[];
  /** How many more candidates and refusals there are than travel. */
  readonly more?: number;
}

/** What fits; where nothing does, what there is instead, so that the plan can say why not. */
async function lookedThrough(peer: Pick<Peer, 'listFlavors'>, request: ResourceRequest): ReturnType<Peer['listFlavors']> {
  const fitting = await peer.listFlavors(request);
  return fitting.flavors.length > 0 ? fitting : await peer.listFlavors();
}

/** Phase 2: asks every known node at once, each with its own deadline; a dead, slow or lying one harms nobody. */
export const discoveryActivities = (deps: AskingDeps & Pick<ActivityDeps, 'candidates'>) => {
  const asking = openAsking(deps);
  return {
    /** `failed`: ids and addresses of sellers that failed in this intent, whose offers leave room for everybody else's. */
    async discover({ request, failed = [] }: { request: ResourceRequest; failed?: readonly string[] }): Promise<Discovery> {
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
      const ranked = rank(
        answers.flatMap(({ found }) => found),
        request,
      );
      const candidates = shortlist(ranked, MOST, (candidate) => isOfOne(failed, candidate));
      const refusals = answers.flatMap(({ refused }) => refused);
      const refused = refusals.slice(0, MOST);
      const more = ranked.length + refusals.length - candidates.length - refused.length;
      return { candidates, refused, silent: answers.flatMap(({ silent }) => (silent ? [silent] : [])), ...(more > 0 && { more }) };
    },
  };
};
