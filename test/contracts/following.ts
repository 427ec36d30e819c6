import type { Flavor } from '../../src/domain/flavor.ts';
import { following } from '../../src/http/rear/following.ts';
import { openKeptFlavors } from '../../src/http/rear/kept-flavors.ts';
import type { Inventory } from '../../src/ports/inventory.ts';

type Followed = Pick<Inventory, 'changes'>;

export const byId = (flavors: readonly Flavor[]): readonly Flavor[] => flavors.toSorted((a, b) => (a.id < b.id ? -1 : 1));

/** The list as whoever answers LIST follows it, by id; each call reads on from the one before. */
export function followed(inventory: Followed): () => Promise<readonly Flavor[]> {
  const kept = openKeptFlavors();
  const follow = following(inventory, kept);
  return async () => {
    await follow();
    return byId(kept.first(() => true, Number.POSITIVE_INFINITY).flavors);
  };
}

/** Of what whoever follows the list is told in the meantime: lineages, or all anew. */
export async function toldOf(inventory: Followed, what: () => Promise<unknown>): Promise<readonly string[] | 'all'> {
  const read = async (since?: string): Promise<{ readonly next: string; readonly told: readonly string[] | 'all' }> => {
    const lineages: string[] = [];
    let all = false;
    for (let from = since; ; ) {
      const { listings, anew, next, more } = await inventory.changes(from === undefined ? {} : { since: from });
      lineages.push(...listings.map(({ lineage }) => lineage));
      all ||= anew;
      from = next;
      if (!more) return { next, told: all ? 'all' : lineages };
    }
  };
  const { next } = await read();
  await what();
  return (await read(next)).told;
}
