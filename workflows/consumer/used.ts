import { costOf } from '../../src/domain/money.ts';
import { type Cost, inAll } from '../../src/domain/spending.ts';
import type { Place, Used } from '../../src/domain/status.ts';
import type { Attempt, IntentState } from './intent-state.ts';

/** Puts the workload at a place; the time at home, which no attempt tells of, is written down. */
export function putAt(state: IntentState, place: Place): void {
  const now = Date.now();
  if (state.homes) state.homes = state.homes.map((home) => ({ until: now, ...home }));
  if (place.kind === 'local') state.homes = [...(state.homes ?? []), { namespace: place.namespace, from: now }];
  state.place = place;
}

/** Where it runs, in Markdown. */
export const placeWords = (place: Place | undefined): string =>
  place?.kind === 'remote'
    ? `**Running** on \`${place.node}\` of ${place.seller}, contract \`${place.contract}\``
    : `**Running** at home in \`${place?.namespace}\``;

/** What was bought of an attempt, and what it cost when it is over: from its purchase until it was let go, as a budget counts it. */
function boughtOf({ id, candidate, service, last, boughtAt, until }: Attempt): readonly Used[] {
  if (boughtAt === undefined) return [];
  const { hourly } = candidate;
  return [
    {
      acquisition: id,
      seller: candidate.seller.domain,
      from: boughtAt,
      ...(service !== undefined && { service }),
      ...(last?.contract && { contract: last.contract }),
      ...(last?.node && { node: last.node }),
      ...(hourly && { hourly }),
      ...(until !== undefined && { until }),
      ...(until !== undefined && hourly && { cost: costOf(hourly.amount, until - boughtAt) }),
    },
  ];
}

/** Where the workload was, and what was bought for it, in the order in which it began. */
export const usedOf = ({ attempts, homes = [] }: IntentState, endedAt?: number): readonly Used[] =>
  [...attempts.flatMap(boughtOf), ...homes.map((home) => (endedAt === undefined ? home : { until: endedAt, ...home }))].sort(
    (a, b) => a.from - b.from,
  );

const costsOf = (used: readonly Used[]): readonly Cost[] =>
  used.flatMap(({ cost, hourly }) => (cost === undefined || !hourly ? [] : [{ amount: cost, currency: hourly.currency }]));

/** What attempts cost that are forgotten; a run of before told one amount, without its currency. */
function costOfForgotten({ forgotten, spent, intent, attempts }: IntentState): readonly Cost[] {
  const currency = intent.budget?.currency ?? attempts.find(({ candidate }) => candidate.hourly)?.candidate.hourly?.currency;
  return forgotten ?? (spent === '0' || currency === undefined ? [] : [{ amount: spent, currency }]);
}

/** Keeps what attempts cost that are forgotten. */
export function forget(state: IntentState, attempts: readonly Attempt[]): void {
  state.forgotten = inAll([...costOfForgotten(state), ...costsOf(attempts.flatMap(boughtOf))]);
}

/** What all that is over has cost, currency by currency. */
export const costOfAll = (state: IntentState): readonly Cost[] => inAll([...costOfForgotten(state), ...costsOf(usedOf(state))]);
