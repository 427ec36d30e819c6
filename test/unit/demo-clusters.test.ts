/** Where the demo finds a user's own clusters: as kubectl does, and as the nodes that it starts. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { clusterView, usersKubeconfig } from '../../deploy/demo/cluster.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rearguard-demo-'))));
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

/** A kubeconfig with one context, which is not the current one. */
function written(name: string): string {
  const file = path.join(folder, name);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: `https://${name}.example` } }],
    users: [{ name, user: { token: name } }],
    contexts: [{ name: `${name}-context`, context: { cluster: name, user: name } }],
  };
  fs.writeFileSync(file, JSON.stringify(config));
  return file;
}

it('takes the buyer from one file of KUBECONFIG and the seller from another', () => {
  vi.stubEnv('KUBECONFIG', [written('turin'), path.join(folder, 'absent'), written('oslo')].join(path.delimiter));
  const seen = (context: string) => {
    const { config } = clusterView(usersKubeconfig(), context);
    return [config.getCurrentCluster()?.server, config.getCurrentUser()?.token];
  };
  expect([seen('turin-context'), seen('oslo-context')]).toEqual([
    ['https://turin.example', 'turin'],
    ['https://oslo.example', 'oslo'],
  ]);
});

it('says which contexts there are when none is called so', () => {
  vi.stubEnv('KUBECONFIG', [written('turin'), written('oslo')].join(path.delimiter));
  expect(() => clusterView(usersKubeconfig(), 'bergen')).toThrow('its contexts are turin-context, oslo-context');
});
