/** Who follows the list goes on where a failure stopped it, and asks for no more at once than a page. */
import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { flavorId } from '../../src/domain/ids.ts';
import { following } from '../../src/http/rear/following.ts';
import { openKeptFlavors } from '../../src/http/rear/kept-flavors.ts';
import type { Inventory, ListChanges, Listing } from '../../src/ports/inventory.ts';
import { identityOf, sliceOf } from '../fakes/samples.ts';

const owner = identityOf('north');
const listing = (lineage: string): Listing => ({ lineage, flavor: { ...sliceOf(owner), id: flavorId(lineage) } });
const page = (next: string, change: Partial<ListChanges>): ListChanges => ({
  listings: [],
  anew: false,
  more: false,
  now: 0,
  next,
  ...change,
});

/** Follows what is answered question by question. */
function asked(answers: readonly (ListChanges | Fault)[]) {
  const questions: Parameters<Inventory['changes']>[0][] = [];
  const kept = openKeptFlavors();
  const follow = following(
    {
      async changes(question) {
        const answer = answers[questions.push(question) - 1];
        if (answer === undefined || answer instanceof Fault) throw answer ?? new Error('asked too often');
        return answer;
      },
    },
    kept,
  );
  return { follow, questions, ids: () => kept.first(() => true, 9).flavors.map(({ id }) => id) };
}
const DOWN = new Fault('STORE_UNAVAILABLE', 'down');

test('a list that is read anew replaces the old one as a whole, also when its reading fails in between', async () => {
  const { follow, questions, ids } = asked([
    page('1', { anew: true, listings: [listing('old')] }),
    page('2', { anew: true, more: true, listings: [listing('b')] }),
    DOWN,
    page('3', { listings: [listing('a')] }),
    page('3', {}),
  ]);
  expect([await follow(), ids()]).toEqual([true, ['old']]);
  await expect(follow()).rejects.toThrow('down');
  expect(ids()).toEqual(['old']);
  expect([await follow(), ids()]).toEqual([true, ['a', 'b']]);
  expect(await follow()).toBe(false);
  expect(questions.map(({ since }) => since)).toEqual([undefined, '1', '2', '2', '3']);
});

test('the next page is asked for, and that has gone out, before the one before it is read', async () => {
  const seen: string[] = [];
  const pages = [page('1', { anew: true, more: true, listings: [listing('a')] }), page('2', { listings: [listing('b')] })];
  const kept = openKeptFlavors();
  const follow = following(
    {
      async changes({ since = '0' }) {
        // As a driver that sends at the end of the turn what was asked in it.
        await new Promise<void>((resolve) => setImmediate(resolve));
        seen.push(`sent ${since}`);
        const found = pages.shift();
        if (!found) throw new Error('asked too often');
        return {
          ...found,
          get listings() {
            seen.push(`read ${found.next}`);
            return found.listings;
          },
        };
      },
    },
    kept,
  );
  expect(await follow()).toBe(true);
  expect(seen).toEqual(['sent 0', 'sent 1', 'read 1', 'read 2']);
  expect(kept.first(() => true, 9).flavors.map(({ id }) => id)).toEqual(['a', 'b']);
});

test('holds that end together are asked for in pages, and again when that failed', async () => {
  const lineages = Array.from({ length: 1_100 }, (_, n) => `held-${n}`);
  const { follow, questions } = asked([
    page('1', { anew: true, listings: lineages.map((lineage) => ({ lineage, changesAt: 5 })) }),
    page('2', { now: 5 }),
    page('3', { now: 5 }),
    DOWN,
    page('4', { now: 5 }),
    page('5', { now: 5 }),
    page('6', { now: 5 }),
    page('7', { now: 5, listings: lineages.map((lineage) => listing(lineage)) }),
    page('8', { now: 5 }),
  ]);
  await follow();
  await expect(follow()).rejects.toThrow('down');
  await follow();
  await follow();
  expect(questions.map(({ ended }) => ended?.length)).toEqual([0, 0, 500, 500, 0, 500, 500, 100, 0]);
});

test('while a long list is sorted in, others have their turn', async () => {
  const listings = Array.from({ length: 35_000 }, (_, n) => listing(`many-${n}`));
  const { follow, ids } = asked([page('1', { anew: true, listings })]);
  let turns = 0;
  let goesOn = true;
  const turn = (): void => {
    turns += 1;
    if (goesOn) setImmediate(turn);
  };
  setImmediate(turn);
  expect(await follow()).toBe(true);
  goesOn = false;
  expect(turns).toBeGreaterThanOrEqual(3);
  expect(ids()).toHaveLength(9);
});
