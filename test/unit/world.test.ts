/** The shared watch on an API server in memory: what of a pod, a Job or a slice is told, and how often. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Api, WatchEvent } from '../../src/adapters/kubernetes/api.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { LIQO_KEYS, OURS } from '../../src/adapters/kubernetes/labels.ts';
import type { KubeObject } from '../../src/adapters/kubernetes/objects.ts';
import { kubernetesWorld } from '../../src/adapters/kubernetes/world.ts';
import type { WorldEvent } from '../../src/ports/world.ts';

const MINUTE = 60_000;
const quiet = { debug: () => {}, info: () => {}, warn: () => {} };
let now = 0;
let heard: WorldEvent[];
type Happens = (event: WatchEvent<KubeObject>) => void;
let happens: Happens | undefined;
let happensToJobs: Happens | undefined;
let happensToSlices: Happens | undefined;
let stop: AbortController;
let watching: Promise<void>;
/** What is done about an event before the next one is told. */
let told: (event: WorldEvent) => Promise<void>;

beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z');
  heard = [];
  told = async () => undefined;
  happens = happensToJobs = happensToSlices = undefined;
  stop = new AbortController();
  const api = {
    connection: { bounds: { objects: 100 } },
    raw: async () => undefined,
    get: async () => undefined,
    list: async () => ({ items: [], resourceVersion: '1' }),
    watch: async (kind: unknown, _where: unknown, _version: unknown, signal: AbortSignal, onEvent: typeof happens) => {
      if (kind === KINDS.pod) happens = onEvent;
      if (kind === KINDS.job) happensToJobs = onEvent;
      if (kind === KINDS.resourceSlice) happensToSlices = onEvent;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  } as unknown as Api;
  const hear = async (event: WorldEvent): Promise<void> => {
    heard.push(event);
    await told(event);
  };
  watching = kubernetesWorld({ api, log: quiet, now: () => now }).watch(hear, stop.signal);
  await vi.waitFor(() => expect(happens).toBeDefined());
});
afterEach(async () => {
  stop.abort();
  await watching;
});

type PodState = 'coming' | 'running' | 'taken away' | 'crashed' | 'init crashed' | 'no image';
const waiting = (reason: string) => [{ state: { waiting: { reason } } }];
const STATUS: Readonly<Record<PodState, object>> = {
  coming: { phase: 'Pending', containerStatuses: waiting('ContainerCreating') },
  running: { phase: 'Running', containerStatuses: [{ state: { running: {} } }] },
  'taken away': { phase: 'Running', conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }] },
  crashed: { phase: 'Running', containerStatuses: waiting('CrashLoopBackOff') },
  'init crashed': { phase: 'Pending', initContainerStatuses: waiting('CrashLoopBackOff'), containerStatuses: waiting('PodInitializing') },
  'no image': { phase: 'Pending', containerStatuses: waiting('ErrImagePull') },
};
/** Shows the pod so, `afterMs` later than before; answers how often the intent has been told by now. */
async function shows(state: PodState, afterMs = 0): Promise<number> {
  now += afterMs;
  const object = { metadata: { name: 'web', namespace: 'n', uid: 'u', labels: { [OURS.intent]: 'shop' } }, status: STATUS[state] };
  happens?.({ type: 'MODIFIED', object });
  await Promise.resolve();
  return heard.length;
}

test('what comes up as it should is not told', async () => {
  await shows('coming');
  expect(await shows('running', MINUTE)).toBe(0);
});

test.each(['crashed', 'init crashed', 'no image'] as const)('a pod that is %s is told at once', async (state) => {
  await shows('running');
  expect(await shows(state, MINUTE)).toBe(1);
  expect(heard).toEqual([{ kind: 'workload-changed', intent: 'shop' }]);
});

test('a pod that its cluster takes off a dead node is told, though it never goes', async () => {
  await shows('running');
  expect(await shows('taken away', MINUTE)).toBe(1);
  expect(await shows('taken away', MINUTE)).toBe(1);
});

test('one that comes and goes is told again after pauses that double: few a day, and within minutes at first', async () => {
  await shows('running');
  const told: number[] = [];
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    const before = heard.length;
    await shows('running', MINUTE / 2);
    if ((await shows('crashed', MINUTE / 2)) > before) told.push(minute);
  }
  expect(told.slice(0, 4)).toEqual([0, 5, 15, 35]);
  expect(told.length).toBeLessThanOrEqual(12);
});

test('one that was well for a day is told as if it had never been broken', async () => {
  await shows('running');
  for (let times = 0; times < 8; times += 1) await shows('crashed', 10 * MINUTE);
  const before = heard.length;
  await shows('running', MINUTE);
  expect(await shows('crashed', 25 * 60 * MINUTE)).toBe(before + 1);
  await shows('running', MINUTE);
  expect(await shows('crashed', 5 * MINUTE)).toBe(before + 2);
});

test.each(['Complete', 'Failed'])('a Job that is %s is told once, however many pods it had', async (type) => {
  const labels = { [OURS.intent]: 'shop' };
  const podOf = (uid: string, phase: string): KubeObject => {
    const ownerReferences = [{ kind: 'Job', name: 'once', uid: 'j' }];
    return { metadata: { name: uid, namespace: 'n', uid, labels, ownerReferences }, status: { phase } } as KubeObject;
  };
  const job = (conditions: readonly object[]) => ({ metadata: { name: 'once', namespace: 'n', uid: 'j', labels }, status: { conditions } });
  happensToJobs?.({ type: 'ADDED', object: job([]) });
  for (const uid of ['a', 'b', 'c'])
    for (const phase of ['Pending', 'Running', type === 'Complete' ? 'Succeeded' : 'Failed'])
      happens?.({ type: 'MODIFIED', object: podOf(uid, phase) });
  happensToJobs?.({
    type: 'MODIFIED',
    object: job([{ type: type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', status: 'True' }]),
  });
  await Promise.resolve();
  expect(heard).toEqual([]);
  happensToJobs?.({ type: 'MODIFIED', object: job([{ type, status: 'True' }]) });
  await vi.waitFor(() => expect(heard).toEqual([{ kind: 'workload-changed', intent: 'shop' }]));
});

test('of what happens to one object only that one is looked at, however many there are', async () => {
  let looks = 0;
  const podOf = (name: string): KubeObject => ({
    get metadata() {
      looks += 1;
      return { name, namespace: 'n', uid: name, labels: { [OURS.intent]: 'shop' } };
    },
  });
  for (let i = 0; i < 50; i += 1) happens?.({ type: 'ADDED', object: podOf(`pod-${i}`) });
  looks = 0;
  happens?.({ type: 'MODIFIED', object: podOf('pod-7') });
  expect(looks).toBeLessThan(20);
  happens?.({ type: 'DELETED', object: podOf('pod-7') });
  await Promise.resolve();
  expect(heard).toEqual([{ kind: 'workload-changed', intent: 'shop' }]);
});

test('another object of the same name is another one: the end of the first is told', async () => {
  await shows('running');
  happens?.({ type: 'MODIFIED', object: { metadata: { name: 'web', namespace: 'n', uid: 'v', labels: { [OURS.intent]: 'shop' } } } });
  await Promise.resolve();
  expect(heard).toHaveLength(1);
});

interface Shown {
  readonly type?: WatchEvent<KubeObject>['type'];
  readonly contract?: string | undefined;
  readonly conditions?: readonly object[];
  /** Whether it asks for a certificate; as our own do when they are copied whole. */
  readonly csr?: boolean;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
}
/** Shows a slice of south so; answers all that was told by now. */
async function slice({ type = 'MODIFIED', contract, conditions = [], csr = true, ...metadata }: Shown): Promise<readonly WorldEvent[]> {
  const labels = { [LIQO_KEYS.origin]: 'south', [LIQO_KEYS.replicated]: 'true' };
  const annotations = contract === undefined ? {} : { [OURS.contract]: contract };
  happensToSlices?.({
    type,
    object: {
      metadata: { name: 's', namespace: 'n', uid: 'u', labels, annotations, ...metadata },
      spec: csr ? { csr: 'YQ==' } : {},
      status: { conditions },
    } as KubeObject,
  });
  await Promise.resolve();
  return heard;
}
const under = { buyer: 'south', contract: 'c1' };
const seen = { kind: 'slice-seen', ...under };
const offered = { kind: 'slice-offered', ...under };
const authenticated = { type: 'Authentication', status: 'Accepted' };

test.each(['Accepted', 'Denied'])(
  'a slice is offered once, when Liqo has said %s of whose it is: its verdict and ours would be in each other’s way',
  async (status) => {
    const said = { type: 'Authentication', status };
    expect(await slice({ type: 'ADDED', contract: 'c1' })).toEqual([seen]);
    expect(await slice({ contract: 'c1', conditions: [said] })).toEqual([seen, offered]);
    expect(await slice({ contract: 'c1', conditions: [said, { type: 'Resources', status: 'Accepted' }] })).toEqual([seen, offered]);
    expect(await slice({ type: 'DELETED', contract: 'c1' })).toEqual([seen, offered, { ...offered, kind: 'slice-gone' }]);
  },
);

test('of a slice that asks for no certificate, of which Liqo says nothing, that is told, until it asks for one', async () => {
  const without = { ...seen, uncertified: true };
  expect(await slice({ type: 'ADDED', contract: 'c1', csr: false, generation: 1 })).toEqual([without]);
  expect(await slice({ contract: 'c1', generation: 2 })).toEqual([without, seen]);
  expect(await slice({ contract: 'c1', generation: 2, conditions: [authenticated] })).toEqual([without, seen, offered]);
});

test('a slice whose request is changed is offered again, its deletion is no change, and who changes it all the time is heard less and less', async () => {
  const shows = async (generation: number, more: Shown = {}) =>
    (await slice({ contract: 'c1', conditions: [authenticated], generation, ...more })).length;
  expect([await shows(1), await shows(1), await shows(2)]).toEqual([1, 1, 2]);
  expect(await shows(3, { deletionTimestamp: '2026-01-01T00:00:00Z' })).toBe(2);
  for (let generation = 3; generation <= 10_000; generation += 1) await shows(generation);
  expect(await shows(10_001)).toBeLessThan(30);
});

test.each([
  ['no contract', undefined],
  ['an empty one', ''],
  ['what no store takes', 'NUL \u0000'],
  ['an endless one', 'c'.repeat(1_000)],
])('a slice that names %s is told, and of its end nothing', async (_, contract) => {
  const names = { kind: 'slice-seen', buyer: 'south' };
  expect(await slice({ type: 'ADDED', contract })).toEqual([names]);
  expect(await slice({ contract, conditions: [authenticated] })).toEqual([names, names]);
  expect(await slice({ type: 'DELETED', contract })).toEqual([names, names]);
});

test('who says something all the time keeps nobody else waiting', async () => {
  let generation = 1;
  told = async (event) => {
    generation += 1;
    if (event.kind === 'slice-offered' && generation < 12) await slice({ contract: 'c1', conditions: [authenticated], generation });
  };
  await slice({ contract: 'c1', conditions: [authenticated], generation });
  await shows('crashed');
  await vi.waitFor(() => expect(heard.length).toBeGreaterThan(5));
  expect(heard.findIndex(({ kind }) => kind === 'workload-changed')).toBeLessThan(4);
});
