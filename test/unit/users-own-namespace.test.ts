/** What is taken back in a namespace that is its user's, and not an intent's. */
import { expect, test } from 'vitest';
import { kubernetesCluster } from '../../src/adapters/kubernetes/cluster.ts';
import { clusterId, intentName } from '../../src/domain/ids.ts';
import { json, node, playApiServer, status } from './api-server.ts';

const at = playApiServer();
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** Removes the workload of `shop` from a namespace with these labels (none: it is not there), in which objects carry the intent's; answers what was deleted. */
async function deletedIn(labels: Readonly<Record<string, string>> | undefined): Promise<readonly string[]> {
  const gone = new Set<string>();
  at.answer = (request, response) => {
    const { method, path, query } = request;
    if (path.endsWith('/api/v1/namespaces/mine'))
      return labels ? json(response, 200, node('mine', { labels })) : status(404)(request, response);
    if (method === 'DELETE') {
      gone.add(path.replace('/prefix', ''));
      return json(response, 200, {});
    }
    const asked = path.replace('/prefix', '');
    const there = labels && query.get('labelSelector') === 'rearguard.dev/intent=shop' && !gone.has(`${asked}/theirs`);
    return json(response, 200, { items: there ? [node('theirs', { namespace: 'mine' })] : [], metadata: { resourceVersion: '1' } });
  };
  const { removeWorkload } = kubernetesCluster({
    api: at.api,
    clusterId: async () => clusterId('south'),
    rules: { loopback: true, resolve: async () => [] },
    log: quiet,
  });
  await removeWorkload({ namespace: 'mine', intent: intentName('shop') }, { timeoutMs: 5_000 });
  return [...gone];
}

test('in a user’s own namespace nothing is deleted, however it is labelled', async () => {
  expect(await deletedIn({})).toEqual([]);
  expect(await deletedIn({ 'app.kubernetes.io/managed-by': 'rearguard' })).toEqual([]);
  expect(await deletedIn(undefined)).toEqual([]);
});

test('in an intent’s namespace its workload is', async () => {
  const deleted = await deletedIn({ 'app.kubernetes.io/managed-by': 'rearguard', 'rearguard.dev/intent': 'shop' });
  expect(deleted).toContain('/apis/apps/v1/namespaces/mine/deployments/theirs');
  expect(deleted).toContain('/api/v1/namespaces/mine/pods/theirs');
});
