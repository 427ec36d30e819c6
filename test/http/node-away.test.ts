/** A node whose database, Temporal and cluster are away starts all the same, says what is missing, and stops when told to. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import type { ClusterKinds } from '../../src/ports/cluster-kinds.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { Hosting } from '../../src/ports/hosting.ts';
import type { KeyStore } from '../../src/ports/signer.ts';
import type { FlavorResources } from '../../src/ports/flavor-resources.ts';
import type { LocalResources } from '../../src/ports/local-resources.ts';
import type { ServiceBlueprints } from '../../src/ports/service-blueprints.ts';
import type { World } from '../../src/ports/world.ts';
import type { Check } from '../../src/http/health.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { runNode } from '../../src/runtime/run.ts';
import { authority } from '../fakes/certificates.ts';

const absent = new Proxy({}, { get: () => () => Promise.reject(new Fault('CLUSTER_UNREACHABLE', 'no route to the API server')) });
const openCluster = () => ({
  fabric: absent as Fabric,
  cluster: absent as Cluster,
  hosting: absent as Hosting,
  world: absent as World,
  keys: absent as KeyStore,
  heads: absent as KeyStore,
  localResources: absent as LocalResources,
  flavorResources: absent as FlavorResources,
  serviceBlueprints: absent as ServiceBlueprints,
  kinds: absent as ClusterKinds,
  ready: () => Promise.reject(new Error('away')),
  close: () => {},
});
let stop = new AbortController();
afterEach(() => stop.abort());

const start = async (
  more: { readonly rear?: object; readonly api?: object } = {},
): Promise<{ ports: { rear: number; api: number }; ended: Promise<void> }> => {
  stop = new AbortController();
  const configuration = completed(
    ConfigurationSchema.parse({
      node: { id: 'alice', domain: 'alice.example', address: 'alice.example:3004' },
      rear: { listen: '127.0.0.1:0', ...more.rear },
      api: { listen: '127.0.0.1:0', ...more.api },
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

test('certificates and tokens: both listeners speak TLS as the files have it, and say why only to whom they know', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rearguard-node-'));
  try {
    const file = (name: string, text: string): string => {
      writeFileSync(path.join(folder, name), text, { mode: 0o600 });
      return path.join(folder, name);
    };
    const ours = authority('ours');
    const first = ours.issue({ hosts: ['127.0.0.1'], name: 'first' });
    const files = { certFile: file('cert.pem', first.cert), keyFile: file('key.pem', first.key) };
    const mine = ours.issue({ hosts: ['ann'] });
    const tokensFile = file('tokens.yaml', `[{name: v, role: viewer, sha256: ${createHash('sha256').update('rgt_v').digest('hex')}}]`);
    const api = { tls: { ...files, clientCaFile: file('ca.pem', ours.ca) }, tokensFile };
    const { ports, ended } = await start({ rear: { tls: files }, api });
    const get = async (port: number, url: string, options: https.RequestOptions = {}): Promise<{ subject: string; body: unknown }> =>
      await new Promise((resolve, reject) => {
        const request = https.get({ host: '127.0.0.1', port, path: url, ca: ours.ca, agent: false, ...options }, async (response) => {
          const { subject = '' } = (response.socket as TLSSocket).getPeerX509Certificate() ?? {};
          resolve({ subject, body: await json(response) });
        });
        request.once('error', reject);
      });
    expect(await get(ports.rear, '/healthz')).toEqual({ subject: 'CN=first', body: { alive: true } });
    await expect(get(ports.api, '/healthz')).rejects.toMatchObject({ code: expect.stringContaining('CERTIFICATE_REQUIRED') });
    await expect(fetch(`http://127.0.0.1:${ports.api}/healthz`)).rejects.toThrow();
    expect(await get(ports.api, '/healthz', mine)).toEqual({ subject: 'CN=first', body: { alive: true } });
    const known = { ...mine, headers: { authorization: 'Bearer rgt_v' } };
    const { body } = (await get(ports.api, '/readyz', mine)) as { body: { ready: boolean; checks: readonly object[] } };
    expect(body).toMatchObject({
      ready: false,
      checks: expect.arrayContaining([expect.objectContaining({ name: 'store', ready: false })]),
    });
    expect(body.checks.filter((check) => 'why' in check || 'says' in check)).toEqual([]);
    // Whoever may read the rest hears why, and what keeps nothing from its work.
    const told = async (options: https.RequestOptions, name: string): Promise<Check | undefined> => {
      const { body: all } = (await get(ports.api, '/readyz', options)) as { body: { checks: readonly Check[] } };
      return all.checks.find((check) => check.name === name);
    };
    expect(await told(known, 'store')).toMatchObject({ ready: false, why: expect.any(String) });
    chmodSync(tokensFile, 0o644);
    const readable = expect.stringMatching(/may be read by strangers.*what was read before it still counts$/);
    await expect.poll(() => told(known, 'api tokens'), { timeout: 10_000 }).toMatchObject({ ready: true, says: readable });
    const { since } = (await told(known, 'api tokens')) ?? {};
    for (const options of [mine, { ...mine, headers: { authorization: 'Bearer rgt_x' } }])
      expect(await told(options, 'api tokens')).toEqual({ name: 'api tokens', ready: true, since });
    const next = ours.issue({ hosts: ['127.0.0.1'], name: 'next' });
    file('key.pem', next.key);
    file('cert.pem', next.cert);
    for (const port of [ports.rear, ports.api])
      await expect.poll(async () => (await get(port, '/healthz', mine)).subject, { timeout: 10_000 }).toBe('CN=next');
    stop.abort();
    await ended;
    await expect(start({ rear: { tls: { ...files, keyFile: file('other.pem', mine.key) } } })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringMatching(/^rear\.tls: .*other\.pem is not the key of .*cert\.pem$/),
    });
    file('tokens.yaml', '- rgt_in-clear');
    await expect(start({ api })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID', message: expect.not.stringContaining('rgt_') });
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
