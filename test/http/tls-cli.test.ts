/** The command line over TLS. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { type ServerTls, listen } from '../../src/http/listen.ts';
import { ours, others, HOSTS, good, closing } from './tls-subject.ts';

describe('the command line', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rearguard-cli-tls-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const mine = ours.issue({ hosts: ['ann'] });
  const trust = ['--ca-file', file('ca.pem', ours.ca)];
  const show = ['--cert-file', file('cert.pem', mine.cert), '--key-file', file('key.pem', mine.key)];

  const nodes = async (url: string, ...argv: readonly string[]) => {
    const said = { out: '', err: '' };
    const exit = await runProgram(['--api', url, ...argv, 'nodes'], {
      output: { out: (words) => void (said.out += words), err: (words) => void (said.err += words) },
      environment: { REARGUARD_TOKEN: 'rgt_x' },
      readInput: async () => '',
      now: () => Date.now(),
      signal: AbortSignal.timeout(10_000),
      version: '0',
    });
    return { ...said, exit };
  };
  const listening = async (fetch: (request: Request) => Response, tls?: ServerTls): Promise<number> => {
    const { port, close } = await listen({
      fetch,
      host: '127.0.0.1',
      port: 0,
      requestTimeoutMs: 10_000,
      maxConnections: 10,
      ...(tls && { tls }),
    });
    closing.push(() => close(0));
    return port;
  };
  const empty = (): Response => new Response('{"items":[]}', { headers: { 'content-type': 'application/json' } });

  test.each<[string, ServerTls]>([
    ['', good],
    [' that asks for certificates', { ...good, clientCa: ours.ca }],
  ])('is told to say https:// to a node%s', async (_, tls) => {
    const { exit, err } = await nodes(`http://127.0.0.1:${await listening(empty, tls)}`);
    expect([exit, err]).toEqual([3, expect.stringMatching(/http:.*: this address speaks TLS[^]*Say https:\/\/ instead of http:\/\//)]);
  });
  test('is told to say https:// where a server of another kind answers in clear', async () => {
    const proxy = createTlsServer(good, (socket) => socket.end());
    // As nginx and Go do.
    const both = createServer((socket) =>
      socket.once('data', (first: Buffer) => {
        if (first[0] !== 22) return socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno');
        socket.pause();
        socket.unshift(first);
        return proxy.emit('connection', socket);
      }),
    ).listen(0, '127.0.0.1');
    closing.push(() => both.close());
    await once(both, 'listening');
    const { port } = both.address() as AddressInfo;
    expect((await nodes(`http://127.0.0.1:${port}`)).err).toMatch(/this address speaks TLS/);
  });
  test('is told to say http:// to a node without TLS', async () => {
    const url = `https://127.0.0.1:${await listening(empty)}`;
    for (const argv of [[], trust]) {
      const { exit, err } = await nodes(url, ...argv);
      expect([exit, err]).toEqual([
        3,
        expect.stringMatching(/https:.*: this address speaks no TLS[^]*Say http:\/\/ instead of https:\/\//),
      ]);
    }
  });
  test('is told nothing of TLS of somebody who just hangs up', async () => {
    const rude = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    closing.push(() => rude.close());
    await once(rude, 'listening');
    const { port } = rude.address() as AddressInfo;
    expect((await nodes(`http://127.0.0.1:${port}`)).err).toMatch(/^rearguard: cannot reach the node's API/);
  });

  test.each<[string, ServerTls, readonly string[], number, RegExp]>([
    ['believes the authority that is named', good, trust, 0, /^$/],
    ['believes no other', others.issue({ hosts: HOSTS }), trust, 3, /no TLS with the node's API[^]*--ca-file/],
    ['believes the system only, where none is named', good, [], 3, /no TLS with the node's API[^]*--ca-file/],
    ['does not ask another host', ours.issue({ hosts: ['other.example'] }), trust, 3, /ERR_TLS_CERT_ALTNAME_INVALID/],
    ['shows its certificate', { ...good, clientCa: ours.ca }, [...trust, ...show], 0, /^$/],
    ['is told that it needs one', { ...good, clientCa: ours.ca }, trust, 3, /CERTIFICATE_REQUIRED[^]*--cert-file/],
    ['needs the key as well', good, [...trust, ...show.slice(0, 2)], 2, /needs both/],
    ['needs files that are there', good, ['--ca-file', '/nowhere/ca.pem'], 2, /cannot read \/nowhere\/ca\.pem \(ENOENT\)/],
    [
      'needs files that are what they say',
      good,
      [...trust, '--cert-file', file('no.pem', 'no'), '--key-file', file('no.key', 'no')],
      2,
      /cannot be used/,
    ],
  ])('%s', async (_, shown, argv, exit, words) => {
    const heard: (string | null)[] = [];
    const fetch = (request: Request): Response => {
      heard.push(request.headers.get('authorization'));
      return new Response('{"items":[]}', { headers: { 'content-type': 'application/json' } });
    };
    const said = await nodes(`https://127.0.0.1:${await listening(fetch, shown)}`, ...argv);
    expect([said.err, said.exit]).toEqual([expect.stringMatching(words), exit]);
    expect(heard).toEqual(exit === 0 ? ['Bearer rgt_x'] : []);
  });
});
