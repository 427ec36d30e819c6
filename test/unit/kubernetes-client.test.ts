/** The Kubernetes client against an API server that misbehaves: every error is a Fault, and a wait misses nothing however its watch breaks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, openApi } from '../../src/adapters/kubernetes/api.ts';
import { ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import type { KubeObject } from '../../src/adapters/kubernetes/objects.ts';
import { waitUntil } from '../../src/adapters/kubernetes/watching.ts';
import { Fault, type FaultCode, isFault } from '../../src/domain/faults.ts';
import type { Wait } from '../../src/ports/fabric.ts';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
type Answer = (request: Request, response: ServerResponse) => void;

const logged: string[] = [];
const note = (facts: object, words: string): void => void logged.push(`${words} ${JSON.stringify(facts)}`);
const log = { debug: note, info: note, warn: note };

let folder: string;
let server: http.Server;
let api: Api;
let asked: Request[];
let answer: Answer;

async function listen(port = 0): Promise<void> {
  server = http.createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '', 'http://x');
      const request = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        body: Buffer.concat(parts).toString(),
      };
      asked.push(request);
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
}
const portOf = (): number => {
  const place = server.address();
  if (place === null || typeof place === 'string') throw new Error('no port');
  return place.port;
};
async function stop(): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubernetes-client-'));
  asked = [];
  logged.length = 0;
  await listen();
  const kubeconfig = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'here', cluster: { server: `http://127.0.0.1:${portOf()}/prefix`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'me', user: { token: 'very-secret' } }],
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  api = openApi(ownConnection({ kubeconfig }), log);
});
afterEach(async () => {
  api.close();
  await stop();
  rmSync(folder, { recursive: true });
});

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};
const status = (code: number, message = 'words of the API server', more: object = {}): Answer => {
  return (_request, response) => json(response, code, { kind: 'Status', message, code, ...more });
};
const node = (name: string, more: object = {}): KubeObject => ({ metadata: { name, ...more } });

async function faultOf(call: Promise<unknown>): Promise<Fault> {
  try {
    await call;
  } catch (error) {
    if (!isFault(error)) throw error;
    expect(error.cause).toBeUndefined();
    expect(`${error.message} ${JSON.stringify(error.facts)} ${error.stack} ${logged.join()}`).not.toContain('very-secret');
    return error;
  }
  throw new Error('it did not fail');
}

describe('one request', () => {
  test('carries our identity and our path, and no request before it', async () => {
    answer = (_request, response) => json(response, 200, node('n'));
    expect(await api.get(KINDS.node, { name: 'n' })).toEqual(node('n'));
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /prefix/api/v1/nodes/n']);
    expect(asked[0]?.headers.authorization).toBe('Bearer very-secret');
  });

  test('goes over the same connection as the one before', async () => {
    let connections = 0;
    server.on('connection', () => {
      connections += 1;
    });
    answer = (_request, response) => json(response, 200, node('n'));
    for (let times = 0; times < 5; times += 1) await api.get(KINDS.node, { name: 'n' });
    expect(connections).toBe(1);
  });

  test('applies under our field manager, by force', async () => {
    answer = (_request, response) => json(response, 200, {});
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } });
    const [sent] = asked;
    expect([sent?.method, sent?.path, sent?.headers['content-type']]).toEqual([
      'PATCH',
      '/prefix/api/v1/namespaces/a',
      'application/apply-patch+yaml',
    ]);
    expect(Object.fromEntries(sent?.query ?? [])).toEqual({ fieldManager: 'rearguard', force: 'true' });
  });

  test('lists page after page', async () => {
    answer = ({ query }, response) =>
      query.has('continue')
        ? json(response, 200, { items: [node('b')], metadata: { resourceVersion: '7' } })
        : json(response, 200, { items: [node('a')], metadata: { resourceVersion: '7', continue: 'more' } });
    const { items, resourceVersion } = await api.list(KINDS.node, { labels: 'x=y' });
    expect([items.map(({ metadata }) => metadata.name), resourceVersion]).toEqual([['a', 'b'], '7']);
    expect(asked.map(({ query }) => query.get('labelSelector'))).toEqual(['x=y', 'x=y']);
  });

  test('what is not there: absent when read, success when deleted', async () => {
    answer = status(404);
    expect(await api.get(KINDS.node, { name: 'n' })).toBeUndefined();
    expect(await api.merge(KINDS.node, { name: 'n' }, {})).toBeUndefined();
    await api.remove(KINDS.node, { name: 'n' });
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
    answer = status(code, 'words of the API server', more);
    const { code: seen, message, facts } = await faultOf(api.list(KINDS.node));
    expect([seen, facts['status']]).toEqual([fault, code]);
    expect(message).toContain('words of the API server');
  });

  test('words of any length are cut', async () => {
    answer = status(422, 'x'.repeat(100_000));
    expect((await faultOf(api.list(KINDS.node))).message.length).toBeLessThan(700);
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
    answer = misbehave;
    expect((await faultOf(api.get(KINDS.node, { name: 'n' }))).code).toBe('CLUSTER_UNREACHABLE');
  });

  test('nobody listens: unreachable, and there again when it listens again', async () => {
    answer = (_request, response) => json(response, 200, node('n'));
    const port = portOf();
    await stop();
    expect((await faultOf(api.get(KINDS.node, { name: 'n' }))).code).toBe('CLUSTER_UNREACHABLE');
    await listen(port);
    expect(await api.get(KINDS.node, { name: 'n' })).toEqual(node('n'));
  });

  test('a kubeconfig that is not there is refused without its content', async () => {
    writeFileSync(join(folder, 'broken'), 'kind: [very-secret');
    for (const name of ['absent', 'broken'])
      expect((await faultOf((async () => ownConnection({ kubeconfig: join(folder, name) }))())).code).toBe('CLUSTER_REFUSED');
  });
});

describe('a wait', () => {
  const LONG: Wait = { timeoutMs: 20_000 };
  const late = (last: string): Fault => new Fault('STILL_THERE', `last seen: ${last}`);
  /** Until the nodes are these. */
  const untilNodes = (names: readonly string[], wait: Wait = LONG): Promise<readonly string[]> =>
    waitUntil({
      api,
      looks: [{ kind: KINDS.node }],
      read([nodes = []], say) {
        const seen = nodes.map(({ metadata }) => metadata.name).toSorted();
        say(`nodes ${seen.join(', ')}`);
        return seen.join() === names.join() ? seen : undefined;
      },
      wait,
      late,
    });
  const isWatch = ({ query }: Request): boolean => query.get('watch') === 'true';
  const lists = (): number => asked.filter((request) => !isWatch(request)).length;
  const event = (response: ServerResponse, type: string, object: object): void =>
    void response.write(`${JSON.stringify({ type, object })}\n`);
  /** Lists answer one after the other, the last one for ever; each watch is played by `watch`. */
  function play(states: readonly (readonly KubeObject[])[], watch: (response: ServerResponse, nth: number) => void): void {
    let listed = 0;
    let watched = 0;
    answer = (request, response) => {
      if (isWatch(request)) {
        response.writeHead(200);
        watch(response, (watched += 1));
        return;
      }
      const items = states[Math.min(listed, states.length - 1)];
      listed += 1;
      json(response, 200, { items, metadata: { resourceVersion: String(listed) } });
    };
  }

  test('finds what is there already, and asks no more', async () => {
    play([[node('a')]], () => undefined);
    expect(await untilNodes(['a'])).toEqual(['a']);
    expect(lists()).toBe(1);
  });

  test('hears what comes, changes and goes, from one list and one watch', async () => {
    const seen: string[] = [];
    play([[node('a')]], (response) => {
      event(response, 'ADDED', node('b'));
      event(response, 'BOOKMARK', node(''));
      event(response, 'DELETED', node('a'));
      event(response, 'ADDED', node('c'));
    });
    await untilNodes(['b', 'c'], { ...LONG, seen: (what) => seen.push(what) });
    expect(seen).toEqual(['nodes a', 'nodes a, b', 'nodes b', 'nodes b, c']);
    expect([lists(), asked.filter(isWatch)[0]?.query.get('resourceVersion')]).toEqual([1, '1']);
  });

  test('hears an event that comes in pieces', async () => {
    play([[]], (response) => {
      const text = `${JSON.stringify({ type: 'ADDED', object: node('é') })}\n`;
      const bytes = Buffer.from(text);
      const middle = bytes.indexOf(0xc3) + 1;
      response.write(bytes.subarray(0, middle), () => void response.write(bytes.subarray(middle)));
    });
    expect(await untilNodes(['é'])).toEqual(['é']);
  });

  test.each<readonly [string, (response: ServerResponse) => void]>([
    ['ended by the server', (response) => void response.end()],
    ['broken', (response) => void response.destroy()],
    ['too old (410)', (response) => event(response, 'ERROR', { code: 410, reason: 'Expired', message: 'too old' })],
    ['failed in the server', (response) => event(response, 'ERROR', { code: 500, message: 'etcd is away' })],
    ['garbage', (response) => void response.write('not JSON\n')],
  ])('a watch that is %s is made again, and what vanished meanwhile is missed by nobody', async (_, misbehave) => {
    play([[node('a')], []], (response, nth) => {
      if (nth === 1) misbehave(response);
    });
    expect(await untilNodes([])).toEqual([]);
    expect(lists()).toBe(2);
  });

  test('goes on when the API server was away', async () => {
    const port = portOf();
    await stop();
    const seen: string[] = [];
    const waiting = untilNodes(['a'], { ...LONG, seen: (what) => seen.push(what) });
    await expect.poll(() => seen.join(), { timeout: 5_000 }).toContain('does not answer');
    play([[node('a')]], () => undefined);
    await listen(port);
    expect(await waiting).toEqual(['a']);
  });

  test('is not for ever: at its deadline it says what it last saw, or that nobody answered', async () => {
    play([[node('a')]], () => undefined);
    const { code, message } = await faultOf(untilNodes(['b'], { timeoutMs: 200 }));
    expect([code, message]).toEqual(['STILL_THERE', 'last seen: nodes a']);
    await stop();
    expect((await faultOf(untilNodes(['b'], { timeoutMs: 200 }))).code).toBe('CLUSTER_UNREACHABLE');
    await listen();
  });

  test('ends at once with its signal, and leaves no connection', async () => {
    let open = 0;
    play([[node('a')]], (response) => {
      open += 1;
      response.on('close', () => {
        open -= 1;
      });
    });
    const unwanted = new AbortController();
    const seen: string[] = [];
    const waiting = untilNodes(['b'], { ...LONG, signal: unwanted.signal, seen: (what) => seen.push(what) });
    await expect.poll(() => open, { timeout: 5_000 }).toBe(1);
    unwanted.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
    await expect.poll(() => open, { timeout: 5_000 }).toBe(0);
    await expect(untilNodes(['a'], { ...LONG, signal: unwanted.signal })).rejects.toThrow('no longer wanted');
  });

  test('ends at once with what is permanent', async () => {
    answer = status(403);
    expect((await faultOf(untilNodes(['a']))).code).toBe('CLUSTER_REFUSED');
  });

  test('ends at once when what it reads is a refusal', async () => {
    play([[node('a')]], () => undefined);
    const denied = waitUntil({
      api,
      looks: [{ kind: KINDS.node }],
      read: () => {
        throw new Fault('SLICE_DENIED', 'no');
      },
      wait: LONG,
      late,
    });
    expect((await faultOf(denied)).code).toBe('SLICE_DENIED');
  });

  test('a server that ends every watch at once is not asked in a circle', async () => {
    play([[node('a')]], (response) => void response.end());
    await faultOf(untilNodes(['b'], { timeoutMs: 1_000 }));
    expect(lists()).toBeLessThan(12);
  });
});
