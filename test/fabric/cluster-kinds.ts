import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { UnmakeableKind } from '../../src/domain/unmakeable.ts';
import type { RealClusters } from './clusters.ts';
import { definition } from './instance-definitions.ts';
import { playClusters } from './linked.ts';

const KILN = { apiVersion: 'pottery.alice.example/v1', kind: 'Kiln' };
const DEFINITION = definition('pottery.alice.example', 'Kiln', 'kilns', { type: 'object' });

/** What a real API server says of the kinds of blueprints, when one is installed and goes. */
export function clusterKindsSuite(start: () => Promise<RealClusters>): void {
  describe('the kinds of a cluster', () => {
    const { at, operator } = playClusters(start);
    const watching = new AbortController();
    let told: readonly UnmakeableKind[] | undefined;
    let watches: Promise<unknown>;
    beforeAll(() => {
      watches = Promise.allSettled([at.north.kinds.watch([KILN], async (now) => void (told = now), watching.signal)]);
    });
    afterAll(async () => {
      watching.abort();
      await watches;
      await operator('north').remove(KINDS.definition, DEFINITION.metadata);
    });
    const tells = (now: readonly object[], timeout: number) => vi.waitFor(() => expect(told).toMatchObject(now), { timeout, interval: 20 });

    test('are known as soon as they can be made, and as none within two seconds of their going', async () => {
      const { kinds } = at.north;
      await tells([KILN], at.timeoutMs);
      await operator('north').raw('POST', pathOf(KINDS.definition), DEFINITION);
      await tells([], at.timeoutMs);
      expect(await kinds.unmakeable([KILN, { apiVersion: 'batch/v1', kind: 'CronJob' }])).toEqual([]);
      await operator('north').remove(KINDS.definition, DEFINITION.metadata);
      await tells([{ ...KILN, why: 'this cluster has no pottery.alice.example/v1 Kiln' }], 2_000);
    });
  });
}
