/** The Kubernetes client against an API server that misbehaves: every error is a Fault. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import type { FaultCode } from '../../src/domain/faults.ts';
import { type Answer, json, node, playApiServer, status } from './api-server.ts';

const at = playApiServer();
const { faultOf } = at;

describe('one request', () => {
  test('carries our identity and our path, and no request before it', async () => {
    at.answer = (_request, response) => json(response, 200, node('n'));
    expect(await at.api.get(KINDS.node, { name: 'n' })).toEqual(node('n'));
    expect(at.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /prefix/api/v1/nodes/n']);
    expect(at.asked[0]?.headers.authorization).toBe('Bearer very-secret');
  });

  test('goes over the same connection as the one before', async () => {
    let connections = 0;
    at.server.on('connection', () => {
      connections += 1;
    });
    at.answer = (_request, response) => json(response, 200, node('n'));
    for (let times = 0; times < 5; times += 1) await at.api.get(KINDS.node, { name: 'n' });
    expect(connections).toBe(1);
  });

  test('applies under our field manager, by force', async () => {
    at.answer = (_request, response) => json(response, 200, {});
    await at.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } });
    const [sent] = at.asked;
    expect([sent?.method, sent?.path, sent?.headers['content-type']]).toEqual([
      'PATCH',
      '/prefix/api/v1/namespaces/a',
      'application/apply-patch+yaml',
    ]);
    expect(Object.fromEntries(sent?.query ?? [])).toEqual({ fieldManager: 'rearguard', force: 'true' });
  });

  test('lists page after page', async () => {
    at.answer = ({ query }, response) =>
      query.has('continue')
        ? json(response, 200, { items: [node('b')], metadata: { resourceVersion: '7' } })
        : json(response, 200, { items: [node('a')], metadata: { resourceVersion: '7', continue: 'more' } });
    const { items, resourceVersion } = await at.api.list(KINDS.node, { labels: 'x=y' });
    expect([items.map(({ metadata }) => metadata.name), resourceVersion]).toEqual([['a', 'b'], '7']);
    expect(at.asked.map(({ query }) => query.get('labelSelector'))).toEqual(['x=y', 'x=y']);
  });

  test('what is not there: absent when read, success when deleted', async () => {
    at.answer = status(404);
    expect(await at.api.get(KINDS.node, { name: 'n' })).toBeUndefined();
    expect(await at.api.merge(KINDS.node, { name: 'n' }, {})).toBeUndefined();
    await at.api.remove(KINDS.node, { name: 'n' });
  });

  test.each<readonly [number, FaultCode, object]>([
    [400, 'CLUSTER_REFUSED', {}],
    [401, 'CLUSTER_UNREACHABLE', {}],
    [403, 'CLUSTER_REFUSED', {}],
    [404, 'CLUSTER_REFUSED', {}],
    [408, 'CLUSTER_UNREACHABLE', {}],
    [409, 'CLUSTER_REFUSED', {}],
    [422, 'CLUSTER_REFUSED', {}],
    [429, 'CLUSTER_UNREACHABLE', {}],
    [500, 'CLUSTER_UNREACHABLE', {}],
    [503, 'CLUSTER_UNREACHABLE', {}],
    [403, 'STILL_THERE', { details: { causes: [{ reason: 'NamespaceTerminating' }] } }],
  ])('%i is %s, with the words of the API server', async (code, fault, more) => {
    at.answer = status(code, 'words of the API server', more);
    const { code: seen, message, facts } = await faultOf(at.api.list(KINDS.node));
    expect([seen, facts['status']]).toEqual([fault, code]);
    expect(message).toContain('words of the API server');
  });

  test('words of any length are cut', async () => {
    at.answer = status(422, 'x'.repeat(100_000));
    expect((await faultOf(at.api.list(KINDS.node))).message.length).toBeLessThan(700);
  });

  test.each<readonly [string, Answer]>([
    ['the connection breaks before the answer', (_request, response) => void response.destroy()],
    [
      'the connection breaks within the answer',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"items":', () => response.destroy());
      },
    ],
    ['what answers is no HTTP', (_request, response) => void response.socket?.end('SSH-2.0-x\r\n')],
    [
      'a gateway answers in HTML',
      (_request, response) => {
        response.writeHead(502, { 'content-type': 'text/html' });
        response.end('<h1>Bad gateway</h1>');
      },
    ],
  ])('%s: unreachable', async (_, misbehave) => {
    at.answer = misbehave;
    expect((await faultOf(at.api.get(KINDS.node, { name: 'n' }))).code).toBe('CLUSTER_UNREACHABLE');
  });

  test('nobody listens: unreachable, and there again when it listens again', async () => {
    at.answer = (_request, response) => json(response, 200, node('n'));
    const port = at.port();
    await at.stop();
    expect((await faultOf(at.api.get(KINDS.node, { name: 'n' }))).code).toBe('CLUSTER_UNREACHABLE');
    await at.listen(port);
    expect(await at.api.get(KINDS.node, { name: 'n' })).toEqual(node('n'));
  });

  test('a kubeconfig that is not there is refused without its content', async () => {
    writeFileSync(join(at.folder, 'broken'), 'kind: [very-secret');
    for (const name of ['absent', 'broken'])
      expect((await faultOf((async () => ownConnection({ kubeconfig: join(at.folder, name) }))())).code).toBe('CLUSTER_REFUSED');
  });
});
