import type { Candidate, PlanEntry, Refusal, ResourceRequest } from './candidate.ts';
import type { Flavor } from './flavor.ts';
import { NEUTRAL_RATING } from './matching.ts';
import { compareAmounts, priceWords, sameCurrency } from './money.ts';
import type { Resources } from './resources.ts';

/**
 * Candidates in the order in which they are tried: price of an hour of the part, then latency, then rating, then flavor id, so that the same
 * candidates always come in the same order. What has no price comes last. Currencies are never compared with each other: those of the request
 * come first, the others follow currency by currency.
 */
export function rank(
  candidates: readonly Candidate[],
  request: Pick<ResourceRequest, 'currency' | 'maxHourlyPrice'>,
): readonly Candidate[] {
  const wanted = request.maxHourlyPrice?.currency ?? request.currency;
  return candidates.toSorted(
    (a, b) =>
      byCurrency(a, b, wanted) ||
      compareAmounts(a.hourly?.amount ?? '0', b.hourly?.amount ?? '0') ||
      (a.latencyMs ?? Number.MAX_VALUE) - (b.latencyMs ?? Number.MAX_VALUE) ||
      b.rating - a.rating ||
      byText(a.flavor.id, b.flavor.id) ||
      byText(a.seller.address, b.seller.address),
  );
}

/** So many of one seller come before anybody's further ones. */
const EACH = 3;

/**
 * At most so many of what is ranked, in that order. No seller fills the list: a node with a flavor per machine, or one that lists without end what it never sells, would keep all others out of it. `late`: of those that failed,
 * who are listed where there is room.
 */
export function shortlist(
  ranked: readonly Candidate[],
  most: number,
  late: (candidate: Candidate) => boolean = () => false,
): readonly Candidate[] {
  const seen = new Map<string, number>();
  const turn = (candidate: Candidate): number => {
    const before = seen.get(candidate.seller.address) ?? 0;
    seen.set(candidate.seller.address, before + 1);
    return (late(candidate) ? 2 : 0) + (before < EACH ? 0 : 1);
  };
  const kept = ranked
    .map((candidate) => ({ candidate, turn: turn(candidate) }))
    .toSorted((a, b) => a.turn - b.turn)
    .slice(0, most);
  const chosen = new Set(kept.map(({ candidate }) => candidate));
  return ranked.filter((candidate) => chosen.has(candidate));
}

/** Whether it is of a seller that failed before: by its id, or by the address where all that it lists is bought, whatever owners it names. */
export const isOfOne = (failed: readonly string[], { seller }: Candidate): boolean =>
  failed.includes(seller.id) || failed.includes(seller.address);

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function byCurrency(a: Candidate, b: Candidate, wanted: string | undefined): number {
  const place = ({ hourly }: Candidate): number =>
    hourly === undefined ? 2 : wanted !== undefined && sameCurrency(hourly.currency, wanted) ? 0 : 1;
  const name = ({ hourly }: Candidate): string => hourly?.currency.trim().toUpperCase() ?? '';
  return place(a) - place(b) || byText(name(a), name(b));
}

/** Why a candidate comes after all that are better or worse, in words; `undefined` of one in its place. */
type WhyLast = (candidate: Candidate) => string | undefined;

/** The plan before anything was tried: the candidates in the order in which they will be, with what spoke for each. */
export const planOf = (inTurn: readonly Candidate[], whyLast: WhyLast = () => undefined): readonly PlanEntry[] =>
  inTurn.map((candidate, i) => entry(candidate, i, inTurn[i - 1], whyLast));

function entry(candidate: Candidate, index: number, better: Candidate | undefined, whyLast: WhyLast): PlanEntry {
  const { flavor, seller, hourly, latencyMs, rating } = candidate;
  return {
    flavorId: flavor.id,
    seller: seller.domain,
    ...(hourly ? { hourly } : {}),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(rating === NEUTRAL_RATING ? {} : { rating }),
    rank: index + 1,
    verdict: 'open',
    reasons: [facts(candidate), ...order(candidate, better, whyLast)],
  };
}

function order(candidate: Candidate, better: Candidate | undefined, whyLast: WhyLast): readonly string[] {
  const last = whyLast(candidate);
  if (!better) return last === undefined ? [] : [last];
  const why = last === undefined || whyLast(better) !== undefined ? [whyAfter(candidate, better)] : [];
  return [`after ${better.flavor.id}: ${[...why, ...(last === undefined ? [] : [last])].join('; ')}`];
}

const gpus = ({ gpu = '0' }: Resources): string => (gpu === '0' ? '' : `, ${gpu} GPUs`);
const facts = ({ part, service, hourly, latencyMs, rating }: Candidate): string =>
  [
    service
      ? `an instance hosted by ${service.hostingPolicy}`
      : `part: ${part.cpu} cpu, ${part.memory} memory, ${part.pods} pods${part.storage === undefined ? '' : `, ${part.storage} storage`}${gpus(part)}`,
    hourly ? priceWords(hourly) : 'no stated price',
    ...(service ? [] : [latencyMs === undefined ? 'no stated latency' : `${latencyMs} ms`]),
    ...(rating === NEUTRAL_RATING ? [] : [`rating ${rating}`]),
  ].join('; ');

/** The first thing in which the better one is better. */
function whyAfter(candidate: Candidate, better: Candidate): string {
  if (!candidate.hourly !== !better.hourly) return 'it has no price';
  if (candidate.hourly && better.hourly) {
    if (!sameCurrency(candidate.hourly.currency, better.hourly.currency))
      return 'its currency comes later, and currencies are not compared';
    if (compareAmounts(candidate.hourly.amount, better.hourly.amount) !== 0)
      return priceWords(candidate.hourly) === priceWords(better.hourly)
        ? `it costs more: exactly ${candidate.hourly.amount}, not ${better.hourly.amount}`
        : 'it costs more';
  }
  if (candidate.latencyMs !== better.latencyMs) return candidate.latencyMs === undefined ? 'it states no latency' : 'it is farther away';
  return candidate.rating === better.rating ? 'equal otherwise, by id' : 'it is rated lower';
}

/** The line of a flavor that will not do. */
export const refusedEntry = (flavor: Flavor, refusals: readonly Refusal[]): PlanEntry => ({
  flavorId: flavor.id,
  seller: flavor.owner.domain,
  ...(flavor.offer.kind === 'k8slice' && flavor.offer.latencyMs !== undefined ? { latencyMs: flavor.offer.latencyMs } : {}),
  verdict: 'refused',
  reasons: refusals.map(({ code, detail }) => `${code}: ${detail}`),
});
