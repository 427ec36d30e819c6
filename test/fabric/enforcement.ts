import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { Enforcement } from '../../src/domain/enforcement.ts';
import type { RealClusters } from './clusters.ts';
import { playClusters } from './linked.ts';

const MERGE = 'application/merge-patch+json';
const namespace = 'liqo';
const MANAGER = 'liqo-controller-manager';
/** As Liqo's chart makes it, without a pod: here Liqo runs as processes. */
const deployment = (name: string, component: string, args: readonly string[]) => ({
  apiVersion: KINDS.deployment.apiVersion,
  kind: KINDS.deployment.kind,
  metadata: { name, namespace, labels: { 'app.kubernetes.io/name': component, 'app.kubernetes.io/part-of': 'liqo' } },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'it', image: 'it', args }] } },
  },
});

/** What a node reads of Liqo's Deployments with its own account, while somebody installs Liqo otherwise. */
export function enforcementSuite(start: () => Promise<RealClusters>): void {
  describe('what Liqo enforces', () => {
    const { at, operator } = playClusters(start);
    const watching = new AbortController();
    const told: (Enforcement | undefined)[] = [];
    let watches: Promise<unknown>;
    const tells = (...all: readonly (Enforcement | undefined)[]) =>
      vi.waitFor(() => expect(told).toEqual(all), { timeout: at.timeoutMs, interval: 20 });
    beforeAll(() => {
      watches = at.seller.fabric.watchEnforcement(async (now) => void told.push(now), watching.signal);
    });
    afterAll(async () => {
      watching.abort();
      await watches;
      for (const name of [MANAGER, 'liqo-webhook']) await operator('north').remove(KINDS.deployment, { namespace, name });
    });

    test('is told as it is, and as it becomes', async () => {
      const api = operator('north');
      const manager = (how: Enforcement) => deployment(MANAGER, 'controller-manager', [`--default-limits-enforcement=${how}`]);
      await tells(undefined);
      await api.raw('POST', pathOf(KINDS.deployment, { namespace }), manager('Hard'));
      await api.raw(
        'POST',
        pathOf(KINDS.deployment, { namespace }),
        deployment('liqo-webhook', 'webhook', ['--enable-resource-enforcement']),
      );
      await tells(undefined, 'Hard');
      const change = async (how: Enforcement): Promise<void> =>
        void (await api.raw('PATCH', pathOf(KINDS.deployment, { namespace, name: MANAGER }), { spec: manager(how).spec }, MERGE));
      await change('None');
      await tells(undefined, 'Hard', 'None');
      await change('Hard');
      await tells(undefined, 'Hard', 'None', 'Hard');
      expect(await at.seller.fabric.enforcement()).toBe('Hard');
    });
  });
}
