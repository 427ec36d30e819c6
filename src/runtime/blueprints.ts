import { createHash } from 'node:crypto';
import { type Blueprint, blueprintFor } from '../domain/blueprint.ts';
import { isFault } from '../domain/faults.ts';
import { type BlueprintFlavor, type BlueprintKind, type Location, type NodeIdentity, isBlueprint } from '../domain/flavor.ts';
import { type FlavorId, flavorId } from '../domain/ids.ts';
import type { Price } from '../domain/money.ts';
import type { OfferTerms } from '../domain/offer-terms.ts';
import type { Blueprints, KeptBlueprints } from '../ports/blueprints.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Configuration } from './configuration.ts';
import { type BlueprintConfiguration, blueprintOf } from './configuration-blueprint.ts';
import { offeredTerms } from './configuration-terms.ts';

/** `<domain>-<kind>-<hex>`, the same at each start for what has the same names here. */
export function blueprintId(
  self: { readonly id: string; readonly domain: string },
  kind: BlueprintKind,
  named: readonly string[],
): FlavorId {
  const digest = createHash('sha256')
    .update(JSON.stringify([self.id, 'blueprint', kind, ...named]))
    .digest('hex');
  return flavorId(`${self.domain}-${kind}-${digest.slice(0, 10)}`);
}

/** A blueprint as other nodes see it. */
export function blueprintFlavor(input: {
  readonly blueprint: Blueprint;
  readonly named: readonly string[];
  readonly price?: Price;
  readonly location?: Location;
  readonly terms?: OfferTerms;
  readonly self: NodeIdentity;
  readonly now: number;
}): BlueprintFlavor {
  const { blueprint, named, price, location, terms, self, now } = input;
  const { name, kind, description, category, tags, hostingPolicies, configurationTemplate } = blueprint;
  return {
    id: blueprintId(self, kind, named),
    providerId: self.id,
    offer: { kind, name, description, category, tags, hostingPolicies, configurationTemplate },
    ...(price && { price }),
    ...(location && { location }),
    ...(terms && { terms }),
    owner: { id: self.id, address: self.address, domain: self.domain },
    available: true,
    createdAt: new Date(now).toISOString(),
  };
}

function flavorOf(written: BlueprintConfiguration, self: NodeIdentity, now: number): BlueprintFlavor {
  const { price, name } = written;
  const places = Object.entries(written.location ?? {}).filter(([, value]) => value !== undefined);
  const location = places.length > 0 ? Object.fromEntries(places) : undefined;
  const terms = offeredTerms(written.terms);
  return blueprintFlavor({
    blueprint: blueprintOf(written),
    named: [name],
    ...(price && { price }),
    ...(location && { location }),
    ...(terms && { terms }),
    self,
    now,
  });
}

/** What this node makes: of what was sold of a resource, what is kept of it, since a configured blueprint of the same name may have come later; else what is configured, by its name. */
export function blueprintsOf({ blueprints }: Pick<Configuration, 'blueprints'>, kept: Pick<KeptBlueprints, 'of'>): Blueprints {
  const configured = blueprints.map(blueprintOf);
  return {
    async of(flavor) {
      return flavor.offer.kind === 'k8slice' ? undefined : ((await kept.of(flavor.id)) ?? blueprintFor(configured, flavor));
    },
  };
}

/** The blueprints that are on sale, by the ids under which they were published. */
export const onSaleOf = async (inventory: Pick<Inventory, 'ledgers'>): Promise<ReadonlySet<string>> =>
  new Set((await inventory.ledgers({ blueprint: true })).flatMap(({ lineage, onSale }) => (onSale ? [lineage] : [])));

/** Puts these of the configured blueprints on sale, and takes all others off that were configured; what is sold goes on. May be repeated, by several processes. Answers which of them, by name, cannot be published, and why. */
export async function publishBlueprints(input: {
  readonly blueprints: readonly BlueprintConfiguration[];
  /** Of which nobody knows whether they can be made: those that are on sale stay so, as they are written now, and no other is put on sale. */
  readonly unsure?: readonly BlueprintConfiguration[];
  readonly self: NodeIdentity;
  readonly inventory: Pick<Inventory, 'ledgers' | 'publish' | 'withdraw'>;
  /** Those of resources are withdrawn by whoever watches these. */
  readonly kept: Pick<KeptBlueprints, 'flavors'>;
  readonly now: number;
  readonly log: { info(facts: object, words: string): void; error(facts: object, words: string): void };
}): Promise<ReadonlyMap<string, string>> {
  const { blueprints, unsure = [], self, inventory, kept, now, log } = input;
  const others = new Set<string>(await kept.flavors());
  const standing = unsure.length > 0 ? await onSaleOf(inventory) : new Set<string>();
  const read = (written: BlueprintConfiguration) => ({ flavor: flavorOf(written, self, now), instances: written.instances });
  const wanted = [...blueprints.map(read), ...unsure.map(read).filter(({ flavor: { id } }) => standing.has(id))];
  for (const { lineage, onSale, flavor } of await inventory.ledgers({ blueprint: true })) {
    if (!onSale || !isBlueprint(flavor) || others.has(lineage) || wanted.some(({ flavor: { id } }) => id === lineage)) continue;
    await inventory.withdraw(flavor.id);
    log.info({ flavor: flavor.id, name: flavor.offer.name }, 'blueprint withdrawn: it is not configured any more, or cannot be made here');
  }
  const refused = new Map<string, string>();
  for (const { flavor, instances } of wanted) {
    try {
      await inventory.publish(flavor, undefined, instances);
    } catch (error) {
      if (!isFault(error) || error.code === 'STORE_UNAVAILABLE') throw error;
      log.error({ flavor: flavor.id, name: flavor.offer.name, code: error.code, why: error.message }, 'blueprint not published');
      refused.set(flavor.offer.name, error.message);
    }
  }
  log.info({ blueprints: wanted.length }, 'blueprints published');
  return refused;
}
