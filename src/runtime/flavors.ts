import { isFault } from '../domain/faults.ts';
import { type NodeIdentity, type SliceFlavor, isSlice } from '../domain/flavor.ts';
import { GPU_LABEL, GPU_RESOURCE, gpuPart } from '../domain/gpu.ts';
import type { Resources } from '../domain/resources.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { FlavorConfiguration } from './configuration.ts';
import { offeredTerms } from './configuration-terms.ts';
import { derivedFlavorId } from './flavor-ids.ts';

/** Marks a flavor that was written by hand, by its name in the configuration; travels as an additional property. */
export const NAME = 'rearguard.dev/flavor';

const cutOf = ({ cpu, memory, pods, gpu }: FlavorConfiguration['minimum']): Resources => ({
  cpu,
  memory,
  pods,
  ...(gpu !== undefined && { gpu }),
});

/** A flavor of the configuration as other nodes see it. */
function configuredFlavor(written: FlavorConfiguration, self: NodeIdentity, now: number): SliceFlavor {
  const { name, architecture, cpu, memory, pods, storage, gpu, price, location, minimum, step, properties } = written;
  const { latencyMs, securityStandards, carbonFootprint } = written;
  const terms = offeredTerms(written.terms);
  const places = Object.entries(location ?? {}).filter(([, value]) => value !== undefined);
  return {
    id: derivedFlavorId(self, name),
    providerId: self.id,
    offer: {
      kind: 'k8slice',
      architecture,
      resources: { cpu, memory, pods, ...(storage !== undefined && { storage }), ...(gpu && { gpu: gpu.count }) },
      ...(gpu && { gpu: gpuPart(gpu, gpu.count) }),
      ...(latencyMs !== undefined && { latencyMs }),
      ...(securityStandards && { securityStandards }),
      ...(carbonFootprint && { carbonFootprint }),
      additionalProperties: {
        ...properties,
        [NAME]: name,
        ...(gpu && { [GPU_RESOURCE]: gpu.resource }),
        ...(gpu?.label !== undefined && { [GPU_LABEL]: gpu.label }),
      },
      partitionability: { min: cutOf(minimum), step: cutOf(step) },
    },
    ...(price && { price }),
    ...(places.length > 0 && { location: Object.fromEntries(places) }),
    ...(terms && { terms }),
    owner: { id: self.id, address: self.address, domain: self.domain },
    available: true,
    createdAt: new Date(now).toISOString(),
  };
}

/**
 * Puts the configured flavors on sale, and takes those off that are not configured any more; what is sold stays sold. May be repeated, by several processes.
 * A flavor that cannot be sold is told, and hinders no other.
 */
export async function publishFlavors(input: {
  readonly flavors: readonly FlavorConfiguration[];
  readonly self: NodeIdentity;
  readonly inventory: Inventory;
  readonly now: number;
  readonly log: { info(facts: object, words: string): void; error(facts: object, words: string): void };
}): Promise<void> {
  const { flavors, self, inventory, now, log } = input;
  const names = new Set(flavors.map(({ name }) => name));
  for (const flavor of await inventory.onSale({ property: NAME })) {
    const name = isSlice(flavor) ? flavor.offer.additionalProperties?.[NAME] : undefined;
    if (typeof name !== 'string' || names.has(name)) continue;
    await inventory.withdraw(flavor.id);
    log.info({ flavor: flavor.id, name }, 'flavor withdrawn: it is not configured, or not for sale, any more');
  }
  for (const written of flavors) {
    const flavor = configuredFlavor(written, self, now);
    try {
      await inventory.publish(flavor);
    } catch (error) {
      if (!isFault(error) || error.code === 'STORE_UNAVAILABLE') throw error;
      log.error({ flavor: flavor.id, name: written.name, code: error.code, why: error.message }, 'flavor not published');
    }
  }
  log.info({ flavors: flavors.length }, 'flavors published');
}
