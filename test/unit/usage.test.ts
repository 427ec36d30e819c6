/** What our own pods use, asked of an API server that measures it, does not, or is away. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nodesOf } from '../../src/adapters/kubernetes/local-resources.ts';
import type { NodeObject, PodObject } from '../../src/adapters/kubernetes/objects.ts';
import { type Usage, inGrains, readUsage } from '../../src/adapters/kubernetes/usage.ts';
import { json, playApiServer, status } from './api-server.ts';

const at = playApiServer();
const quiet = { debug: () => {}, info: () => {}, warn: () => {} };
const METRICS = '/prefix/apis/metrics.k8s.io/v1beta1/pods';
const measured = (name: string, ...usage: object[]) => ({
  metadata: { name, namespace: 'n' },
  containers: usage.map((each) => ({ usage: each })),
});

let learnt: (Usage | undefined)[];
let ending: AbortController;
let reading: Promise<void>;
beforeEach(() => {
  learnt = [];
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await reading;
});
const begin = (): void => {
  reading = readUsage({ api: at.api, log: quiet, everyMs: 20, signal: ending.signal }, (usage) => void learnt.push(usage));
};
const answers = (...items: object[]): void => {
  at.answer = (_request, response) => json(response, 200, { items, metadata: {} });
};
const asksAgain = async (): Promise<void> => {
  const before = at.asked.length;
  await vi.waitFor(() => expect(at.asked.length).toBeGreaterThan(before + 1), { interval: 10 });
};

it('is the sum of its containers, asked again and again; where nobody measures any more, nothing', async () => {
  at.answer = status(404);
  begin();
  await asksAgain();
  expect(learnt).toEqual([]);
  answers(measured('one', { cpu: '1500m', memory: '1Gi' }, { cpu: '250m', memory: '100Mi' }), measured('two', { cpu: 'much' }));
  await vi.waitFor(() => expect(learnt.at(-1)?.get('n/one')).toEqual({ cpu: 1_750_000_000n, memory: 1124n * 2n ** 20n * 10n ** 9n }), {
    interval: 10,
  });
  expect(learnt.at(-1)?.get('n/two')).toEqual({ cpu: 0n, memory: 0n });
  expect(at.asked.every(({ path }) => path === METRICS)).toBe(true);
  at.answer = status(503);
  await asksAgain();
  expect(learnt.at(-1)).toBeDefined();
  at.answer = status(404);
  await vi.waitFor(() => expect(learnt.at(-1)).toBeUndefined(), { interval: 10 });
});

it('counts for nodes what our own pods use, in tenths of a core and 64 MiB, and not what buyers use', () => {
  reading = Promise.resolve();
  const node: NodeObject = { metadata: { name: 'a' }, status: { allocatable: { cpu: '8', memory: '16Gi', pods: '110' } } };
  const pod = (name: string, more: object = {}): PodObject => ({
    metadata: { name, namespace: 'n', ...more },
    spec: { nodeName: 'a', containers: [] },
  });
  const guest = pod('guest', { ownerReferences: [{ kind: 'ShadowPod', name: 'guest', uid: 'u' }] });
  const usage: Usage = new Map([
    ['n/one', { cpu: 1_010_000_000n, memory: 65n * 2n ** 20n * 10n ** 9n }],
    ['n/guest', { cpu: 4_000_000_000n, memory: 10n ** 18n }],
  ]);
  const pods = [pod('one'), guest, pod('unmeasured')];
  expect(nodesOf([node], pods, usage)[0]?.used).toEqual({ cpu: '1100m', memory: '128Mi' });
  expect(nodesOf([node], [guest], usage)[0]?.used).toEqual(inGrains());
  expect(nodesOf([node], pods)[0]).not.toHaveProperty('used');
});
