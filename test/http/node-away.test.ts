/** A node whose database, Temporal and cluster are away starts all the same, says what is missing, and stops when told to. */
import { afterEach, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { KeyStore } from '../../src/ports/signer.ts';
import type { World } from '../../src/ports/world.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { runNode } from '../../src/runtime/run.ts';

const absent = new Proxy({}, { get: () => () => Promise.reject(new Fault('CLUSTER_UNREACHABLE', 'no route to the API server')) });
const openCluster = () => ({
  fabric: absent as Fabric,
  cluster: absent as Cluster,
  world: absent as World,
  keys: absent as KeyStore,
  ready: () => Promise.reject(new Error('away')),
  close: () => {},
});
let stop = new AbortController();
afterEach(() => stop.abort());

const start = async (): Promise<{ ports: { rear: number; api: number }; ended: Promise<void> }> => {
  stop = new AbortController();
  const configuration = completed(
    ConfigurationSchema.parse({
      node: { id: 'alice', domain: 'alice.example', address: 'alice.example:3004' },
      rear: { listen: '127.0.0.1:0' },
      api: { listen: '127.0.0.1:0' },
      temporal: { address: '127.0.0.1:1' },
      database: { url: 'postgres://127.0.0.1:1/none' },
      shutdownSeconds: 1,
      log: { level: 'silent' },
    }),
  );
  return await new Promise((resolve, reject) => {
    const ended = runNode({
      configuration,
      roles: ['serve'],
      version: '0',
      bundle: 'none',
      signal: stop.signal,
      openCluster,
      onListening: (ports) => resolve({ ports, ended }),
    });
    ended.catch(reject);
  });
};

test('it lives, is not ready and says why, and refuses with 503 what it cannot do', async () => {
  const { ports, ended } = await start();
  const api = `http://127.0.0.1:${ports.api}`;
  expect((await fetch(`${api}/healthz`)).status).toBe(200);
  await expect
    .poll(async () => await (await fetch(`${api}/readyz`)).json(), { timeout: 45_000 })
    .toMatchObject({
      ready: false,
      checks: [
        { name: 'store', ready: false, why: expect.stringContaining('database') },
        { name: 'temporal', ready: false, why: expect.stringContaining('Temporal did not answer') },
        { name: 'cluster', ready: false, why: 'no route to the API server' },
        { name: 'keys', ready: false, why: 'no route to the API server' },
      ],
    });
  expect((await fetch(`${api}/readyz`)).status).toBe(503);
  const refused = await fetch(`${api}/api/v1/intents`);
  expect([refused.status, refused.headers.get('content-type'), await refused.json()]).toEqual([
    503,
    'application/problem+json',
    expect.objectContaining({ code: 'STORE_UNAVAILABLE', instance: '/api/v1/intents' }),
  ]);
  const rear = `http://127.0.0.1:${ports.rear}`;
  expect((await fetch(`${rear}/api/v2/flavors`)).status).toBe(503);
  expect(await (await fetch(`${rear}/readyz`)).json()).toEqual({ ready: false });
  stop.abort();
  await ended;
  await expect(fetch(`${api}/healthz`)).rejects.toThrow();
}, 60_000);

test('a port that is taken is told at once', async () => {
  const { ports, ended } = await start();
  const taken = completed(
    ConfigurationSchema.parse({
      node: { id: 'bob', domain: 'bob.example', address: 'bob.example:3004' },
      rear: { listen: '127.0.0.1:0' },
      api: { listen: `127.0.0.1:${ports.api}` },
      log: { level: 'silent' },
    }),
  );
  const other = new AbortController();
  await expect(
    runNode({ configuration: taken, roles: ['serve'], version: '0', bundle: 'none', signal: other.signal, openCluster }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  stop.abort();
  await ended;
}, 60_000);
