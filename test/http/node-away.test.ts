/** A node whose database, Temporal and cluster are away starts all the same, says what is missing, and stops when told to. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import type { Check } from '../../src/http/health.ts';
import { authority } from '../fakes/certificates.ts';
import { clusterAway, servedNode } from '../fakes/served-node.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const start = async (more: { readonly rear?: object; readonly api?: object } = {}): Promise<Awaited<ReturnType<typeof servedNode>>> => {
  const node = await servedNode('alice', clusterAway, { database: { url: 'postgres://127.0.0.1:1/none' }, ...more });
  stops.push(node.stop);
  return node;
};

test('it lives, is not ready and says why, and refuses with 503 what it cannot do', async () => {
  const { ports, stop } = await start();
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
  await stop();
  await expect(fetch(`${api}/healthz`)).rejects.toThrow();
}, 60_000);

test('a port that is taken is told at once', async () => {
  const { ports, stop } = await start();
  await expect(servedNode('bob', clusterAway, { api: { listen: `127.0.0.1:${ports.api}` } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await stop();
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
    const { ports, stop } = await start({ rear: { tls: files }, api });
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
    await stop();
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
