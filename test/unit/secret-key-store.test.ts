/** Keys in a Secret: what another process wrote there is heard of by a watch, of that Secret alone. */
import type { ServerResponse } from 'node:http';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { secretKeyStore } from '../../src/adapters/kubernetes/key-store.ts';
import { newsContract } from '../contracts/key-store.ts';
import { type Answer, json, playApiServer, status } from './api-server.ts';

const play = playApiServer();
const COLLECTION = '/prefix/api/v1/namespaces/rearguard/secrets';

/** An API server with one Secret, which it may not tell of. */
function oneSecret({ watched = true } = {}): Answer {
  let version = 1;
  let secret: { readonly metadata: object; readonly data: object } | undefined;
  const watchers = new Set<ServerResponse>();
  return (request, response) => {
    const { method, path, query, body } = request;
    if (method === 'PATCH') return json(response, 200, {});
    if (path === COLLECTION && method === 'GET') {
      if (!watched) return status(403, 'no')(request, response);
      if (query.get('watch') === null)
        return json(response, 200, { metadata: { resourceVersion: String(version) }, items: secret ? [secret] : [] });
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      return void watchers.add(response);
    }
    if (method === 'GET') return secret ? json(response, 200, secret) : status(404)(request, response);
    const sent = JSON.parse(body) as { readonly metadata: { readonly resourceVersion?: string }; readonly data: object };
    if (method === 'POST' ? secret !== undefined : sent.metadata.resourceVersion !== String(version)) return status(409)(request, response);
    version += 1;
    const type = secret === undefined ? 'ADDED' : 'MODIFIED';
    secret = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(version) } };
    json(response, 200, secret);
    for (const watcher of watchers) watcher.write(`${JSON.stringify({ type, object: secret })}\n`);
  };
}

describe('watched', () => {
  beforeEach(() => {
    play.answer = oneSecret();
  });
  newsContract(async () => [secretKeyStore(play.api, 'node-keys'), secretKeyStore(play.api, 'node-keys')], { far: true });

  test('of all Secrets that one alone is asked for: an account may see no more', async () => {
    const stop = new AbortController();
    secretKeyStore(play.api, 'node-keys').follow?.(stop.signal);
    await vi.waitFor(() => expect(play.asked.filter(({ path }) => path === COLLECTION)).toHaveLength(2));
    stop.abort();
    for (const { query } of play.asked) expect(query.get('fieldSelector')).toBe('metadata.name=node-keys');
  });
});

test('where it may not be watched nothing is said of it, which is logged once', async () => {
  play.answer = oneSecret({ watched: false });
  const said: string[] = [];
  const stop = new AbortController();
  const store = secretKeyStore(play.api, 'node-keys', { warn: (facts, words) => void said.push(`${words} ${JSON.stringify(facts)}`) });
  store.follow?.(stop.signal);
  await store.write('x', undefined);
  await vi.waitFor(() =>
    expect(play.asked.filter(({ path, method }) => path === COLLECTION && method === 'GET').length).toBeGreaterThan(1),
  );
  stop.abort();
  expect(await store.glance()).toBeUndefined();
  expect(said).toEqual([expect.stringMatching(/^Secret rearguard\/node-keys cannot be watched/)]);
});
