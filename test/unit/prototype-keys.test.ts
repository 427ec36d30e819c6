/** A key `__proto__` is told wherever people write, since it would be lost on the way, and changes nothing where strangers do. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readDocument } from '../../src/documents/reading.ts';
import { type Blueprint, instanceManifests, instanceProblems, instanceValues } from '../../src/domain/blueprint.ts';
import { hostedBound } from '../../src/domain/hosted.ts';
import { hostedProblems } from '../../src/domain/hosted-check.ts';
import { reduceIntent } from '../../src/domain/intent.ts';
import { ConfigurationError, readConfiguration } from '../../src/runtime/read-configuration.ts';
import { container, document, pod } from './documents.ts';
import { secret } from './hosted-manifests.ts';

const LOST = 'cannot be a name here: it would be lost on the way';
/** Text in which `PROTO` stands for the key: an object literal would change its prototype instead. */
const written = (value: object): string => JSON.stringify(value).replaceAll('PROTO', '__proto__');
const problemsOf = (text: string, language: 'json' | 'yaml'): readonly string[] => {
  const read = readDocument(text, language);
  if (!read.ok) throw new Error(read.problem);
  const reduced = reduceIntent(read.value, 0);
  return 'ok' in reduced ? [] : reduced.problems.map(({ field, problem }) => `${field}: ${problem}`);
};

const map = (data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data });
const labelled = { ...pod('a'), metadata: { name: 'a', labels: { PROTO: 'x' } } };
const asking = { requests: { cpu: '1', memory: '1Gi', PROTO: '1' } };
const database = { name: 'db', category: 'database', configuration: { deep: [{ PROTO: 1 }] } };
const INTENTS: readonly (readonly [string, object, string])[] = [
  ['a label', { workload: { manifests: [labelled] } }, 'spec.workload.manifests[0].metadata.labels.__proto__'],
  ['data', { workload: { manifests: [pod('a'), map({ PROTO: 'x' })] } }, 'spec.workload.manifests[1].data.__proto__'],
  [
    'an amount',
    { workload: { manifests: [pod('a', { containers: [container(asking)] })] } },
    'spec.workload.manifests[0].spec.containers[0].resources.requests.__proto__',
  ],
  [
    'the configuration of a service',
    { workload: { manifests: [pod('a')] }, services: [database] },
    'spec.services[0].configuration.deep[0].__proto__',
  ],
];
test.each(INTENTS)('%s of an intent, in JSON and in YAML', (_, spec, field) => {
  for (const language of ['json', 'yaml'] as const) expect(problemsOf(written(document(spec)), language)).toEqual([`${field}: ${LOST}`]);
});

test('beside the known fields of an intent', () => {
  expect(problemsOf(written({ ...document({ workload: { manifests: [pod('a')] } }), PROTO: { spec: {} } }), 'yaml')).toEqual([
    expect.stringMatching(/^__proto__: is not a known field/),
  ]);
});

test('in the configuration of a node', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rearguard-proto-'));
  onTestFinished(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'node.yaml');
  const flavor = { name: 'small', cpu: '1', memory: '1Gi', pods: '10', additionalProperties: { PROTO: { polluted: true } } };
  fs.writeFileSync(file, written({ node: { id: 'n', domain: 'n.example', address: 'n.example:1' }, flavors: [flavor] }));
  const read = (): unknown => readConfiguration({ file, environment: {} });
  expect(read).toThrow(ConfigurationError);
  expect(read).toThrow(/flavors\[0\]\.additionalProperties\.__proto__: cannot be a name here/);
});

test('in what a seller hands over to be run', () => {
  const spoilt = JSON.parse(written(secret({ stringData: { PROTO: 'x' } }))) as object;
  expect(hostedProblems([spoilt], hostedBound())).toEqual([{ field: 'manifests[0].stringData.__proto__', problem: LOST }]);
  expect(hostedProblems([secret()], hostedBound())).toEqual([]);
});

test('in what a buyer configures, and in a template', () => {
  const template = { type: 'object', properties: { user: { type: 'string' } }, required: ['user'] };
  const blueprint = {
    configurationTemplate: template,
    generated: {},
    manifests: [{ ...pod('a'), spec: { user: '${user}' } }],
  } as unknown as Blueprint;
  const configuration = JSON.parse('{"user":"ann","__proto__":{"user":"eve","polluted":true}}') as Record<string, unknown>;
  expect(instanceProblems(blueprint, configuration)).toEqual([]);
  const values = instanceValues(blueprint, configuration, () => '');
  expect(values).toEqual({ user: 'ann' });
  expect(instanceManifests(blueprint, values)).toMatchObject([{ spec: { user: 'ann' } }]);
  const without = JSON.parse('{"__proto__":{"user":"eve"}}') as Record<string, unknown>;
  expect(instanceProblems(blueprint, without)).not.toEqual([]);
  const odd = JSON.parse('{"type":"object","properties":{"__proto__":{"default":"x"}}}') as Record<string, unknown>;
  expect(Object.keys(instanceValues({ ...blueprint, configurationTemplate: odd }, {}, () => ''))).toEqual(['__proto__']);
  expect(({} as { readonly polluted?: boolean }).polluted).toBeUndefined();
});
