/** The command line over TLS. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
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
    const { port, close } = await listen({ fetch, host: '127.0.0.1', port: 0, requestTimeoutMs: 10_000, maxConnections: 10, tls: shown });
    closing.push(() => close(0));
    const said = { out: '', err: '' };
    const ended = await runProgram(['--api', `https://127.0.0.1:${port}`, ...argv, 'nodes'], {
      output: { out: (words) => void (said.out += words), err: (words) => void (said.err += words) },
      environment: { REARGUARD_TOKEN: 'rgt_x' },
      readInput: async () => '',
      now: () => Date.now(),
      signal: AbortSignal.timeout(10_000),
      version: '0',
    });
    expect([said.err, ended]).toEqual([expect.stringMatching(words), exit]);
    expect(heard).toEqual(exit === 0 ? ['Bearer rgt_x'] : []);
  });
});
