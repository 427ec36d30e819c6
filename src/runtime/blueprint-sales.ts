import { isBlueprint } from '../domain/flavor.ts';
import { isBehind, pageIn } from '../domain/pages.ts';
import type { UnmakeableKind } from '../domain/unmakeable.ts';
import type { BlueprintSale, BlueprintSales, KeptBlueprints, SalePlace } from '../ports/blueprints.ts';
import type { Inventory, Ledger } from '../ports/inventory.ts';
import { blueprintId } from './blueprints.ts';
import type { Configuration } from './configuration.ts';

/** What a process found out of the configured blueprints, by name. */
interface Found {
  /** What keeps one from being made here. */
  readonly lacking: ReadonlyMap<string, UnmakeableKind>;
  /** Why one could not be put on sale. */
  readonly refused: ReadonlyMap<string, string>;
}

/** What is on sale of the blueprints, as the store has it, with the reasons that this process found. */
export interface KnownSales extends BlueprintSales {
  found(found: Found): void;
}

const GONE = {
  configuration: 'it is not configured any more',
  resource: 'its resource is gone, or was not read yet',
} as const;

/** `instances` is how many may be sold, whatever is promised of more. */
function saleOf(
  named: Omit<BlueprintSale, 'state' | 'why' | 'free'>,
  ledger: Ledger | undefined,
  why: { readonly notOnSale: string; readonly doubt?: string | undefined },
): BlueprintSale {
  if (ledger?.onSale !== true) return { ...named, state: 'not-on-sale', why: why.notOnSale, free: 0 };
  const free = Math.max(0, named.instances - Number(ledger.sold.pods) - Number(ledger.held.pods));
  if (free === 0) return { ...named, state: 'sold-out', why: `${named.instances === 1 ? 'it is' : 'all are'} sold or reserved`, free };
  return { ...named, state: 'on-sale', ...(why.doubt !== undefined && { why: why.doubt }), free };
}

const placeOf = ({ writtenIn, name, flavor }: BlueprintSale): SalePlace => [writtenIn, name, flavor];

/** Follows what `found` is told; before that nothing is known but what is on sale. */
export function blueprintSales({
  configuration: { node, blueprints },
  inventory,
  kept,
}: {
  readonly configuration: Pick<Configuration, 'node' | 'blueprints'>;
  readonly inventory: Pick<Inventory, 'ledgers'>;
  readonly kept: Pick<KeptBlueprints, 'flavors' | 'read'>;
}): KnownSales {
  let known: Found | undefined;
  const notOnSale = (name: string): string => {
    if (!known) return 'whether this cluster can make it is not known yet';
    return known.lacking.get(name)?.why ?? known.refused.get(name) ?? 'it is about to be put on sale';
  };
  return {
    found: (found) => void (known = found),
    async page(of) {
      const ledgers = new Map((await inventory.ledgers({ blueprint: true })).map((ledger) => [ledger.lineage, ledger]));
      const resources = new Set(await kept.flavors());
      const configured = blueprints.map(({ name, kind = 'service', instances }): BlueprintSale => {
        const flavor = blueprintId(node, kind, [name]);
        const named = { name, kind, flavor, writtenIn: 'configuration', instances } as const;
        return saleOf(named, ledgers.get(flavor), { notOnSale: notOnSale(name), doubt: known?.lacking.get(name)?.why });
      });
      const written = (await kept.read()).map(({ resource, flavor, name = resource, instances, why }): BlueprintSale => {
        const ledger = ledgers.get(flavor);
        const named = { name, resource, kind: 'service', flavor, writtenIn: 'resource' } as const;
        const most = instances ?? Number(ledger?.wanted.pods ?? 0);
        return saleOf({ ...named, instances: most }, ledger, { notOnSale: why ?? 'it is about to be put on sale', doubt: why });
      });
      const told = new Set<string>([...configured, ...written].map(({ flavor }) => flavor));
      const others = [...ledgers.values()].flatMap((ledger): readonly BlueprintSale[] => {
        const { lineage, flavor, wanted } = ledger;
        if (!isBlueprint(flavor) || told.has(lineage)) return [];
        const writtenIn = resources.has(lineage) ? 'resource' : 'configuration';
        const { name, kind } = flavor.offer;
        return [saleOf({ name, kind, flavor: lineage, writtenIn, instances: Number(wanted.pods) }, ledger, { notOnSale: GONE[writtenIn] })];
      });
      const all = [...configured, ...written, ...others].toSorted((a, b) => (isBehind(placeOf(a), placeOf(b)) ? 1 : -1));
      return pageIn(all, of, { place: placeOf, isAfter: isBehind });
    },
  };
}
