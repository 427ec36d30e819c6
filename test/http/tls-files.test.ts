/** Files of certificates: what is wrong with them is said, and those that change are followed. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type tls from 'node:tls';
import { pino } from 'pino';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type Listener, type ServerTls, listen } from '../../src/http/listen.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { openPeerTls } from '../../src/runtime/peer-tls.ts';
import { openServerTls } from '../../src/runtime/tls-files.ts';
import { ours, others, HOSTS, good, closing } from './tls-subject.ts';

describe('files', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rearguard-tls-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => path.join(folder, name);
  const files = { certFile: at('cert.pem'), keyFile: at('key.pem') };
  const write = (name: string, text: string): void => {
    writeFileSync(at('next'), text, { mode: 0o600 });
    renameSync(at('next'), at(name));
  };
  const show = ({ cert, key }: { cert: string; key: string }): void => {
    write('key.pem', key);
    write('cert.pem', cert);
  };
  let stop: AbortController;
  let said: string[];
  let world: Parameters<typeof openServerTls>[2];
  let changes: ServerTls[];
  beforeEach(() => {
    stop = new AbortController();
    closing.push(() => stop.abort());
    said = [];
    changes = [];
    const readiness = { say: (name: string, words: string) => void said.push(`${name}: ${words}`) };
    world = {
      log: pino({ level: 'silent' }),
      readiness: readiness as unknown as typeof world.readiness,
      signal: stop.signal,
      changed: (now) => void changes.push(now),
    };
    show(good);
    write('ca.pem', ours.ca);
  });

  test.each<[string, () => Record<string, string>, RegExp]>([
    ['is not there', () => ({ certFile: at('none') }), /none cannot be read \(ENOENT\)$/],
    ['is no certificate', () => ({ certFile: files.keyFile }), /key\.pem holds no certificate$/],
    [
      'is the key of another',
      () => (write('other.pem', ours.issue({ hosts: HOSTS }).key), { keyFile: at('other.pem') }),
      /other\.pem is not the key of .*cert\.pem$/,
    ],
    [
      'is of a certificate that is over',
      () => (write('old.pem', ours.issue({ hosts: HOSTS, until: Date.now() - 1_000 }).cert), { certFile: at('old.pem') }),
      /is not the key of|was over at/,
    ],
    ['are no authorities', () => (write('empty.pem', ''), { clientCaFile: at('empty.pem') }), /empty\.pem holds no certificate$/],
  ])('one %s: the node does not start, and says why', async (_, wrong, words) => {
    const opened = openServerTls('rear.tls', { ...files, ...wrong() }, world);
    await expect(opened).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID', message: expect.stringMatching(words) });
    await expect(opened).rejects.not.toMatchObject({ message: expect.stringContaining('BEGIN') });
  });

  test('that change are shown to who comes then; who is connected goes on', async () => {
    let listener: Listener | undefined;
    const changed = (now: ServerTls): void => {
      listener?.renew(now);
      changes.push(now);
    };
    const shown = await openServerTls('rear.tls', files, { ...world, changed });
    const fetch = (): Response => new Response('{}');
    listener = await listen({ fetch, host: '127.0.0.1', port: 0, requestTimeoutMs: 10_000, maxConnections: 10, tls: shown });
    const { port, close } = listener;
    closing.push(() => close(0));
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: ours.ca });
    closing.push(() => agent.destroy());
    const seen = async (by: https.Agent | false): Promise<{ subject: string; from: number | undefined }> =>
      await new Promise((resolve, reject) => {
        https
          .get({ host: '127.0.0.1', port, agent: by, ca: ours.ca }, (response) => {
            const { subject = '' } = (response.socket as tls.TLSSocket).getPeerX509Certificate() ?? {};
            const { localPort: from } = response.socket;
            response.resume().once('end', () => resolve({ subject, from }));
          })
          .once('error', reject);
      });
    const before = await seen(agent);
    expect(before.subject).toBe('CN=127.0.0.1');
    const next = ours.issue({ hosts: HOSTS, name: 'renewed' });
    show(next);
    await expect.poll(() => changes.at(-1)?.cert).toBe(next.cert);
    expect((await seen(agent)).from).toBe(before.from);
    expect((await seen(false)).subject).toBe('CN=renewed');
    expect(said.at(-1)).toMatch(/^rear\.tls: the certificate is good until /);

    // A certificate without its key is half of a renewal: what was there stays until the other half comes.
    const last = ours.issue({ hosts: HOSTS, name: 'last' });
    write('cert.pem', last.cert);
    await expect.poll(() => said.at(-1)).toMatch(/is not the key of .*what was read before it still counts$/);
    expect(changes.at(-1)?.cert).toBe(next.cert);
    write('key.pem', last.key);
    await expect.poll(() => changes.at(-1)?.cert).toBe(last.cert);
    await expect.poll(() => said.at(-1)).toMatch(/good until/);
  });

  test('of the peers: a pinned authority and our own certificate, as they are now', async () => {
    const configured = (knownNodes: unknown) =>
      completed(
        ConfigurationSchema.parse({
          node: { id: 'south', domain: 'south.example', address: 'south.example:3004' },
          rear: { clientTls: files },
          knownNodes,
        }),
      );
    const configuration = configured(['a.example:1', 'https://B.example:2', { address: 'https://C.Example:3', caFile: at('ca.pem') }]);
    const its = await openPeerTls({ configuration, ...world });
    expect(['a.example:1', 'b.example:2', 'c.example:3'].map((address) => its.isKnown(address))).toEqual([false, true, true]);
    expect(its.isKnown('b.EXAMPLE:2')).toBe(true);
    expect(its.of('c.EXAMPLE:3')).toBe(its.of('c.example:3'));
    expect(its.of('b.example:2')).toEqual(good);
    expect(its.of('c.example:3')).toEqual({ ...good, ca: ours.ca });
    expect(its.of('c.example:3')).toBe(its.of('c.example:3'));
    write('ca.pem', others.ca);
    await expect.poll(() => its.of('c.example:3')).toEqual({ ...good, ca: others.ca });
    write('ca.pem', 'nothing');
    await expect.poll(() => said.at(-1)).toMatch(/holds no certificate/);
    expect(its.of('c.example:3').ca).toBe(others.ca);
    await expect(openPeerTls({ configuration, ...world })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });
});
