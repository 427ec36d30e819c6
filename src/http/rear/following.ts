import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Inventory, ListChanges, Listing } from '../../ports/inventory.ts';
import type { KeptFlavors } from './kept-flavors.ts';

/** Lineages that are asked for in one question. */
const PAGE = 500;
/** Listings that are put in at once: tens of milliseconds, after which others have their turn. */
const TOGETHER = 10_000;

/** Until a question that was just asked is on its way: whom it is asked through may gather what it sends until the turn ends. */
async function sent(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

/**
 * Keeps up with what is on sale, one call after the other; answers whether anything is different. Pages are put in together, once the last one is there: new flavors are sorted in by the ten thousand, and nobody who
 * waits for such a call sees half of them: `inParts` is called where others have their turn between them. A call that fails is gone on with by the next one.
 */
export function following(
  inventory: Pick<Inventory, 'changes'>,
  kept: KeptFlavors,
  inParts: () => void = () => {},
): () => Promise<boolean> {
  let since: string | undefined;
  let waiting: Listing[] = [];
  let anew = false;
  let different = false;
  const read = async (ended: readonly string[]): Promise<number> => {
    const ask = (): Promise<ListChanges> => inventory.changes({ ...(since !== undefined && { since }), ended });
    let asked = ask();
    for (;;) {
      const page = await asked;
      since = page.next;
      if (page.anew) [waiting, anew] = [[], true];
      if (page.more) {
        // The store looks for the next page while this one is read; it may fail meanwhile.
        asked = ask();
        asked.catch(() => {});
        await sent();
      }
      waiting.push(...page.listings);
      if (page.more) continue;
      if (waiting.length > TOGETHER) inParts();
      if (anew) kept.clear();
      for (let at = 0; at < waiting.length; at += TOGETHER) {
        if (at > 0) await nextTurn();
        kept.put(waiting.slice(at, at + TOGETHER));
      }
      different ||= anew || waiting.length > 0;
      [waiting, anew] = [[], false];
      return page.now;
    }
  };
  return async () => {
    // What ends by time alone is asked for when the store says that its time has come: its clock counts, not ours.
    const ended = kept.ended(await read([]));
    for (let at = 0; at < ended.length; at += PAGE) await read(ended.slice(at, at + PAGE));
    const is = different;
    different = false;
    return is;
  };
}
