/** Whether Kubernetes counts Liqo's kinds: a quota that it cannot count would keep an honest buyer from writing. */
import { expect, test } from 'vitest';
import { isCounted } from '../../src/adapters/kubernetes/counting.ts';
import { TENANT_COUNTS } from '../../src/adapters/kubernetes/tenant-manifests.ts';
import { type Answer, json, playApiServer, status } from './api-server.ts';

const at = playApiServer();
const QUOTAS = '/prefix/api/v1/namespaces/rearguard/resourcequotas';
const all = Object.keys(TENANT_COUNTS);

interface Probe {
  readonly name: string;
  readonly creationTimestamp: string;
}

/** An API server of which a quota, each time that one is made, has the next of these states; what stands there, and how many were made. */
function play(states: readonly (object | undefined)[], left: readonly Probe[] = []) {
  const seen = { made: 0, standing: [...left] };
  const answer: Answer = (request, response) => {
    const { method, path, query } = request;
    if (method === 'DELETE' && path.startsWith(`${QUOTAS}/`)) {
      seen.standing = seen.standing.filter(({ name }) => path !== `${QUOTAS}/${name}`);
      status(404)(request, response);
    } else if (method === 'POST' && path === QUOTAS) {
      const { metadata } = JSON.parse(request.body) as { metadata: { name: string } };
      seen.made += 1;
      seen.standing.push({ name: metadata.name, creationTimestamp: new Date().toISOString() });
      json(response, 201, {});
    } else if (query.get('watch') === 'true') response.writeHead(200).flushHeaders();
    else {
      const named = query.get('fieldSelector')?.replace('metadata.name=', '');
      const items = seen.standing
        .filter(({ name }) => named === undefined || name === named)
        .map((metadata) => ({ metadata: { ...metadata, namespace: 'rearguard' }, status: states[seen.made - 1] }));
      json(response, 200, { items, metadata: { resourceVersion: '1' } });
    }
  };
  at.answer = answer;
  return { seen, answer };
}
const counts = (names: readonly string[]) => ({ hard: TENANT_COUNTS, used: Object.fromEntries(names.map((each) => [each, '0'])) });

test('it asks until the answer is yes, never twice at once, and then no more', async () => {
  const { seen } = play([counts([]), counts(all.slice(1)), counts(all)]);
  expect(await Promise.all([isCounted(at.api), isCounted(at.api)])).toEqual([false, false]);
  expect(await isCounted(at.api)).toBe(false);
  expect(await isCounted(at.api)).toBe(true);
  expect(await isCounted(at.api)).toBe(true);
  expect(seen).toEqual({ made: 3, standing: [] });
});

test('where nobody counts for any quota, the answer is no', async () => {
  const { seen } = play([undefined]);
  expect(await isCounted(at.api)).toBe(false);
  expect(seen).toEqual({ made: 1, standing: [] });
});

test('the probe of another process stays, one that was left behind goes', async () => {
  const of = (name: string, agoMs: number): Probe => ({ name, creationTimestamp: new Date(Date.now() - agoMs).toISOString() });
  const [theirs, left, other] = [of('rearguard-probe-1', 1_000), of('rearguard-probe-2', 3_600_000), of('of-somebody', 3_600_000)];
  const { seen } = play([counts(all)], [theirs, left, other]);
  expect(await isCounted(at.api)).toBe(true);
  expect(seen.standing).toEqual([theirs, other]);
});

test('a refusal is told, and asked again the next time', async () => {
  const { seen, answer } = play([counts(all)]);
  at.answer = (request, response) => (request.method === 'POST' ? status(403) : answer)(request, response);
  expect(await at.faultOf(isCounted(at.api))).toMatchObject({ code: 'CLUSTER_REFUSED' });
  at.answer = answer;
  expect(await isCounted(at.api)).toBe(true);
  expect(seen.made).toBe(1);
});
