import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { WrittenFlavors } from '../../src/ports/flavor-resources.ts';
import { fluidosDefinition, fluidosFlavor } from '../fakes/fluidos-flavors.ts';
import type { RealClusters } from './clusters.ts';
import { playClusters } from './linked.ts';

const NAMESPACE = 'default';
const MERGE = 'application/merge-patch+json';

/** FLUIDOS Flavor resources on a real API server, whose definition comes and goes. */
export function flavorResourcesSuite(start: () => Promise<RealClusters>): void {
  describe('Flavor resources', () => {
    const { at, operator, nothingLeft } = playClusters(start);
    const watching = new AbortController();
    let told: WrittenFlavors | undefined;
    let watches: Promise<unknown>;
    const definitions = pathOf(KINDS.definition);
    const flavors = pathOf(KINDS.fluidosFlavor, { namespace: NAMESPACE });
    beforeAll(() => {
      const sink = async (written: WrittenFlavors): Promise<undefined> => void (told = written);
      watches = Promise.allSettled([at.north.flavorResources.watch(NAMESPACE, sink, watching.signal)]);
    });
    afterAll(async () => {
      watching.abort();
      await watches;
      await operator('north').remove(KINDS.definition, { name: fluidosDefinition.metadata.name });
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
  });
}
