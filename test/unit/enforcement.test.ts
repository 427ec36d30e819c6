/** What Liqo's installation is told of enforcement, and whether a node sells under it. */
import http from 'node:http';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, openApi } from '../../src/adapters/kubernetes/api.ts';
import { ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import { flagOf, liqoEnforcement } from '../../src/adapters/kubernetes/enforcement.ts';
import { type EnforcementKnown, selling } from '../../src/domain/enforcement.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

describe('read from the Deployments of Liqo’s chart', () => {
  let folder: string;
  let server: http.Server;
  let api: Api;
  /** By the name in the label selector; `403` refuses to list. */
  let deployments: Record<string, readonly string[]>;
  let status: number;
  beforeEach(async () => {
    [status, deployments] = [200, {}];
    server = http.createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      const name = /app\.kubernetes\.io\/name=([a-z-]+),app\.kubernetes\.io\/part-of=liqo$/.exec(
        url.searchParams.get('labelSelector') ?? '',
      )?.[1];
      const args = url.pathname === '/apis/apps/v1/namespaces/liqo/deployments' ? deployments[name ?? ''] : undefined;
      const items = args ? [{ metadata: { name }, spec: { template: { spec: { containers: [{ command: ['/usr/bin/x'], args }] } } } }] : [];
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(status === 200 ? { items, metadata: {} } : { message: 'forbidden' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    folder = mkdtempSync(join(tmpdir(), 'rearguard-'));
    const kubeconfig = join(folder, 'kubeconfig');
    const { port } = server.address() as { port: number };
    const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
    const parts = {
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    };
    writeFileSync(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'x', ...parts }));
    api = openApi(ownConnection({ kubeconfig }), quiet);
  });
  afterEach(async () => {
    api.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
  const LOOKS = ['--cluster-id=x', '--enable-resource-enforcement'];
  const manager = (...args: readonly string[]): readonly string[] => ['--cluster-id=x', ...args, '--liqo-namespace=liqo'];

  test.each<readonly [string, readonly string[] | undefined, readonly string[] | undefined, string | undefined]>([
    ['a stock one', manager('--default-limits-enforcement=None'), LOOKS, 'None'],
    ['Hard', manager('--default-limits-enforcement=Hard'), LOOKS, 'Hard'],
    ['Hard, the value as an argument of its own', manager('--default-limits-enforcement', 'Hard'), LOOKS, 'Hard'],
    ['Soft', manager('--default-limits-enforcement=Soft'), LOOKS, 'Soft'],
    [
      'what an extra argument makes of it',
      [...manager('--default-limits-enforcement=Hard'), '--default-limits-enforcement=None'],
      LOOKS,
      'None',
    ],
    ['no such flag', manager(), LOOKS, 'None'],
    ['a value that no Quota takes', manager('--default-limits-enforcement=hard'), LOOKS, 'None'],
    ['Hard, but the webhook does not look', manager('--default-limits-enforcement=Hard'), ['--cluster-id=x'], 'None'],
    [
      'Hard, but the webhook is told not to look',
      manager('--default-limits-enforcement=Hard'),
      ['--enable-resource-enforcement=false'],
      'None',
    ],
    ['no Deployment at all', undefined, undefined, undefined],
    ['no webhook', manager('--default-limits-enforcement=Hard'), undefined, undefined],
  ])('%s', async (_, controller, webhook, expected) => {
    deployments = { ...(controller && { 'controller-manager': controller }), ...(webhook && { webhook }) };
    expect(await liqoEnforcement(api)).toBe(expected);
  });

  test('what we may not see is not known; an API server that is away is waited for', async () => {
    status = 403;
    expect(await liqoEnforcement(api)).toBeUndefined();
    status = 503;
    await expect(liqoEnforcement(api)).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
  });

  test('a flag is none of those that begin like it', () => {
    expect(flagOf(['--a-b=1', '--a'], 'a')).toBe('');
    expect(flagOf(['--a-b=1'], 'a')).toBeUndefined();
    expect(flagOf(['--a', '--b'], 'a')).toBe('');
  });
});

test('what an operator can do is said in the order of what is probably wrong', () => {
  const remedies = (known: EnforcementKnown): readonly string[] =>
    selling(known).words.match(/enforcement: Hard\}|defaultLimitsEnforcement=Hard|rear\.sellUnenforced/g) ?? [];
  // Nothing could be read: who installed it as it has to be has only to say so.
  expect(remedies({ sellUnenforced: false })).toEqual(['enforcement: Hard}', 'defaultLimitsEnforcement=Hard', 'rear.sellUnenforced']);
  // It was read, or said, to be otherwise: saying Hard mends nothing.
  expect(remedies({ read: 'None', sellUnenforced: false })).toEqual(['defaultLimitsEnforcement=Hard', 'rear.sellUnenforced']);
  expect(remedies({ said: 'Soft', sellUnenforced: false })).toEqual(['defaultLimitsEnforcement=Hard', 'rear.sellUnenforced']);
});

test.each<readonly [EnforcementKnown, boolean, RegExp]>([
  [{ read: 'Hard', sellUnenforced: false }, true, /Hard, as its installation is told/],
  [{ said: 'Hard', sellUnenforced: false }, true, /Hard, as liqo\.enforcement says/],
  [{ read: 'None', sellUnenforced: false }, false, /holds buyers to nothing.*no flavor is published/],
  [{ read: 'None', said: 'Hard', sellUnenforced: false }, false, /says Hard, which is not so.*no flavor/],
  [{ read: 'Soft', sellUnenforced: false }, false, /not what they use.*no flavor/],
  [{ said: 'None', sellUnenforced: false }, false, /no flavor/],
  [{ sellUnenforced: false }, false, /is not known.*no flavor/],
  [{ read: 'None', sellUnenforced: true }, true, /sold all the same/],
  [{ sellUnenforced: true }, true, /is not known.*sold all the same/],
])('%j: sells %s', (known, sells, words) => {
  const verdict = selling(known);
  expect(verdict.sells).toBe(sells);
  expect(verdict.words).toMatch(words);
  expect(verdict.words).not.toContain('\n');
});
