/** Many who wait for their part of one collection. */
import type { ServerResponse } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { OURS } from '../../src/adapters/kubernetes/labels.ts';
import type { KubeObject } from '../../src/adapters/kubernetes/objects.ts';
import { VIRTUAL_NODES } from '../../src/adapters/kubernetes/sharing.ts';
import { waitUntil } from '../../src/adapters/kubernetes/watching.ts';
import { workloadLooks } from '../../src/adapters/kubernetes/workload-looks.ts';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, intentName } from '../../src/domain/ids.ts';
import { type Request, json, node, playApiServer, status } from './api-server.ts';

const at = playApiServer();
const { faultOf } = at;
const isWatch = ({ query }: Request): boolean => query.get('watch') === 'true';
const event = (response: ServerResponse, type: string, object: object): void =>
  void response.write(`${JSON.stringify({ type, object })}\n`);

/** Lists answer this; each watch is handed to `watch`. */
function play(items: readonly KubeObject[], watch: (response: ServerResponse, nth: number) => void = () => undefined): void {
  let watched = 0;
  at.answer = (request, response) => {
    if (!isWatch(request)) return json(response, 200, { items, metadata: { resourceVersion: '1' } });
    response.writeHead(200).flushHeaders();
    watch(response, (watched += 1));
  };
}

describe('who waits for a part of a collection', () => {
  let reads = 0;
  const untilNode = (name: string, timeoutMs = 20_000, signal?: AbortSignal): Promise<string> =>
    waitUntil({
      api: at.api,
      looks: [{ kind: KINDS.node, of: VIRTUAL_NODES, name }],
      read([nodes = []]) {
        reads += 1;
        return nodes[0]?.metadata.name;
      },
      wait: { timeoutMs, ...(signal && { signal }) },
      late: (last) => new Fault('STILL_THERE', `last seen: ${last}`),
    });

  test('shares one list and one watch with all the others, and is asked when its own part changes', async () => {
    let tell: ServerResponse | undefined;
    play([node('a')], (response) => {
      tell = response;
    });
    reads = 0;
    const [b, c] = [untilNode('b'), untilNode('c')];
    expect(await untilNode('a')).toBe('a');
    await expect.poll(() => tell !== undefined).toBe(true);
    if (!tell) return;
    event(tell, 'ADDED', node('x'));
    event(tell, 'ADDED', node('c'));
    expect(await c).toBe('c');
    event(tell, 'ADDED', node('b'));
    expect(await b).toBe('b');
    // Whoever comes later finds what is known.
    expect(await untilNode('x')).toBe('x');
    expect(at.asked.map((request) => (isWatch(request) ? 'watch' : 'list'))).toEqual(['list', 'watch']);
    // Once each at the list, once each when it came, once who came later.
    expect(reads).toBe(3 + 2 + 1);
  });

  test('goes on when a watch breaks, and ends with its signal while the others wait', async () => {
    play([], (response, nth) => {
      if (nth === 1) return void response.destroy();
      event(response, 'ADDED', node('b'));
    });
    const unwanted = new AbortController();
    const gone = untilNode('a', 20_000, unwanted.signal);
    const b = untilNode('b');
    unwanted.abort(new Error('no longer wanted'));
    await expect(gone).rejects.toThrow('no longer wanted');
    expect(await b).toBe('b');
  });

  test('hears what is permanent, like everybody; whoever asks next begins anew', async () => {
    at.answer = status(403);
    const codes = await Promise.all([untilNode('a'), untilNode('b')].map(async (each) => (await faultOf(each)).code));
    expect(codes).toEqual(['CLUSTER_REFUSED', 'CLUSTER_REFUSED']);
    play([node('a')]);
    expect(await untilNode('a')).toBe('a');
  });

  test.each([
    ['before anything was known', false],
    ['after others found what they sought', true],
  ])('is told at its deadline that nobody answers: %s', async (_, known) => {
    play([node('x')]);
    if (known) await untilNode('x');
    const waiting = known ? faultOf(untilNode('y', 1_000)) : undefined;
    await at.stop();
    await waiting;
    const codes = [(await faultOf(untilNode('a', 200))).code, (await faultOf(untilNode('a', 200))).code];
    expect(codes).toEqual(['CLUSTER_UNREACHABLE', 'CLUSTER_UNREACHABLE']);
    await at.listen();
  });

  test('has a collection followed anew of which nothing was heard for long: its connection may be dead without a word', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      let watched = 0;
      play([node('a')], (response, nth) => {
        watched = nth;
        // The first one never says anything again.
        if (nth === 2) event(response, 'ADDED', node('b'));
      });
      const waits = untilNode('b');
      expect(await untilNode('a')).toBe('a');
      await expect.poll(() => watched).toBe(1);
      vi.setSystemTime(Date.now() + 10_001);
      expect(await untilNode('b')).toBe('b');
      // Who waited all the while hears it too.
      expect(await waits).toBe('b');
      expect(watched).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  test('tries again what is refused to whom it was allowed a moment ago', async () => {
    play([], (response) => {
      at.answer = status(403);
      response.end();
    });
    expect((await faultOf(untilNode('a'))).code).toBe('CLUSTER_UNREACHABLE');
    expect((await faultOf(untilNode('a'))).code).toBe('CLUSTER_REFUSED');
  });

  test('hears that the client is closed', async () => {
    play([]);
    const waiting = faultOf(untilNode('a'));
    await expect.poll(() => at.asked.some(isWatch)).toBe(true);
    at.api.close();
    expect((await waiting).message).toContain('closed');
  });

  test('leaves no connection once the client is closed', async () => {
    let open = 0;
    play([node('a')], (response) => {
      open += 1;
      response.on('close', () => {
        open -= 1;
      });
    });
    await untilNode('a');
    await expect.poll(() => open).toBe(1);
    at.api.close();
    await expect.poll(() => open).toBe(0);
  });
});

test('a watch takes no connection that a request would find open', async () => {
  const connections = new Set<unknown>();
  at.server.on('connection', (socket) => connections.add(socket));
  play([]);
  const ending = new AbortController();
  await at.api.list(KINDS.node);
  const watching = at.api.watch(KINDS.node, {}, '1', ending.signal, () => undefined);
  await expect.poll(() => at.asked.some(isWatch)).toBe(true);
  expect(connections.size).toBe(2);
  await at.api.list(KINDS.node);
  ending.abort();
  await watching;
  expect(connections.size).toBe(2);
});

test('a seller is asked for the pods of a workload once home shows one that is more than pending', async () => {
  const acquisition = acquisitionId('0123456789ab-1');
  const pod = (phase: string): object => ({
    metadata: { namespace: 'shop', name: 'web-1', labels: { [OURS.acquisition]: acquisition } },
    status: { phase },
  });
  let tell: ServerResponse | undefined;
  play([pod('Pending') as KubeObject], (response) => {
    tell = response;
  });
  let asked = 0;
  const sellers = {
    open: async () => {
      asked += 1;
      throw new Fault('KUBECONFIG_REFUSED', 'it runs a program');
    },
  };
  const manifests = [{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 1 } }];
  const ref = { namespace: 'shop', intent: intentName('shop'), acquisition, seller: clusterId('evil'), manifests };
  const seen: string[] = [];
  const waiting = faultOf(workloadLooks(at.api, sellers).awaitWorkload(ref, { timeoutMs: 20_000, seen: (words) => seen.push(words) }));
  await expect.poll(() => tell !== undefined && seen.join()).toBe('pending: web-1 Pending');
  expect(asked).toBe(0);
  if (tell) event(tell, 'MODIFIED', pod('Running'));
  expect((await waiting).code).toBe('KUBECONFIG_REFUSED');
  expect(asked).toBe(1);
});
