/** What the demo knows before it starts anything: a report that could not be written, and contexts that are not there. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { foreseen } from '../../deploy/demo/foreseen.ts';
import { HELP } from '../../deploy/demo/options.ts';
import { SCENARIOS } from '../../deploy/demo/scenarios/all.ts';
import { askedFor } from '../../deploy/demo/scenarios/acts.ts';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rearguard-demo-'));
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://c.example' } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: ['turin', 'oslo'].map((name) => ({ name, context: { cluster: 'c', user: 'u' } })),
  };
  fs.writeFileSync(path.join(folder, 'config'), JSON.stringify(config));
  vi.stubEnv('KUBECONFIG', path.join(folder, 'config'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});
const of = (report: string | undefined, contexts?: { consumer: string; providers: string[] }) => foreseen({ report, contexts });

test('a report that can be written, also into a folder that is to be made, and contexts that are there', () => {
  expect(of(path.join(folder, 'report.json'))).toBeUndefined();
  expect(of(path.join(folder, 'a/b/report.json'), { consumer: 'turin', providers: ['oslo'] })).toBeUndefined();
  expect(fs.readdirSync(folder, { recursive: true }).toSorted()).toEqual(['a', 'a/b', 'config']);
  expect(of(undefined)).toBeUndefined();
});

test('a report that cannot be written', () => {
  expect(of(folder)).toBe(`--report ${folder}: is a folder`);
  for (const where of [path.join(folder, 'config'), '/proc/none'])
    expect(of(path.join(where, 'report.json'))).toMatch(/^--report \S+: cannot be written there \(E[A-Z]+\)$/);
  expect(fs.readdirSync(folder)).toEqual(['config']);
});

test.each([
  ['the buyer', { consumer: 'bergen', providers: ['oslo'] }],
  ['a seller', { consumer: 'turin', providers: ['oslo', 'bergen'] }],
])('a context that is not there, of %s', (_, contexts) => {
  expect(of(undefined, contexts)).toContain('its contexts are turin, oslo');
});

test('an intent is told with the services that it asks for', () => {
  expect(askedFor({ name: 'a', cpu: '3', memory: '4Gi' })).toBe('3 CPU and 4Gi');
  expect(askedFor({ name: 'a', cpu: '3', memory: '4Gi', services: [{ name: 'orders-db', category: 'database' }] })).toBe(
    '3 CPU and 4Gi, a service orders-db of category database',
  );
});

test('its help says how each scenario is called', () =>
  expect(SCENARIOS.filter(({ key, name }) => !HELP.includes(` ${name}`) || !HELP.includes(key)).map(({ name }) => name)).toEqual([]));
