/** FLUIDOS ServiceBlueprint resources: how one is read as a blueprint of ours, and what of it is refused. */
import { describe, expect, it, test } from 'vitest';
import { instanceManifests } from '../../src/domain/blueprint.ts';
import { readServiceBlueprint } from '../../src/rear/service-blueprint.ts';
import { annotated, blueprintSpec, databaseTemplates } from '../fakes/fluidos-blueprints.ts';

const read = (change: object = {}, notes: Readonly<Record<string, string>> = {}) =>
  readServiceBlueprint({ spec: blueprintSpec(change), annotations: annotated(notes) });
const good = (change: object = {}, notes: Readonly<Record<string, string>> = {}) => {
  const found = read(change, notes);
  if ('wrong' in found) throw new Error(found.wrong);
  return found;
};
const secret = (stringData: object, metadata: object = { name: 'made' }): object => ({
  name: 'secret',
  serviceData: { apiVersion: 'v1', kind: 'Secret', metadata, stringData },
});
const other = (spec: unknown, metadata: object = { name: 'made' }): object => ({
  name: 'deployment',
  serviceData: { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec },
});

describe('a ServiceBlueprint', () => {
  it('is a service, whose endpoint and Secret its labels and kinds tell', () => {
    const { blueprint, price, location, instances } = good();
    expect(blueprint).toMatchObject({
      name: 'db',
      kind: 'service',
      description: 'A database',
      category: 'database',
      tags: ['database', 'mysql'],
      hostingPolicies: ['Provider'],
      secret: 'db-credentials',
      endpoint: { service: 'db-service', port: 3306 },
      generated: {},
    });
    expect([price, location, instances]).toEqual([{}, undefined, undefined]);
  });

  it('has the configuration that a FLUIDOS node asks for its category, and of others that of its own places', () => {
    const text = { type: 'string' };
    expect(good().blueprint.configurationTemplate).toEqual({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: { username: text, password: text, database: text },
      required: ['username', 'password', 'database'],
    });
    const cache = { category: 'cache', templates: [secret({ size: '{{ .size }}', token: '{{ .token }}' })] };
    expect(good(cache).blueprint.configurationTemplate).toEqual({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      additionalProperties: false,
      properties: { size: text, token: text },
      required: ['size', 'token'],
    });
  });

  it('makes what it says with the values in it; what only looks like ours stays text', () => {
    const [credentials, , deployment] = instanceManifests(good().blueprint, { username: 'u', password: 'p w', database: 'd' });
    expect(credentials?.['stringData']).toEqual({ username: 'u', password: 'p w', database: 'd', url: 'mysql://u@db/d' });
    expect(JSON.stringify(deployment)).toContain('exec mysqld --port ${PORT:-3306}');
    const templates = [secret({ written: '$${HOME} ${A}{{ .a }} ${B} {{.a}}}', half: '${ {{ .a }} }' })];
    const [made] = instanceManifests(good({ category: 'cache', templates }).blueprint, { a: '${A}' });
    expect(made?.['stringData']).toEqual({ written: '$${HOME} ${A}${A} ${B} ${A}}', half: '${ ${A} }' });
  });

  it('says price, place and number in annotations', () => {
    const notes = { price: '0.05', currency: 'EUR', period: 'daily', country: 'Italy', instances: '5', host: 'db.example' };
    expect(good({}, notes)).toMatchObject({
      price: { amount: '0.05', currency: 'EUR', period: 'daily' },
      location: { country: 'Italy' },
      instances: 5,
      blueprint: { endpoint: { host: 'db.example' } },
    });
  });

  it('is hosted where it says: by the provider when it says nothing, shared where a manifest is marked as its buyer’s', () => {
    const policies = (hostingPolicies: readonly string[], templates = databaseTemplates) =>
      good({ hostingPolicies, templates }).blueprint.hostingPolicies;
    expect(policies([])).toEqual(['Provider']);
    // No container of it has limits or runs as somebody but root: no buyer of ours would host that.
    expect(good({ hostingPolicies: ['Shared', 'Consumer', 'Provider'] })).toMatchObject({
      blueprint: { hostingPolicies: ['Provider'] },
      unoffered: [
        { policy: 'Shared', why: expect.stringContaining('Shared needs a manifest') },
        { policy: 'Consumer', why: expect.stringContaining('a buyer would not host it: Deployment db: ') },
      ],
    });
    expect(policies(['Consumer', 'Provider'], [secret({})])).toEqual(['Consumer', 'Provider']);
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more', annotations: { 'rearguard.dev/hosted-by': 'consumer' } } };
    const templates = [...databaseTemplates, { name: 'map', serviceData: map }];
    expect(policies(['Shared', 'Provider'], templates)).toEqual(['Shared', 'Provider']);
  });

  const two = (label: object): object => ({
    templates: [secret({}, { name: 'one' }), secret({}, { name: 'two', labels: label })],
  });
  it('of several Secrets hands over the one with FLUIDOS’ label', () => {
    expect(good(two({ 'nodecore.fluidos.eu/flavor-service-credentials': 'true' })).blueprint.secret).toBe('two');
  });

  const [credentials = {}, service = {}] = databaseTemplates;
  test.each<[string, object, RegExp]>([
    [
      'a condition',
      { templates: [secret({ a: '{{ if .a }}x{{ end }}' })] },
      /^templates\[0\] \(secret\): stringData\.a: \{\{ if \.a \}\} is not/,
    ],
    ['a pipeline', { templates: [secret({ a: '{{ .password | b64enc }}' })] }, /\{\{ \.password \| b64enc \}\} is not understood/],
    ['a field of a field', { templates: [secret({ a: '{{ .a.b }}' })] }, /\{\{ \.a\.b \}\} is not understood/],
    ['what trims', { templates: [secret({ a: '{{- .a -}}' })] }, /is not understood/],
    ['what never closes', { templates: [secret({ a: '{{ .a' })] }, /\{\{ \.a is not understood/],
    ['a key that is made of a value', { templates: [secret({ '{{ .a }}': 'x' })] }, /no value may stand in a key/],
    ['a $ before a value', { templates: [secret({ a: '${{ .a }}' })] }, /no \$ may stand before/],
    ['a value in a name', { templates: [secret({}), other({}, { name: '{{ .a }}' })] }, /serviceData\.metadata\.name/],
    [
      'a value in a label',
      { templates: [secret({}, { name: 's', labels: { a: '{{ .a }}' } })] },
      /metadata\.labels\.a: no value may stand here/,
    ],
    ['a namespace', { templates: [secret({}, { name: 's', namespace: 'kube-system' })] }, /each instance has its own/],
    ['no kind', { templates: [{ name: 'x', serviceData: { apiVersion: 'v1' } }] }, /templates\[0\] \(x\): serviceData\.kind/],
    ['no manifest', { templates: [{ name: 'x', serviceData: 'kind: Pod' }] }, /templates\.0\.serviceData: not an object/],
    ['no template', { templates: [] }, /templates: must be 1 to 50/],
    ['no Secret', { templates: [service] }, /none is a Secret/],
    ['two Secrets alike', two({}), /label one Secret/],
    ['two endpoints', { templates: [credentials, service, service] }, /several Services are labelled/],
    ['a policy that is none', { hostingPolicies: ['Nobody'] }, /^hostingPolicies: must name one of Provider, Consumer, Shared/],
    ['no name', { name: '' }, /^name: /],
    ['Shared alone', { hostingPolicies: ['Shared'] }, /^hostingPolicies: .*Shared needs a manifest/],
  ])('with %s is told to be wrong', (_what, change, words) => {
    expect(read(change)).toEqual({ wrong: expect.stringMatching(words) });
  });

  test.each([
    ['price', 'much'],
    ['period', 'now and then'],
    ['instances', 'many'],
  ])('whose annotation %s cannot be read is told to be wrong', (name, text) => {
    expect(read({}, { [name]: text })).toEqual({ wrong: expect.stringContaining(`rearguard.dev/${name}`) });
  });
});
