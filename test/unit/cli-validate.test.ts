/** `rearguard intent validate`: as a node would say it, and none is asked. */
import { expect, test } from 'vitest';
import type { Fetcher } from '../../src/cli/client.ts';
import { rearguard, YAML } from './cli-subject.ts';

const VALIDATE = ['intent', 'validate', '-f', 'web.yaml'];
const offline: Fetcher = () => Promise.reject(new Error('a node was asked'));
const validate = (file: string, ...more: readonly string[]) => rearguard([...VALIDATE, ...more], { file, fetch: offline });

test('a good document', async () => {
  expect(await validate(YAML)).toEqual({ exit: 0, out: 'web.yaml is a valid Intent: web needs 100m cpu, 64Mi, 1 pod\n', err: '' });
  const withService = YAML.replace('spec:', 'spec:\n  services: [{name: db, category: database}]');
  expect((await validate(withService)).out).toMatch(/, service db\n$/);
  expect(JSON.parse((await validate(YAML, '--json')).out)).toEqual({
    valid: true,
    name: 'web',
    resources: { cpu: '100m', memory: '64Mi', pods: '1' },
    errors: [],
  });
});

const MANY = YAML.replace('namespace', 'namespce').replace('100m', 'much').replace('kind: Intent', 'kind: Intnet');
const WRONG: readonly (readonly [string, string])[] = [
  ['wrong in many places', MANY],
  ['past its deadline', YAML.replace('spec:', 'spec:\n  deadline: 2020-01-01T00:00:00Z')],
  ['larger than a history takes', `${YAML}  note: ${'x'.repeat(300_000)}`],
  ['no mapping', 'words'],
  ['nothing', ' '],
  ['no YAML', 'a: [1'],
  ['two documents', `${YAML}---\n${YAML}`],
  ['nested without end', '['.repeat(10_000)],
  ['an alias', 'a: &a 1\nb: *a'],
];
test.each(WRONG)('a document that is %s: exit code 2', async (_, file) => {
  const said = await validate(file);
  expect(said).toMatchObject({ exit: 2, out: '', err: expect.stringMatching(/^rearguard: web\.yaml is not a valid Intent\n {2}/) });
  const asJson = JSON.parse((await validate(file, '--json')).out) as { readonly errors: readonly object[] };
  expect(asJson).toEqual({ valid: false, errors: expect.arrayContaining([expect.anything()]) });
});

test('every wrong field at once, each as the node says it', async () => {
  const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('  '));
  const here = linesOf((await validate(MANY)).err);
  expect(here).toEqual([
    '  kind: must be Intent, not "Intnet"',
    '  spec.workload.namespce: is not a known field; did you mean namespace?',
    expect.stringMatching(/^ {2}spec\.resources\.cpu: must be a Kubernetes quantity/),
    expect.stringMatching(/^ {2}spec\.workload: is empty/),
  ]);
  const there = await rearguard(['intent', 'run', '-f', 'web.yaml'], { file: MANY });
  expect(linesOf(there.err)).toEqual(here);
});
