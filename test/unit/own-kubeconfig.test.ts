/** Which kubeconfig a node takes for its own, as kubectl would, and what it says when there is none. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ownKubeconfig } from '../../src/adapters/kubernetes/own-kubeconfig.ts';
import { isFault } from '../../src/domain/faults.ts';
import { readConfiguration } from '../../src/runtime/read-configuration.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rearguard-kubeconfig-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

function written(name: string, content: object | string): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}
const config = (name: string, server: string, current?: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    { name: 'c', cluster: { server } },
    { name, cluster: { server, 'certificate-authority': 'ca.pem' } },
  ],
  users: [{ name, user: { token: name } }],
  contexts: [{ name, context: { cluster: name, user: name } }],
  ...(current !== undefined && { 'current-context': current }),
});
const faultOf = (kubeconfig: string, context?: string): string => {
  try {
    ownKubeconfig({ kubeconfig, ...(context !== undefined && { context }) });
  } catch (error) {
    if (isFault(error) && error.code === 'CLUSTER_REFUSED') return error.message;
  }
  return '';
};

it('merges several as kubectl does: what is not there is passed over, and what comes first stands', () => {
  const first = written('first', config('one', 'https://one.example'));
  const second = written('second', config('two', 'https://two.example', 'two'));
  const third = written('third', config('one', 'https://three.example', 'one'));
  const found = ownKubeconfig({ kubeconfig: [path.join(folder, 'absent'), first, second, third].join(':') });
  expect([found.getCurrentCluster()?.server, found.getCurrentUser()?.token]).toEqual(['https://two.example', 'two']);
  expect(found.getClusters().map(({ name, server }) => `${name} ${server}`)).toEqual([
    'c https://one.example',
    'one https://one.example',
    'two https://two.example',
  ]);
  expect(found.getCluster('one')?.caFile).toBe(path.join(folder, 'ca.pem'));
  expect(ownKubeconfig({ kubeconfig: `${first}:${second}`, context: 'one' }).getCurrentCluster()?.server).toBe('https://one.example');
});

it('says of one that is not there by what one is named', () => {
  const absent = path.join(folder, 'absent');
  for (const way of [absent, 'cluster.kubeconfig', 'REARGUARD_CLUSTER_KUBECONFIG', ' KUBECONFIG', 'a pod'])
    expect(faultOf(absent)).toContain(way);
});

it('says which contexts there are, and quotes nothing of a file that is none', () => {
  const good = written('good', config('one', 'https://one.example', 'one'));
  expect(faultOf(good, 'two')).toMatch(/names no cluster in the context two; its contexts are one$/);
  expect(faultOf(written('broken', 'kind: [very-secret'))).toMatch(/broken cannot be read: [^]*$/);
  expect(faultOf(written('broken', 'kind: [very-secret'))).not.toContain('very-secret');
  expect(faultOf(written('empty', ''))).not.toBe('');
});

it('takes KUBECONFIG when nothing of ours names one', () => {
  const of = (file: object, environment: Record<string, string>) =>
    readConfiguration({
      file: written('node.json', { node: { id: 'n', domain: 'n.example', address: 'n.example:3004' }, ...file }),
      environment,
    }).cluster.kubeconfig;
  const other = { KUBECONFIG: '/a:/b' };
  expect(of({}, other)).toBe('/a:/b');
  expect(of({ cluster: { context: 'x' } }, other)).toBe('/a:/b');
  expect(of({ cluster: { kubeconfig: '/ours' } }, other)).toBe('/ours');
  expect(of({}, { ...other, REARGUARD_CLUSTER_KUBECONFIG: '/ours' })).toBe('/ours');
  expect(of({}, { KUBECONFIG: '' })).toBeUndefined();
});
