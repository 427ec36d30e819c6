import type { Candidate, Refusal } from './candidate.ts';
import { configurationProblems } from './configuration-template.ts';
import { type Flavor, type HostingPolicy, isBlueprint } from './flavor.ts';
import {
  type Asking,
  NEUTRAL_RATING,
  type Refuse,
  type Verdict,
  checkLatency,
  checkLocation,
  checkOffered,
  checkPrice,
  priceByHour,
  sellerOf,
} from './matching.ts';
import { NOTHING } from './resources.ts';
import { DEFAULT_POLICY, type ServiceRequest } from './service-request.ts';

/**
 * Whether a flavor will do for a service of an intent, and what an instance would cost; otherwise every reason why not. It trusts nothing that the seller wrote. The configuration is checked here, before
 * anything is reserved. `handsOver`: the node says that it hands over what it made; a FLUIDOS node does not.
 */
export function assessService(
  flavor: Flavor,
  request: ServiceRequest,
  { handsOver, rating = NEUTRAL_RATING, ...asking }: Asking & { readonly handsOver: boolean; readonly rating?: number },
): Verdict {
  const refusals: Refusal[] = [];
  const refuse: Refuse = (code, detail) => void refusals.push({ code, detail });
  checkOffered(flavor, asking, refuse);
  if (!isBlueprint(flavor) || flavor.offer.kind !== request.kind) {
    refuse('not-a-service', `offers a ${flavor.offer.kind}, and a ${request.kind} is wanted`);
    return { refusals };
  }
  if (!handsOver) refuse('no-handover', 'is of a node that has no message by which a service is handed over');
  const { offer } = flavor;
  const differs = (what: string, wanted: string | undefined, got: string): void => {
    if (wanted !== undefined && wanted !== got) refuse('not-wanted', `is of ${what} ${short(got)}, not ${wanted}`);
  };
  differs('category', request.category, offer.category);
  differs('name', request.flavor, offer.name);
  const missing = (request.tags ?? []).filter((tag) => !offer.tags.includes(tag));
  if (missing.length > 0) refuse('not-wanted', `lacks the tag ${missing.join(' and ')}`);
  const hostingPolicy = policyOf(offer.hostingPolicies, request.hostingPolicy, refuse);
  for (const problem of configurationProblems(offer.configurationTemplate, request.configuration))
    refuse('configuration', isOf(problem) ? `the seller's schema refuses what the intent says: ${problem}` : problem);
  checkLocation(flavor.location, request.locations, refuse);
  // REAR has no place for a service's latency.
  checkLatency(undefined, request.maxLatencyMs, refuse);
  const priced = priceByHour(flavor, NOTHING, refuse);
  if (priced !== 'unreadable') checkPrice(priced, request, refuse);
  if (refusals.length > 0 || hostingPolicy === undefined || priced === 'unreadable') return { refusals };
  const candidate: Candidate = {
    flavor,
    seller: sellerOf(flavor, asking),
    dialect: asking.dialect,
    part: NOTHING,
    service: { hostingPolicy, configuration: request.configuration },
    ...(priced ? { hourly: priced } : {}),
    rating,
  };
  return { candidate };
}

/** Of the configuration, and not of a template that cannot be read. */
const isOf = (problem: string): boolean => problem.startsWith('configuration');

const short = (text: string): string => (text === '' ? '(none)' : text.slice(0, 60));

/** A flavor that names no policy is hosted by its seller. */
function policyOf(offered: readonly HostingPolicy[], wanted: HostingPolicy | undefined, refuse: Refuse): HostingPolicy | undefined {
  const policies = offered.length === 0 ? [DEFAULT_POLICY] : offered;
  const policy = wanted ?? DEFAULT_POLICY;
  if (policies.includes(policy)) return policy;
  const hint = wanted === undefined ? '; name one as hostingPolicy to take it so' : '';
  refuse('hosting', `is hosted by ${policies.join(' or ')}, not by ${policy}${hint}`);
  return undefined;
}
