import type { Candidate, PlanEntry, SilentNode } from '../src/domain/candidate.ts';
import { isOfOne, rank, refusedEntry, shortlist } from '../src/domain/ranking.ts';
import { assessService } from '../src/domain/service-matching.ts';
import type { ServiceRequest } from '../src/domain/service-request.ts';
import { type AskingDeps, openAsking } from './asking.ts';

/** How many candidates and refusals of one service travel through a workflow's history. */
const MOST = 10;

/** What is offered for one service of an intent. */
export interface OfferedService {
  readonly name: string;
  readonly candidates: readonly Candidate[];
  readonly refused: readonly PlanEntry[];
  readonly silent: readonly SilentNode[];
  /** How many more candidates and refusals there are than travel. */
  readonly more?: number;
}

/** Phase 2 of services: what they cost and whether they can be configured so is known before any is reserved. They peer with nobody, so the table of Peering Candidates holds none of them. */
export const serviceDiscoveryActivities = (deps: AskingDeps) => {
  const asking = openAsking(deps);
  const offersOf = async (request: ServiceRequest, failed: readonly string[]): Promise<OfferedService> => {
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
    const candidates = shortlist(rank(found, request), MOST, (candidate) => isOfOne(failed, candidate));
    const more = found.length + refused.length - candidates.length - Math.min(refused.length, MOST);
    return { name, candidates, refused: refused.slice(0, MOST), silent, ...(more > 0 && { more }) };
  };
  return {
    /** `failed`: ids and addresses of sellers that failed in this intent, whose offers leave room for everybody else's. */
    async discoverServices({
      services,
      failed = [],
    }: {
      services: readonly ServiceRequest[];
      failed?: readonly string[];
    }): Promise<readonly OfferedService[]> {
      return await Promise.all(services.map((service) => offersOf(service, failed)));
    },
  };
};
