/** Whether Kubernetes counts Liqo's kinds: a quota that it cannot count would keep an honest buyer from writing. */
import { expect, test } from 'vitest';
import { isCounted } from '../../src/adapters/kubernetes/counting.ts';
import { TENANT_COUNTS } from '../../src/adapters/kubernetes/tenant-manifests.ts';
import { type Answer, json, playApiServer, status } from './api-server.ts';

const at = playApiServer();
const QUOTAS = '/prefix/api/v1/namespaces/rearguard/resourcequotas';
const all = Object.keys(TENANT_COUNTS);

/** An API server whose quota has this state, each time that one is made; answers how many were made. */
function play(states: readonly (object | undefined)[], made: number | 'taken' = 201) {
  const seen = { made: 0, gone: 0 };
  const answer: Answer = (request, response) => {
    const { method, path, query } = request;
    if (method === 'DELETE' && path === `${QUOTAS}/rearguard-probe`) {
      seen.gone += 1;
      status(404)(request, response);
    } else if (method === 'POST' && path === QUOTAS) {
      seen.made += 1;
      if (made === 'taken') status(409)(request, response);
      else json(response, made, {});
    } else if (query.get('watch') === 'true') response.writeHead(200).flushHeaders();
    else {
      const found = { metadata: { name: 'rearguard-probe', namespace: 'rearguard' }, status: states[seen.made - 1] };
      json(response, 200, { items: [found], metadata: { resourceVersion: '1' } });
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
  // Before each, what was left behind, and after each its own.
  expect(seen).toEqual({ made: 3, gone: 6 });
});

test('where nobody counts for any quota, the answer is no', async () => {
  const { seen } = play([undefined]);
  expect(await isCounted(at.api)).toBe(false);
  expect(seen).toEqual({ made: 1, gone: 2 });
});

test('while another process asks, the answer is no', async () => {
  play([counts(all)], 'taken');
  expect(await isCounted(at.api)).toBe(false);
});

test('a refusal is told, and asked again the next time', async () => {
  const { seen, answer } = play([counts(all)]);
  at.answer = (request, response) => (request.method === 'POST' ? status(403) : answer)(request, response);
  expect(await at.faultOf(isCounted(at.api))).toMatchObject({ code: 'CLUSTER_REFUSED' });
  at.answer = answer;
  expect(await isCounted(at.api)).toBe(true);
  expect(seen.made).toBe(1);
});
