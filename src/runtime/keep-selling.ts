import type { NodeIdentity } from '../domain/flavor.ts';
import type { KeptBlueprints } from '../ports/blueprints.ts';
import type { Inventory } from '../ports/inventory.ts';
import { sellResources, withdrawResources } from './flavor-resources.ts';
import type { Parts } from './parts.ts';
import { sellCluster } from './selling-the-cluster.ts';
import { maySell } from './selling.ts';
import { sellServiceBlueprints, withdrawBlueprints } from './service-blueprints.ts';
import { withdrawStock } from './stock.ts';

interface Sold {
  readonly inventory: Inventory;
  readonly keptBlueprints: KeptBlueprints;
  readonly self: NodeIdentity;
}

/** What the cluster is watched for to be sold: its nodes, and what is written into it. Ends with the signal of `parts`; what fails before is told, and keeps nothing else from its work until the process stops. */
export async function keepSelling(parts: Parts, sold: Sold): Promise<void> {
  const { log, signal } = parts;
  const told = [
    [stock, 'the cluster is not sold'],
    [flavors, 'Flavor resources are not sold'],
    [blueprints, 'ServiceBlueprint resources are not sold'],
  ] as const;
  const all = told.map(async ([sell, words]) => {
    try {
      await sell(parts, sold);
    } catch (error) {
      if (signal.aborted) return;
      log.error({ why: error instanceof Error ? error.message : String(error) }, words);
      throw error;
    }
  });
  await Promise.all(all);
}

/** Sells the cluster, or takes off sale what a configuration made of it that is not ours any more. */
async function stock(parts: Parts, { inventory, self }: Sold): Promise<void> {
  const { configuration, readiness, log, signal, processes, clock } = parts;
  const { fabric, localResources } = parts.cluster;
  const { sell } = configuration;
  if (sell && (await maySell({ configuration, fabric, readiness, log, signal })))
    await sellCluster({ localResources, inventory, processes, sell, self, clock, log, signal });
  else await readiness.keepTrying('stock', () => withdrawStock(inventory, log), signal);
}

/** Sells what Flavor resources of the cluster say, or takes off sale what they made while they were read. */
async function flavors(parts: Parts, { inventory, self }: Sold): Promise<void> {
  const { configuration, readiness, log, signal, clock } = parts;
  const { fabric, flavorResources } = parts.cluster;
  const { fluidos } = configuration;
  const name = 'flavor resources';
  const say = (words: string): void => readiness.say(name, words);
  if (fluidos && (await maySell({ configuration, fabric, readiness, log, signal })))
    await sellResources({ flavorResources, namespace: fluidos.namespace, inventory, self, clock, say, log, signal });
  else await readiness.keepTrying(name, () => withdrawResources(inventory, log), signal);
}

/** The same of ServiceBlueprint resources, which need nothing that Liqo has to enforce. */
async function blueprints(parts: Parts, { inventory, keptBlueprints: kept, self }: Sold): Promise<void> {
  const { configuration, readiness, log, signal, clock } = parts;
  const { fluidos, blueprints: configured } = configuration;
  const name = 'service blueprints';
  const say = (words: string): void => readiness.say(name, words);
  const { serviceBlueprints } = parts.cluster;
  if (fluidos) await sellServiceBlueprints({ serviceBlueprints, fluidos, configured, inventory, kept, self, clock, say, log, signal });
  else await readiness.keepTrying(name, () => withdrawBlueprints(inventory, kept, log), signal);
}
