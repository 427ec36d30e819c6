import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectRoot } from '../../deploy/playground/project.ts';
import { type OpenStack, openStack } from '../../deploy/playground/stack.ts';

/**
 * The demo on what a user brings: three contexts of one kubeconfig, a Temporal, a Postgres. Only the demo's own command is told of them; that they run in the
 * playground is the test's business, and their Liqo calls itself by other names than the demo's nodes.
 */
let stack: OpenStack;
const CLUSTERS = [
  { name: 'alpha', nodes: [{ name: 'alpha-worker-1', cpu: '2', memory: '4Gi' }] },
  { name: 'beta', nodes: [{ name: 'beta-worker-1', cpu: '16', memory: '32Gi' }] },
  { name: 'gamma', nodes: [{ name: 'gamma-worker-1', cpu: '16', memory: '32Gi' }] },
];

beforeAll(async () => {
  stack = await openStack({ clusters: CLUSTERS });
});
afterAll(async () => {
  await stack?.stop();
});

/** All contexts in one file, as `kubectl` merges them; none of them is the current one. */
function usersKubeconfig(): string {
  const parts = Object.values(stack.clusters).map(({ name, kubeconfigPath }) => {
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
  const file = path.join(stack.stateDir, 'users-kubeconfig.json');
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

test('plays on own clusters, an own Temporal and an own Postgres, and leaves out the death of a whole cluster', async () => {
  const report = path.join(stack.stateDir, 'report.json');
  const contexts = ['--consumer-context', 'alpha-context', '--provider-context', 'beta-context', '--provider-context', 'gamma-context'];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(projectRoot(), 'dist/deploy/demo/main.js'), ...contexts, '--only', 'a,c2,e', '--report', report],
    {
      env: {
        ...process.env,
        KUBECONFIG: usersKubeconfig(),
        TEMPORAL_ADDRESS: stack.temporal.address,
        DATABASE_URL: stack.postgres.url,
      },
    },
  ).catch((error: unknown) => {
    console.error((error as { readonly stdout?: string }).stdout);
    throw error;
  });
  const { scenarios } = JSON.parse(fs.readFileSync(report, 'utf8')) as {
    readonly scenarios: readonly { readonly key: string; readonly outcome: string; readonly leaks: readonly string[] }[];
  };
  expect(scenarios.map(({ key, outcome, leaks }) => ({ key, outcome, leaks }))).toEqual(
    ['a', 'c2', 'e'].map((key) => ({ key, outcome: key === 'c2' ? 'left-out' : 'fulfilled', leaks: [] })),
  );
  expect(stdout).not.toContain('Temporal: 127.0.0.1');
});
