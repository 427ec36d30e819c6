import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCluster, type RunningStack, openStack } from '../../deploy/playground/stack.ts';
import { waitFor } from '../../deploy/playground/wait.ts';
import { LOOPBACK, listenersOf, processesOf } from './observed.ts';
import { borrow, clientOf, isReady, waitForVirtualNode } from './peering.ts';

interface Node {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly status: {
    readonly allocatable: Readonly<Record<string, string>>;
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  };
}

const stateDir = fs.mkdtempSync(path.join(os.tmpdir(), 'playground-test-'));
let stack: RunningStack;
const cluster = (name: string): RunningCluster => {
  const found = stack.clusters[name];
  if (!found) throw new Error(`no cluster ${name}`);
  return found;
};
const nodesOf = async (name: string): Promise<readonly Node[]> =>
  (await clientOf(cluster(name)).request<{ items: readonly Node[] }>('GET', '/api/v1/nodes')).items;

beforeAll(async () => {
  stack = await openStack({
    stateDir,
    clusters: [
      { name: 'south', nodes: [{ name: 'south-1', cpu: '4', memory: '8Gi' }] },
      { name: 'north', nodes: [{ name: 'north-1', cpu: '8', memory: '32Gi', labels: { 'topology.kubernetes.io/region': 'arctic' } }] },
    ],
  });
});
afterAll(async () => {
  await stack?.stop();
  fs.rmSync(stateDir, { recursive: true, force: true });
});

test('Postgres keeps rows and Temporal answers', async () => {
  const sql = postgres(stack.postgres.url, { max: 1 });
  expect(await sql`select 1 + 1 as two`).toEqual([{ two: 2 }]);
  await sql.end();
  const connection = await Connection.connect({ address: stack.temporal.address });
  const { namespaces } = await connection.workflowService.listNamespaces({});
  expect(namespaces.map(({ namespaceInfo }) => namespaceInfo?.name)).toContain('default');
  await connection.close();
  expect((await fetch(stack.temporal.uiUrl)).status).toBe(200);
});

test('nodes are Ready, have addresses, and offer what was specified', async () => {
  const nodes = await nodesOf('north');
  expect(nodes.every(isReady)).toBe(true);
  const worker = nodes.find(({ metadata }) => metadata.name === 'north-1');
  expect(worker?.status.allocatable).toMatchObject({ cpu: '8', memory: '32Gi' });
  expect(worker?.metadata.labels['topology.kubernetes.io/region']).toBe('arctic');
  const controlPlane = nodes.find(({ metadata }) => 'node-role.kubernetes.io/control-plane' in metadata.labels);
  expect(controlPlane?.status.addresses).toContainEqual({ type: 'InternalIP', address: '192.0.2.11' });
});

test('pods get addresses of their own cluster', async () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default' },
    spec: { containers: [{ name: 'web', image: 'none.example/web:1' }] },
  };
  const addresses = await Promise.all(
    ['south', 'north'].map(async (name) => {
      const client = clientOf(cluster(name));
      await waitFor(
        'the default account',
        30,
        async () => (await client.request('GET', '/api/v1/namespaces/default/serviceaccounts/default')) !== undefined,
      );
      await client.apply(pod);
      return await waitFor(`${name}: pod Running`, 60, async () => {
        const { status } = await client.request<{ status: { phase: string; podIP?: string } }>(
          'GET',
          '/api/v1/namespaces/default/pods/web',
        );
        return status.phase === 'Running' ? status.podIP : undefined;
      });
    }),
  );
  expect(addresses[0]).toMatch(/^10\.200\./);
  expect(addresses[1]).toMatch(/^10\.201\./);
});

test('Liqo makes a slice a node, and its virtual kubelet is a process that comes back when it is killed', async () => {
  const south = cluster('south');
  await borrow(south, cluster('north'), 'slice-1');
  await waitForVirtualNode(south, 'slice-1');
  const before = south.pids()['vk-slice-1'];
  expect(before).toBeTypeOf('number');
  await south.kill('vk-slice-1');
  await south.start('vk-slice-1');
  expect(south.pids()['vk-slice-1']).not.toBe(before);
});

test('a killed runner leaves the virtual kubelet running, and the next one replaces it', async () => {
  const south = cluster('south');
  const before = south.pids()['vk-slice-1'];
  await south.kill('runner');
  expect(south.pids()['vk-slice-1']).toBe(before);
  await south.start('runner');
  await waitFor('another virtual kubelet', 30, () => south.pids()['vk-slice-1'] !== undefined && south.pids()['vk-slice-1'] !== before);
  await waitForVirtualNode(south, 'slice-1');
});

test('everything listens on loopback only, but for what Liqo cannot be told', async () => {
  const open = (): string[] => {
    const pids = {
      temporal: stack.temporal.pid,
      ...Object.fromEntries(
        Object.values(stack.clusters).flatMap(({ name, pids }) => Object.entries(pids()).map(([key, pid]) => [`${name}/${key}`, pid])),
      ),
    };
    return Object.entries(pids)
      .filter(([, pid]) => listenersOf(pid).some(({ address }) => !LOOPBACK.includes(address)))
      .map(([key]) => key)
      .sort();
  };
  // The virtual kubelet of the test before has just been started: it opens its port a moment later.
  await expect.poll(open, { timeout: 30_000, interval: 50 }).toEqual(['north/webhook', 'south/vk-slice-1', 'south/webhook']);
  expect(listenersOf(stack.temporal.pid).length).toBeGreaterThanOrEqual(7);
});

test('an API server that is killed and started again brings its cluster back whole, on the same port and data', async () => {
  const south = cluster('south');
  const before = south.pids();
  await south.kill('kubernetes');
  expect(south.pids()['kubernetes']).toBeUndefined();
  await expect(clientOf(south).request('GET', '/readyz')).rejects.toThrow();
  await south.start('kubernetes');
  expect(south.pids()['kubernetes']).not.toBe(before['kubernetes']);
  expect((await nodesOf('south')).filter(({ metadata }) => metadata.name !== 'slice-1').every(isReady)).toBe(true);
  expect(Object.keys(south.pids())).toEqual(
    expect.arrayContaining(['webhook', 'liqo-controller-manager', 'crd-replicator', 'runner', 'kwok']),
  );
  await waitFor('the virtual kubelet', 60, () => south.pids()['vk-slice-1']);
  await waitForVirtualNode(south, 'slice-1');
});

test('a controller that ends by itself is started again', async () => {
  const south = cluster('south');
  const before = south.pids()['crd-replicator'] ?? 0;
  process.kill(before, 'SIGKILL');
  await waitFor(
    'another crd-replicator',
    30,
    () => south.pids()['crd-replicator'] !== undefined && south.pids()['crd-replicator'] !== before,
  );
});

test('a whole cluster is killed and comes back', async () => {
  const north = cluster('north');
  await north.killAll();
  expect(north.pids()).toEqual({});
  expect(processesOf(north.dir)).toEqual([]);
  await north.startAll();
  expect((await nodesOf('north')).every(isReady)).toBe(true);
});

test('a second start in the same folder is refused', async () => {
  await expect(openStack({ stateDir, clusters: [], temporal: false, postgres: false })).rejects.toThrow(/runs in .* already/);
});

test('stopping leaves no process, and what was stored is there at the next start', async () => {
  const sql = postgres(stack.postgres.url, { max: 1 });
  await sql`create table kept (n int)`;
  await sql.end();
  const { url } = stack.postgres;
  await stack.stop();
  expect(processesOf(stateDir)).toEqual([]);
  stack = await openStack({ stateDir, clusters: [], temporal: false });
  expect(stack.postgres.url).toBe(url);
  const again = postgres(stack.postgres.url, { max: 1 });
  expect(await again`select * from kept`).toEqual([]);
  await again.end();
});
