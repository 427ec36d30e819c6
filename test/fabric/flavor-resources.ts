import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { WrittenBlueprints } from '../../src/ports/service-blueprints.ts';
import type { WrittenFlavors } from '../../src/ports/flavor-resources.ts';
import { blueprintDefinition, serviceBlueprint } from '../fakes/fluidos-blueprints.ts';
import { fluidosDefinition, fluidosFlavor } from '../fakes/fluidos-flavors.ts';
import type { RealClusters } from './clusters.ts';
import { playClusters } from './linked.ts';

const NAMESPACE = 'default';
const MERGE = 'application/merge-patch+json';

/** FLUIDOS Flavor and ServiceBlueprint resources on a real API server, whose definitions come and go. */
export function flavorResourcesSuite(start: () => Promise<RealClusters>): void {
  describe('Flavor resources', () => {
    const { at, operator, nothingLeft } = playClusters(start);
    const watching = new AbortController();
    let told: WrittenFlavors | undefined;
    let blueprints: WrittenBlueprints | undefined;
    let watches: Promise<unknown>;
    const definitions = pathOf(KINDS.definition);
    const flavors = pathOf(KINDS.fluidosFlavor, { namespace: NAMESPACE });
    beforeAll(() => {
      const { flavorResources, serviceBlueprints } = at.north;
      watches = Promise.allSettled([
        flavorResources.watch(NAMESPACE, async (written) => void (told = written), watching.signal),
        serviceBlueprints.watch(NAMESPACE, async (written) => void (blueprints = written), watching.signal),
      ]);
    });
    afterAll(async () => {
      watching.abort();
      await watches;
      for (const { metadata } of [fluidosDefinition, blueprintDefinition]) await operator('north').remove(KINDS.definition, metadata);
    });
    const tells = (written: object, timeout = 2_000) => vi.waitFor(() => expect(told).toMatchObject(written), { timeout, interval: 20 });

    test('are told as soon as their definition is installed, within two seconds of each change, and as none when it goes', async () => {
      const north = operator('north');
      await tells({ installed: false, flavors: [] }, at.timeoutMs);
      await north.raw('POST', definitions, fluidosDefinition);
      await tells({ installed: true, flavors: [] }, at.timeoutMs);
      await north.raw('POST', flavors, fluidosFlavor('large', {}, NAMESPACE));
      await tells({
        flavors: [{ name: 'large', offer: { resources: { cpu: '8', gpu: '2' } }, price: { amount: '0.9' }, available: true }],
      });
      await north.raw('PATCH', `${flavors}/large`, { spec: { price: { amount: '0.7' } } }, MERGE);
      await tells({ flavors: [{ name: 'large', price: { amount: '0.7' } }] });
      await north.raw('PATCH', `${flavors}/large`, { spec: { flavorType: { typeIdentifier: 'Dish' } } }, MERGE);
      await tells({ flavors: [{ name: 'large', wrong: expect.stringContaining('Dish') }] });
      await north.raw('DELETE', `${flavors}/large`);
      await tells({ installed: true, flavors: [] });
      await north.raw('POST', flavors, fluidosFlavor('small', {}, NAMESPACE));
      await tells({ flavors: [{ name: 'small' }] });
      await north.raw('DELETE', `${definitions}/${fluidosDefinition.metadata.name}`);
      await tells({ installed: false, flavors: [] });
      await nothingLeft();
    });

    test('and ServiceBlueprints likewise, with their manifests as they were written', async () => {
      const north = operator('north');
      const path = pathOf(KINDS.serviceBlueprint, { namespace: NAMESPACE });
      const told = (written: object, timeout = 2_000) =>
        vi.waitFor(() => expect(blueprints).toMatchObject(written), { timeout, interval: 20 });
      await told({ installed: false, blueprints: [] }, at.timeoutMs);
      await north.raw('POST', definitions, blueprintDefinition);
      await told({ installed: true, blueprints: [] }, at.timeoutMs);
      await north.raw('POST', path, serviceBlueprint('db-mysql', {}, { price: '0.05', currency: 'EUR' }, NAMESPACE));
      const secret = { kind: 'Secret', metadata: { name: 'db-credentials' }, stringData: { password: '${password}' } };
      const blueprint = { name: 'db', endpoint: { service: 'db-service', port: 3306 }, manifests: [secret, {}, {}] };
      await told({ blueprints: [{ name: 'db-mysql', price: { amount: '0.05' }, blueprint }] });
      await north.raw('PATCH', `${path}/db-mysql`, { spec: { templates: [] } }, MERGE);
      await told({ blueprints: [{ name: 'db-mysql', wrong: expect.stringContaining('templates') }] });
      await north.raw('DELETE', `${path}/db-mysql`);
      await told({ installed: true, blueprints: [] });
      await north.raw('DELETE', `${definitions}/${blueprintDefinition.metadata.name}`);
      await told({ installed: false, blueprints: [] });
      await nothingLeft();
    });
  });
}
