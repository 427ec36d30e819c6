import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { intentName, taskQueues, workflowIds } from '../../src/domain/ids.ts';
import { reduceIntent } from '../../src/domain/intent.ts';
import * as messages from '../../workflows/messages.ts';

const root = path.resolve(import.meta.dirname, '../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

it('the first intent of the README is a good one', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
  expect(reduceIntent(parse(yaml), 0)).toMatchObject({
    ok: { name: 'shop', placement: 'remote', request: { resources: { cpu: '500m', memory: '256Mi', pods: '2' }, maxLatencyMs: 20 } },
  });
});

it('the README names npm commands that are there', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

it('the oldest Node that is promised is one that every dependency runs on', () => {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { readonly engines?: { readonly node?: string }; readonly optional?: boolean }>;
  };
  /** The oldest minor of a major that a range names; 0 when it names none. */
  const oldest = (major: number, range = ''): number => Number(new RegExp(`(?:\\^|>=)\\s*${major}\\.(\\d+)`).exec(range)?.[1] ?? 0);
  const needed = (major: number): number =>
    Math.max(
      ...Object.entries(packages).map(([name, { engines, optional }]) => (name === '' || optional ? 0 : oldest(major, engines?.node))),
    );
  for (const major of [20, 22]) {
    expect(oldest(major, packages['']?.engines?.node)).toBe(needed(major));
    expect(readme).toContain(`${major}.${needed(major)} or newer`);
  }
});

it('the README says how a plain Temporal client starts an intent as the node itself does', () =>
  expect(readme).toContain(
    `--task-queue ${taskQueues.forward} --type ${messages.workflowTypes.intent} --workflow-id ${workflowIds.intent(intentName('shop'))}`,
  ));

it('what the README has the temporal program ask for is there', () => {
  const asked = [...readme.matchAll(/--type (\w+) -o json/g)].map(([, name]) => name);
  expect(asked).toEqual([messages.journal.name]);
  const updates = [...readme.matchAll(/temporal workflow update execute [^\n]* --name (\w+)/g)].map(([, name]) => name);
  expect(updates).toEqual([messages.end.name]);
  const attributes = [...readme.matchAll(/'(Rearguard\w+) = /g)].map(([, name]) => name);
  expect(attributes.length).toBeGreaterThan(0);
  for (const name of attributes) expect(Object.keys(messages.SEARCH_ATTRIBUTES)).toContain(name);
});

it('every decision is in the list of decisions', () => {
  const list = readFileSync(path.join(root, 'docs/decisions/README.md'), 'utf8');
  const missing = readdirSync(path.join(root, 'docs/decisions')).filter((name) => name !== 'README.md' && !list.includes(`](${name})`));
  expect(missing).toEqual([]);
});
