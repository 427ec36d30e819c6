import type { NodeIdentity } from '../domain/flavor.ts';
import type { Audit } from '../ports/audit.ts';
import type { KeptBlueprints } from '../ports/blueprints.ts';
import type { Inventory } from '../ports/inventory.ts';
import { sellResources, withdrawResources } from './flavor-resources.ts';
import type { Parts } from './parts.ts';
import { sellCluster } from './selling-the-cluster.ts';
import { forgetServiceBlueprints, sellServiceBlueprints } from './service-blueprints.ts';
import { withdrawStock } from './stock.ts';

interface Sold {
  readonly inventory: Inventory;
  readonly keptBlueprints: KeptBlueprints;
  readonly audit: Pick<Audit, 'turned'>;
  readonly self: NodeIdentity;
}

/** What the cluster is watched for to be sold: its nodes, and what is written into it. Ends with the signal of `parts`; what fails before is told, and keeps nothing else from its work until the process stops. */
export async function keepSelling(parts: Parts, sold: Sold): Promise<void> {
  const { log, signal } = parts;
  const told = [
    [stock, 'the cluster is not sold'],
    [flavors, 'Flavor resources are not sold'],
    [blueprints, 'ServiceBlueprint resources are not sold'],
    [enforcement, 'the audit does not tell what Liqo enforces'],
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

/** Sells the cluster while that may be, or takes off sale what a configuration made of it that is not ours any more. */
async function stock(parts: Parts, { inventory, self }: Sold): Promise<void> {
  const { configuration, readiness, log, signal, processes, clock, selling } = parts;
  const { localResources } = parts.cluster;
  const { sell } = configuration;
  if (!sell) return await readiness.keepTrying('stock', () => withdrawStock(inventory, log), signal);
  const sold = { localResources, inventory, processes, sell, self, clock, log };
  await selling.each(({ sells: onSale }, until) => sellCluster({ ...sold, onSale, signal: until }));
}

/** The same of what Flavor resources of the cluster say, or made while they were read. */
async function flavors(parts: Parts, { inventory, self }: Sold): Promise<void> {
  const { configuration, readiness, log, signal, clock, selling } = parts;
  const { flavorResources } = parts.cluster;
  const { fluidos } = configuration;
  const name = 'flavor resources';
  if (!fluidos) return await readiness.keepTrying(name, () => withdrawResources(inventory, log), signal);
  const { namespace } = fluidos;
  const say = (words: string): void => readiness.say(name, words);
  await selling.each(async ({ sells }, until) => {
    if (sells) return await sellResources({ flavorResources, namespace, inventory, self, clock, say, log, signal: until });
    await withdrawResources(inventory, log);
    say('none is on sale: see enforcement');
  });
}

/** The audit tells when that changes, once for all processes of a node, also while none of them runs; who has nothing to sell of what Liqo enforces does not look. */
async function enforcement({ configuration, selling }: Parts, { audit }: Sold): Promise<void> {
  const { sell, fluidos, flavors: written } = configuration;
  if (!sell && !fluidos && written.length === 0) return;
  let first: boolean | undefined = (await selling.now()).sells;
  await selling.each(async ({ sells, words }) => {
    await audit.turned({ sells, detail: words, begins: sells === first });
    first = undefined;
  });
}

/** The same of ServiceBlueprint resources, which need nothing that Liqo has to enforce. */
async function blueprints(parts: Parts, { inventory, keptBlueprints: kept, self }: Sold): Promise<void> {
  const { configuration, readiness, log, signal, clock } = parts;
  const { fluidos, blueprints: configured } = configuration;
  const name = 'service blueprints';
  const say = (words: string): void => readiness.say(name, words);
  const { serviceBlueprints } = parts.cluster;
  if (fluidos) await sellServiceBlueprints({ serviceBlueprints, fluidos, configured, inventory, kept, self, clock, say, log, signal });
  else await readiness.keepTrying(name, () => forgetServiceBlueprints({ inventory, kept, log }), signal);
}
