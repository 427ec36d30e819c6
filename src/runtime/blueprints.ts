import { createHash } from 'node:crypto';
import { isFault } from '../domain/faults.ts';
import { type BlueprintFlavor, type NodeIdentity, isBlueprint } from '../domain/flavor.ts';
import { flavorId } from '../domain/ids.ts';
import type { Inventory } from '../ports/inventory.ts';
import { type BlueprintConfiguration, blueprintOf } from './configuration-blueprint.ts';

/** A blueprint as other nodes see it: `<domain>-<kind>-<hex>`, the same at each start. */
function flavorOf(written: BlueprintConfiguration, self: NodeIdentity, now: number): BlueprintFlavor {
  const { price, location } = written;
  const { name, kind, description, category, tags, hostingPolicies, configurationTemplate } = blueprintOf(written);
  const digest = createHash('sha256')
    .update(JSON.stringify([self.id, 'blueprint', kind, name]))
    .digest('hex');
  const places = Object.entries(location ?? {}).filter(([, value]) => value !== undefined);
  return {
    id: flavorId(`${self.domain}-${kind}-${digest.slice(0, 10)}`),
    providerId: self.id,
    offer: { kind, name, description, category, tags, hostingPolicies, configurationTemplate },
    ...(price && { price }),
    ...(places.length > 0 && { location: Object.fromEntries(places) }),
    owner: { id: self.id, address: self.address, domain: self.domain },
    available: true,
    createdAt: new Date(now).toISOString(),
  };
}

/** Puts the configured blueprints on sale, and takes those off that are not configured any more; what is sold goes on. May be repeated, by several processes. */
export async function publishBlueprints(input: {
  readonly blueprints: readonly BlueprintConfiguration[];
  readonly self: NodeIdentity;
  readonly inventory: Pick<Inventory, 'ledgers' | 'publish' | 'withdraw'>;
  readonly now: number;
  readonly log: { info(facts: object, words: string): void; error(facts: object, words: string): void };
}): Promise<void> {
  const { blueprints, self, inventory, now, log } = input;
  const wanted = blueprints.map((written) => ({ flavor: flavorOf(written, self, now), instances: written.instances }));
  for (const { lineage, onSale, flavor } of await inventory.ledgers()) {
    if (!onSale || !isBlueprint(flavor) || wanted.some(({ flavor: { id } }) => id === lineage)) continue;
    await inventory.withdraw(flavor.id);
    log.info({ flavor: flavor.id, name: flavor.offer.name }, 'blueprint withdrawn: it is not configured any more');
  }
  for (const { flavor, instances } of wanted) {
    try {
      await inventory.publish(flavor, undefined, instances);
    } catch (error) {
      if (!isFault(error) || error.code === 'STORE_UNAVAILABLE') throw error;
      log.error({ flavor: flavor.id, name: flavor.offer.name, code: error.code, why: error.message }, 'blueprint not published');
    }
  }
  log.info({ blueprints: blueprints.length }, 'blueprints published');
}
