import type { Candidate, PlanEntry, SilentNode } from '../src/domain/candidate.ts';
import { rank, refusedEntry } from '../src/domain/ranking.ts';
import { assessService } from '../src/domain/service-matching.ts';
import type { ServiceRequest } from '../src/domain/service-request.ts';
import { openAsking } from './asking.ts';
import type { ActivityDeps } from './deps.ts';

/** How many candidates and refusals of one service travel through a workflow's history. */
const MOST = 10;

/** What is offered for one service of an intent. */
export interface OfferedService {
  readonly name: string;
  readonly candidates: readonly Candidate[];
  readonly refused: readonly PlanEntry[];
  readonly silent: readonly SilentNode[];
}

/** Phase 2 of services: what they cost and whether they can be configured so is known before any is reserved. They peer with nobody, so the table of Peering Candidates holds none of them. */
export const serviceDiscoveryActivities = (deps: Pick<ActivityDeps, 'peers' | 'knownNodes' | 'ratings' | 'self' | 'timing'>) => {
  const asking = openAsking(deps);
  const offersOf = async (request: ServiceRequest): Promise<OfferedService> => {
    const { name, kind, category, tags } = request;
    const found: Candidate[] = [];
    const refused: PlanEntry[] = [];
    const silent: SilentNode[] = [];
    await asking.everybody(
      (peer) => peer.listFlavors({ kind, ...(category !== undefined && { category }), ...(tags && { tags }) }),
      async (answer) => {
        if (answer.silent) silent.push(answer.silent);
        for (const { flavor, extensions, ...who } of answer.offered) {
          const verdict = assessService(flavor, request, { ...who, handsOver: extensions.includes('handover') });
          if ('candidate' in verdict) found.push(verdict.candidate);
          else refused.push({ ...refusedEntry(flavor, verdict.refusals), service: name });
        }
      },
    );
    return { name, candidates: rank(found, request).slice(0, MOST), refused: refused.slice(0, MOST), silent };
  };
  return {
    async discoverServices({ services }: { services: readonly ServiceRequest[] }): Promise<readonly OfferedService[]> {
      return await Promise.all(services.map(offersOf));
    },
  };
};
