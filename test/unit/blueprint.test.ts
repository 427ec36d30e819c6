import { describe, expect, test } from 'vitest';
import { type Blueprint, blueprintProblems, instanceManifests, instanceProblems, instanceValues } from '../../src/domain/blueprint.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { READY_MADE } from '../../src/domain/ready-made.ts';
import { withoutSecrets } from '../../src/domain/service-terms.ts';

const SECRET: Manifest = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { key: '${text}' } };
const blueprint = (manifest: object, change: Partial<Blueprint> = {}): Blueprint => ({
  name: 'b',
  kind: 'service',
  description: '',
  category: '',
  tags: [],
  hostingPolicies: ['Provider'],
  configurationTemplate: {
    type: 'object',
    additionalProperties: false,
    properties: { text: { type: 'string', default: 'd' }, count: { type: 'integer' }, flag: { type: 'boolean' }, list: { type: 'array' } },
    required: ['count', 'flag', 'list'],
  },
  generated: {},
  manifests: [SECRET, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, ...manifest }],
  secret: 's',
  ...change,
});
const made = (manifest: object, values: Parameters<typeof instanceManifests>[1]) => {
  const { apiVersion: _, kind: __, metadata: ___, ...rest } = instanceManifests(blueprint(manifest), { text: 't', ...values })[1] ?? {};
  return rest;
};

describe('values in manifests', () => {
  test.each([
    ['a number stays one where it stands alone', { spec: { replicas: '${count}' } }, { count: 3 }, { spec: { replicas: 3 } }],
    ['a boolean too', { spec: { paused: '${flag}' } }, { flag: false }, { spec: { paused: false } }],
    ['within a text it is text', { data: { a: 'n=${count};' } }, { count: 3 }, { data: { a: 'n=3;' } }],
    ['twice in one text', { data: { a: '${text}-${text}' } }, {}, { data: { a: 't-t' } }],
    ['in lists', { spec: { args: ['--n', '${count}'] } }, { count: 3 }, { spec: { args: ['--n', 3] } }],
    ['two dollars are one', { data: { a: '$${text} $${HOME}' } }, {}, { data: { a: '${text} ${HOME}' } }],
    [
      'what a value brings is not looked through again',
      { data: { a: '${text}' } },
      { text: '${count}', count: 1 },
      { data: { a: '${count}' } },
    ],
    ['nor is what stands beside it', { data: { a: '${text}${text}' } }, { text: '$' }, { data: { a: '$$' } }],
    ['a value is never a key', { data: { '${text}': 'x' } }, {}, { data: { '${text}': 'x' } }],
    [
      'YAML in a value is text',
      { data: { a: '${text}' } },
      { text: 'x\nb: y\n---\nkind: Pod' },
      { data: { a: 'x\nb: y\n---\nkind: Pod' } },
    ],
  ])('%s', (_what, manifest, values, expected) => {
    expect(made(manifest, values)).toEqual(expected);
  });

  test('names of Object itself are no values', () => {
    expect(() => made({ data: { a: '${constructor}' } }, {})).toThrow('constructor');
    expect(instanceValues(blueprint({}), JSON.parse('{"__proto__": {"text": "x"}, "count": 1}'), () => '')).toEqual({
      text: 'd',
      count: 1,
    });
  });
});

describe('whose values', () => {
  const generating = blueprint({}, { generated: { text: 12 } });
  test('the buyer’s own, else one that is made up, else the default', () => {
    const make = (length: number) => 'x'.repeat(length);
    expect(instanceValues(generating, { text: 'mine' }, make)).toEqual({ text: 'mine' });
    expect(instanceValues(generating, {}, make)).toEqual({ text: 'x'.repeat(12) });
    expect(instanceValues(blueprint({}), {}, make)).toEqual({ text: 'd' });
  });

  test.each([
    ['x"; drop', false],
    ['a b', false],
    ['a\nb', false],
    ['$(HOME)', false],
    ['../etc', false],
    ['a.b-c_d@e:1', true],
  ])('%j within a longer text', (text, fits) => {
    const embedding = blueprint({ data: { file: 'user=${text}' } });
    expect(instanceProblems(embedding, { text, count: 1, flag: true, list: [] })).toHaveLength(fits ? 0 : 1);
    expect(instanceProblems(blueprint({ data: { user: '${text}' } }), { text, count: 1, flag: true, list: [] })).toEqual([]);
  });
});

describe('a blueprint that would fail at its first sale says so before', () => {
  test.each<[string, Blueprint, RegExp]>([
    ['a name that is no property', blueprint({ data: { a: '${nobody}' } }), /ConfigMap c: data\.a: \$\{nobody\} is no property/],
    ['one of Object itself', blueprint({ data: { a: '${constructor}' } }), /constructor/],
    ['a list', blueprint({ data: { a: '${list}' } }), /no text, number or boolean/],
    [
      'a value that may be missing',
      blueprint({}, { configurationTemplate: { type: 'object', properties: { text: { type: 'string' } } } }),
      /may be missing/,
    ],
    ['a value for a name', blueprint({ metadata: { name: '${text}' } }), /metadata\.name: no value may stand here/],
    ['a value for a kind', blueprint({ kind: '${text}' }), /kind: no value may stand here/],
    [
      'a value for a label',
      blueprint({ metadata: { name: 'c', labels: { a: '${text}' } } }),
      /metadata\.labels\.a: no value may stand here/,
    ],
    ['no such Secret', blueprint({}, { secret: 'none' }), /no manifest is a Secret none/],
    ['no such Service', blueprint({}, { endpoint: { service: 'none', port: 1 } }), /no manifest is a Service none/],
    ['made-up values of nothing', blueprint({}, { generated: { nobody: 8 } }), /generated\.nobody/],
    ['a configuration that is no object', blueprint({}, { configurationTemplate: { type: 'array' } }), /type must be "object"/],
    [
      'a template with a reference',
      blueprint({}, { configurationTemplate: { type: 'object', properties: { text: { $ref: '#' } } } }),
      /a reference/,
    ],
  ])('%s', (_what, wrong, problem) => {
    expect(blueprintProblems(wrong).join('\n')).toMatch(problem);
  });

  test.each(Object.entries(READY_MADE))(
    'the ready-made %s has nothing wrong, and takes what a FLUIDOS node’s own asks for, or nothing',
    (_name, ready) => {
      const whole: Blueprint = { ...ready, name: 'n', hostingPolicies: ['Provider'] };
      expect(blueprintProblems(whole)).toEqual([]);
      expect(instanceProblems(whole, {})).toEqual([]);
      expect(instanceProblems(whole, { username: 'orders', password: 'hunter-two' })).toEqual([]);
      expect(instanceProblems(whole, { username: 'Robert; drop', password: 'p' })).toHaveLength(2);
      // Every container reads the same Secret that is handed over, and no password stands anywhere else.
      const written = JSON.stringify(
        instanceManifests(
          whole,
          instanceValues(whole, { password: 'hunter-two' }, (n) => 'x'.repeat(n)),
        ).slice(1),
      );
      expect(written).not.toContain('hunter-two');
      expect(written).toContain(`"secretName":"${whole.secret}"`);
    },
  );
});

describe('what of a configuration a contract shows', () => {
  const template = {
    properties: { pin: { type: 'string', writeOnly: true }, inner: { properties: { key: { format: 'password' }, on: {} } } },
  };
  test.each([
    ['nothing that is write-only', { pin: '1', user: 'u' }, { user: 'u' }],
    ['nothing of format password, however deep', { inner: { key: 'k', on: true } }, { inner: { on: true } }],
    ['nothing that is called so, where a template marks nothing', { password: 'p', Token: 't', user: 'u' }, { user: 'u' }],
  ])('%s', (_what, configuration, shown) => {
    expect(withoutSecrets(template, configuration)).toEqual(shown);
  });
});
