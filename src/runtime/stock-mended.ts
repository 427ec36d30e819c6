import type { FlavorId } from '../domain/ids.ts';
import { type Resources, amountWords, sameResources } from '../domain/resources.ts';
import type { Ledger } from '../ports/inventory.ts';

/** What a process that watches left on sale at its last look, by the flavor's first id. */
export type LeftOnSale = Map<FlavorId, Resources>;

/** What the ledger of a flavor says of what is on sale that the cluster does not. */
function saidOf(before: Ledger, total: Resources): string | undefined {
  if (!before.onSale) return 'nothing is on sale';
  if (!sameResources(before.wanted, total)) return `${amountWords(before.wanted)} are on sale`;
  return before.sound ? undefined : 'something else may be sold than is on sale';
}

/**
 * Tells what was put right of a flavor whose ledger did not say what the cluster has. What its last look left is what the nodes said then, so that what differs from that was written behind our back, and is warned of; what differs at
 * the first look may have changed while nobody watched.
 */
export function tellMended(input: {
  readonly id: FlavorId;
  /** `undefined` when it is off sale, and nothing is promised of it. */
  readonly before: Ledger | undefined;
  readonly total: Resources;
  readonly left: LeftOnSale;
  readonly log: { info(facts: object, words: string): void; warn(facts: object, words: string): void };
}): void {
  const { id, before, total, left, log } = input;
  const last = left.get(id);
  const isMeddled = last !== undefined && (!before?.onSale || !sameResources(before.wanted, last));
  if (!isMeddled && before?.sound !== false && (last !== undefined || !before?.onSale)) return;
  const said = before ? saidOf(before, total) : 'nothing is on sale';
  if (said === undefined) return;
  const line = `the ledger of ${id} said that ${said}; the cluster has ${amountWords(total)}: written anew`;
  if (isMeddled || before?.sound === false) log.warn({ flavor: id, mended: line }, 'what is on sale was not what the cluster has');
  else log.info({ flavor: id, mended: line }, 'what is on sale changed while nobody watched');
}
