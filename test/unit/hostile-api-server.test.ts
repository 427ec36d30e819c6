/** A seller's API server that means us no good: whatever it answers costs little, ends soon, and makes the workload's state unknown, never a bug. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, openApi } from '../../src/adapters/kubernetes/api.ts';
import { type Bounds, FOREIGN_BOUNDS } from '../../src/adapters/kubernetes/bounds.ts';
import { foreignConnection } from '../../src/adapters/kubernetes/connection.ts';
import { foreignPod } from '../../src/adapters/kubernetes/foreign-pod.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { OURS } from '../../src/adapters/kubernetes/labels.ts';
import type { PodObject } from '../../src/adapters/kubernetes/objects.ts';
import { workloadLooks } from '../../src/adapters/kubernetes/workload-looks.ts';
import { manifestMark } from '../../src/adapters/kubernetes/workload-manifests.ts';
import { Fault, isFault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, intentName } from '../../src/domain/ids.ts';
import { resolveName } from '../../src/runtime/resolve-name.ts';
import { CERTIFICATE } from './certificate.ts';
import { type Answer, endless, json, playHostileServer } from './hostile-server.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const KIB = 1_024;
/** As for a seller, and less patient. */
const BOUNDS: Bounds = {
  ...FOREIGN_BOUNDS,
  answerBytes: 256 * KIB,
  watchBytes: 512 * KIB,
  lineBytes: 64 * KIB,
  answerMs: 400,
  listMs: 800,
  watchMs: 800,
};

const at = playHostileServer();
let remote: Api;

beforeEach(() => {
  remote = openApi(
    foreignConnection({ server: at.url, ca: CERTIFICATE, token: 't' }, { loopback: true, resolve: resolveName }, { bounds: BOUNDS }),
    quiet,
    foreignPod,
  );
});
afterEach(() => remote.close());

const MEGABYTES = 'x'.repeat(200 * KIB);
const pods = (...items: readonly unknown[]): Answer => json({ items, metadata: { resourceVersion: '1' } });

const LISTS: readonly (readonly [string, Answer])[] = [
  ['pages without end', json({ items: [], metadata: { continue: 'more' } })],
  [
    'pages without end, each with pods',
    json({ items: Array.from({ length: 100 }, (_, i) => ({ metadata: { name: `p${i}` } })), metadata: { continue: 'more' } }),
  ],
  ['an answer in single bytes', endless(' ', 20)],
  ['an answer without end', endless('[1,2,3,4,5,6,7,8],'.repeat(1_000), 0)],
  ['a pod that is empty', pods({})],
  ['a pod that is null', pods(null)],
  ['a pod whose name is a number', pods({ metadata: { name: 7 } })],
  ['a pod whose name is no name', pods({ metadata: { name: '../../secrets' } })],
  ['a pod with a name of megabytes', pods({ metadata: { name: MEGABYTES } })],
  ['a pod on a node with a name of megabytes', pods({ metadata: { name: 'p' }, spec: { nodeName: MEGABYTES } })],
  ['a pod in a phase of its own', pods({ metadata: { name: 'p' }, status: { phase: MEGABYTES } })],
  ['a pod whose status is a word', pods({ metadata: { name: 'p' }, status: 'Running' })],
  ['a pod whose containers are a word', pods({ metadata: { name: 'p' }, status: { containerStatuses: 'many' } })],
  ['items that are no list', json({ items: { length: 3 } })],
  ['a list that is null', json({ items: [], metadata: 'none' })],
  ['a redirection into our network', json({}, 302, { location: 'http://127.0.0.1:1/' })],
  ['a refusal that is null', json(null, 403)],
  ['a refusal in a form of its own', json({ message: { a: 1 }, details: { causes: 'all of them' } }, 403)],
  ['a refusal of megabytes', json({ message: MEGABYTES, reason: MEGABYTES }, 403)],
];

async function faultOf(call: Promise<unknown>): Promise<Fault> {
  const error: unknown = await call.then(
    () => new Error('it did not fail'),
    (why: unknown) => why,
  );
  if (!isFault(error)) throw error;
  return error;
}

/** Our own API server has the Deployment; its pod runs at the seller, read from `remote`. */
const manifest = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 1 } };
const home: Api = {
  ...openApi(foreignConnection({ server: 'https://192.0.2.1' }, { loopback: false, resolve: resolveName }), quiet),
  list: async ({ kind }) => ({ items: kind === 'Deployment' ? [{ metadata: { name: 'web' } } as never] : [], resourceVersion: '1' }),
};
const REF = {
  namespace: 'shop',
  intent: intentName('shop'),
  acquisition: acquisitionId('0123456789ab-1'),
  seller: clusterId('evil'),
  manifests: [manifest],
};
const health = () => workloadLooks(home, { open: async () => ({ api: remote, namespace: 'shop-south' }) }).workloadHealth(REF);

/** As Liqo shows it at home. */
const copied = {
  metadata: { namespace: 'shop', name: 'web-1', labels: { [OURS.acquisition]: REF.acquisition } },
  status: { phase: 'Running' },
};

describe('a list', () => {
  test.each(LISTS)('%s: one Fault with few words, soon', async (_, misbehave) => {
    at.answer = misbehave;
    const began = Date.now();
    const { code, message, facts } = await faultOf(remote.list(KINDS.pod, { namespace: 'shop-south' }));
    expect(['CLUSTER_UNREACHABLE', 'CLUSTER_REFUSED']).toContain(code);
    expect(message.length + JSON.stringify(facts).length).toBeLessThan(1_000);
    expect(Date.now() - began).toBeLessThan(3_000);
    expect(at.asked).toBeLessThanOrEqual(BOUNDS.pages);
  });

  test.each(LISTS)('%s: the state of the workload is unknown', async (_, misbehave) => {
    at.answer = misbehave;
    expect(await health()).toEqual({ state: 'unknown', pods: [] });
  });

  test('a redirection is not followed', async () => {
    let followed = false;
    at.answer = (request, response) => {
      if (request.url === '/elsewhere') followed = true;
      json({}, 307, { location: '/elsewhere' })(request, response);
    };
    await faultOf(remote.list(KINDS.pod));
    expect(followed).toBe(false);
  });

  test('an honest pod is read, with nothing in it that nobody reads and with words that are cut', async () => {
    const said = `\u0000no\u202e image ${'y'.repeat(1_000)}`;
    at.answer = pods({
      metadata: {
        name: 'web-1',
        labels: { [OURS.manifest]: manifestMark(manifest), other: MEGABYTES },
        managedFields: [MEGABYTES.slice(0, 99)],
      },
      spec: { nodeName: 'n1', containers: [{ name: 'c', env: [{ value: 'secret' }] }] },
      status: { phase: 'Running', message: null, containerStatuses: [{ state: { waiting: { reason: 'ImagePull', message: said } } }] },
    });
    const { items } = await remote.list<PodObject>(KINDS.pod);
    expect(items).toEqual([
      {
        metadata: { name: 'web-1', labels: { [OURS.manifest]: manifestMark(manifest) } },
        spec: { nodeName: 'n1' },
        status: {
          phase: 'Running',
          conditions: [],
          containerStatuses: [{ state: { waiting: { reason: 'ImagePull', message: ` no  image ${'y'.repeat(289)}` } } }],
        },
      },
    ]);
    expect(await health()).toMatchObject({ state: 'running', pods: [{ name: 'web-1', phase: 'Running', node: 'n1', readAt: 'seller' }] });
  });

  test('a seller whose identity we will not use is unknown, too', async () => {
    const sellers = {
      open: async () => {
        throw new Fault('KUBECONFIG_REFUSED', 'it runs a program');
      },
    };
    expect(await workloadLooks(home, sellers).workloadHealth(REF)).toEqual({ state: 'unknown', pods: [] });
  });
});

describe('a watch', () => {
  const event = (object: unknown, type = 'ADDED'): string => `${JSON.stringify({ type, object })}\n`;
  let pod = 0;
  test.each<readonly [string, Answer]>([
    ['a line without end', endless('x'.repeat(KIB), 0)],
    ['a line without end in single bytes', endless('x', 20)],
    ['events without end', endless(event({ metadata: { name: 'p' } }).repeat(20), 0)],
    ['an event that is null', endless('null\n', 0)],
    ['a pod that is empty', endless(event({}), 20)],
    ['a pod with a name of megabytes', endless(event({ metadata: { name: 'x'.repeat(20 * KIB) } }), 20)],
    ['an error without an object', endless('{"type":"ERROR"}\n', 20)],
    ['an error of megabytes', endless(event({ message: 'x'.repeat(40 * KIB), code: 'a' }, 'ERROR'), 20)],
    ['a redirection', json({}, 301, { location: '/elsewhere' })],
    ['a refusal that is a word', json('no', 500)],
  ])('%s: one Fault with few words, soon', async (_, misbehave) => {
    at.answer = misbehave;
    const began = Date.now();
    const watching = remote.watch(KINDS.pod, {}, '1', new AbortController().signal, () => undefined);
    const { code, message } = await faultOf(watching);
    expect(['CLUSTER_UNREACHABLE', 'CLUSTER_REFUSED']).toContain(code);
    expect(message.length).toBeLessThan(1_000);
    expect(Date.now() - began).toBeLessThan(3_000);
  });

  test.each<readonly [string, Answer]>([
    [
      'new pods without end',
      (_request, response) => {
        response.writeHead(200);
        const write = (): void => {
          if (response.destroyed) return;
          while (response.write(event({ metadata: { name: `p${(pod += 1)}` } }))) if (pod % 100 === 0) break;
          setTimeout(write, 1);
        };
        write();
      },
    ],
    ['a line without end', endless('x'.repeat(KIB), 0)],
  ])('%s: a wait ends at its deadline and says that the workload does not run', async (_, misbehave) => {
    at.answer = (request, response) => (request.url?.includes('watch=true') ? misbehave : pods())(request, response);
    const sellers = { open: async () => ({ api: remote, namespace: 'shop-south' }) };
    const still: Api = {
      ...home,
      list: async (kind, where) => (kind === KINDS.pod ? { items: [copied as never], resourceVersion: '1' } : await home.list(kind, where)),
      watch: async (_kind, _where, _version, signal) => await new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    };
    const seen: string[] = [];
    const waiting = workloadLooks(still, sellers).awaitWorkload(REF, { timeoutMs: 1_500, seen: (words) => seen.push(words) });
    expect((await faultOf(waiting)).code).toBe('WORKLOAD_TIMEOUT');
    expect(at.asked).toBeGreaterThan(0);
    expect(Math.max(0, ...seen.map(({ length }) => length))).toBeLessThanOrEqual(2_000);
  });
});
