import type { Contract, ContractState } from './contract.ts';

/** When a contract ends, as it was agreed last: RFC 3339. */
export const untilOf = ({ terms, renewedUntil }: Pick<Contract, 'terms' | 'renewedUntil'>): string => renewedUntil ?? terms.expiresAt;

/** When it ends as far as is known: as was agreed, or by notice before. */
export const endsOn = (contract: Pick<Contract, 'terms' | 'renewedUntil' | 'notice'>): string => {
  const until = untilOf(contract);
  const { endsAt = until } = contract.notice ?? {};
  return Date.parse(endsAt) < Date.parse(until) ? endsAt : until;
};

/** What it is to a slice that comes under it, and to a buyer who wants its service handed over: over from its end on, though who ends it was away since, or gives what is in use its grace. `now` in milliseconds since the epoch. */
export const stateAt = (contract: Pick<Contract, 'state' | 'terms' | 'renewedUntil' | 'notice'>, now: number): ContractState =>
  contract.state === 'active' && now >= Date.parse(endsOn(contract)) ? 'over' : contract.state;

/** The end that the next renewal gives, to the second, so that both sides come to the same one; `undefined` where none was agreed on by signature. */
export function nextEnd(contract: Contract): string | undefined {
  const { renewal } = contract.terms.flavor.terms ?? {};
  if (!renewal || !contract.agreement) return undefined;
  const second = Math.floor(Date.parse(untilOf(contract)) / 1_000) * 1_000;
  return new Date(second + renewal.forMs).toISOString();
}
