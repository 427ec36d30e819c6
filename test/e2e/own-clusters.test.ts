import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectRoot } from '../../deploy/playground/project.ts';
import { type OpenStack, openStack } from '../../deploy/playground/stack.ts';

/**
 * The demo on what a user brings: contexts of one kubeconfig, a Temporal, a Postgres. Only the demo's own command is told of them; that they run in the playground is the test's business, and their Liqo calls itself by
 * other names than the demo's nodes. With `REARGUARD_TEST_CONSUMER_CONTEXT` and `REARGUARD_TEST_PROVIDER_CONTEXT` (two with a comma between) it plays on those clusters instead, as `KUBECONFIG`, `TEMPORAL_ADDRESS` and
 * `DATABASE_URL` stand in the environment; there the database of scenario f is connected to.
 */
const { REARGUARD_TEST_CONSUMER_CONTEXT: consumer, REARGUARD_TEST_PROVIDER_CONTEXT: providers } = process.env;
let stack: OpenStack | undefined;
let folder: string;
const CLUSTERS = [
  { name: 'alpha', nodes: [{ name: 'alpha-worker-1', cpu: '2', memory: '4Gi' }] },
  { name: 'beta', nodes: [{ name: 'beta-worker-1', cpu: '16', memory: '32Gi' }] },
  { name: 'gamma', nodes: [{ name: 'gamma-worker-1', cpu: '16', memory: '32Gi' }] },
];

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'rearguard-own-clusters-'));
  if (consumer === undefined) stack = await openStack({ clusters: CLUSTERS });
});
afterAll(async () => {
  await stack?.stop();
  if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true });
});

/** All contexts in one file, as `kubectl` merges them; none of them is the current one. */
function usersKubeconfig({ clusters }: OpenStack): string {
  const parts = Object.values(clusters).map(({ name, kubeconfigPath }) => {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfigPath);
    const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
    if (!cluster || !user) throw new Error(`${kubeconfigPath} names no cluster and user`);
    return {
      cluster: { name, cluster: { server: cluster.server, 'certificate-authority-data': cluster.caData } },
      user: { name, user: { 'client-certificate-data': user.certData, 'client-key-data': user.keyData } },
      context: { name: `${name}-context`, context: { cluster: name, user: name } },
    };
  });
  const file = path.join(folder, 'users-kubeconfig.json');
  const merged = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: parts.map(({ cluster }) => cluster),
    users: parts.map(({ user }) => user),
    contexts: parts.map(({ context }) => context),
  };
  fs.writeFileSync(file, JSON.stringify(merged), { mode: 0o600 });
  return file;
}

/** The command's own words and environment: the user's, or as if the playground were. */
function users(): { readonly contexts: readonly string[]; readonly env: NodeJS.ProcessEnv } {
  if (!stack)
    return {
      contexts: [
        '--consumer-context',
        consumer ?? '',
        ...(providers ?? '').split(',').flatMap((name) => ['--provider-context', name.trim()]),
      ],
      env: process.env,
    };
  return {
    contexts: ['--consumer-context', 'alpha-context', '--provider-context', 'beta-context', '--provider-context', 'gamma-context'],
    env: { ...process.env, KUBECONFIG: usersKubeconfig(stack), TEMPORAL_ADDRESS: stack.temporal.address, DATABASE_URL: stack.postgres.url },
  };
}

test('plays on own clusters, an own Temporal and an own Postgres, and leaves out the death of a whole cluster', async () => {
  const report = path.join(folder, 'report.json');
  const { contexts, env } = users();
  // The playground plays f in trade.test.ts, and nothing could be connected to here.
  const only = ['a', 'c2', 'e', ...(stack ? [] : ['f'])];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(projectRoot(), 'dist/deploy/demo/main.js'), ...contexts, '--only', only.join(','), '--report', report],
    { env },
  ).catch((error: unknown) => {
    console.error((error as { readonly stdout?: string }).stdout);
    throw error;
  });
  const { scenarios } = JSON.parse(fs.readFileSync(report, 'utf8')) as {
    readonly scenarios: readonly { readonly key: string; readonly outcome: string; readonly leaks: readonly string[] }[];
  };
  expect(scenarios.map(({ key, outcome, leaks }) => ({ key, outcome, leaks }))).toEqual(
    only.map((key) => ({ key, outcome: key === 'c2' ? 'left-out' : 'fulfilled', leaks: [] })),
  );
  if (stack) expect(stdout).not.toContain('Temporal: 127.0.0.1');
  else expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/the database lets in whom the Secret names|no image runs at/);
});
