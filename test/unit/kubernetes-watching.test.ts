/** A wait on an API server that misbehaves: it misses nothing however its watch breaks. */
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import type { KubeObject } from '../../src/adapters/kubernetes/objects.ts';
import { waitUntil } from '../../src/adapters/kubernetes/watching.ts';
import { Fault } from '../../src/domain/faults.ts';
import type { Wait } from '../../src/ports/fabric.ts';
import { type Request, json, node, playApiServer, status } from './api-server.ts';

const at = playApiServer();
const { faultOf } = at;

describe('a wait', () => {
  const LONG: Wait = { timeoutMs: 20_000 };
  const late = (last: string): Fault => new Fault('STILL_THERE', `last seen: ${last}`);
  /** Until the nodes are these. */
  const untilNodes = (names: readonly string[], wait: Wait = LONG): Promise<readonly string[]> =>
    waitUntil({
      api: at.api,
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
  const lists = (): number => at.asked.filter((request) => !isWatch(request)).length;
  const event = (response: ServerResponse, type: string, object: object): void =>
    void response.write(`${JSON.stringify({ type, object })}\n`);
  /** Lists answer one after the other, the last one for ever; each watch is played by `watch`. */
  function play(states: readonly (readonly KubeObject[])[], watch: (response: ServerResponse, nth: number) => void): void {
    let listed = 0;
    let watched = 0;
    at.answer = (request, response) => {
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
    expect([lists(), at.asked.filter(isWatch)[0]?.query.get('resourceVersion')]).toEqual([1, '1']);
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
    const port = at.port();
    await at.stop();
    const seen: string[] = [];
    const waiting = untilNodes(['a'], { ...LONG, seen: (what) => seen.push(what) });
    await expect.poll(() => seen.join(), { timeout: 5_000 }).toContain('does not answer');
    play([[node('a')]], () => undefined);
    await at.listen(port);
    expect(await waiting).toEqual(['a']);
  });

  test('is not for ever: at its deadline it says what it last saw, or that nobody answered', async () => {
    play([[node('a')]], () => undefined);
    const { code, message } = await faultOf(untilNodes(['b'], { timeoutMs: 200 }));
    expect([code, message]).toEqual(['STILL_THERE', 'last seen: nodes a']);
    await at.stop();
    expect((await faultOf(untilNodes(['b'], { timeoutMs: 200 }))).code).toBe('CLUSTER_UNREACHABLE');
    await at.listen();
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
    at.answer = status(403);
    expect((await faultOf(untilNodes(['a']))).code).toBe('CLUSTER_REFUSED');
  });

  test('ends at once when what it reads is a refusal', async () => {
    play([[node('a')]], () => undefined);
    const denied = waitUntil({
      api: at.api,
      looks: [{ kind: KINDS.node }],
      read: () => {
        throw new Fault('SLICE_DENIED', 'no');
      },
      wait: LONG,
      late,
    });
    expect((await faultOf(denied)).code).toBe('SLICE_DENIED');
  });

  test('a server that ends every watch at once is not at.asked in a circle', async () => {
    play([[node('a')]], (response) => void response.end());
    await faultOf(untilNodes(['b'], { timeoutMs: 1_000 }));
    expect(lists()).toBeLessThan(12);
  });
});
