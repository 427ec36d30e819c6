import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { instanceManifests, instanceProblems, instanceValues } from '../../src/domain/blueprint.ts';
import { READY_MADE } from '../../src/domain/ready-made.ts';
import { checked } from '../../src/domain/wrong-fields.ts';
import { publishBlueprints } from '../../src/runtime/blueprints.ts';
import { blueprintOf } from '../../src/runtime/configuration-blueprint.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { SELLER } from '../contracts/samples.ts';
import { memoryKeptBlueprints } from '../fakes/kept-blueprints.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { examplesText, exampleOf, writtenExamples } from '../fakes/written-examples.ts';

const NODE = { node: { id: 'alice', domain: 'alice.example', address: 'alice.example:3004' } };
const read = (yaml: string) => checked(ConfigurationSchema, { ...NODE, blueprints: parse(yaml) });
const problems = (yaml: string): string => {
  const result = read(yaml);
  return result.ok ? '' : result.wrong.map(({ field, problem }) => `${field} ${problem}`).join('\n');
};
const valid = (yaml: string) => {
  const result = read(yaml);
  if (!result.ok) throw new Error(problems(yaml));
  return result.value.blueprints;
};

/** As little as a machine needs. */
const MACHINE = `
- name: small-machine
  kind: vm
  category: virtual-machine
  instances: 4
  price: { amount: "0.03", currency: EUR }
  configuration:
    type: object
    additionalProperties: false
    properties:
      cores: { type: integer, minimum: 1, maximum: 4, default: 1 }
      password: { type: string, pattern: "^[A-Za-z0-9]{8,64}$", writeOnly: true }
  generated: { password: 24 }
  secret: login
  manifests:
    - apiVersion: v1
      kind: Secret
      metadata: { name: login }
      stringData: { password: "\${password}" }
    - apiVersion: kubevirt.io/v1
      kind: VirtualMachine
      metadata: { name: machine }
      spec: { template: { spec: { domain: { cpu: { cores: "\${cores}" } } } } }
`;

describe('blueprints as they are configured', () => {
  test('a ready-made one needs a name and a price', () => {
    const [database] = valid('[{name: orders, use: database, instances: 3, hostingPolicies: [Provider, Consumer]}]');
    if (!database) throw new Error('none');
    expect(blueprintOf(database)).toEqual({ ...READY_MADE.database, name: 'orders', hostingPolicies: ['Provider', 'Consumer'] });
  });

  test('a machine is manifests like any other', () => {
    const [machine] = valid(MACHINE);
    if (!machine) throw new Error('none');
    expect(blueprintOf(machine)).toMatchObject({ kind: 'vm', generated: { password: 24 }, secret: 'login' });
  });

  test('what is promised with one, and otherwise with all, is on its flavor; `{}` is nothing', async () => {
    const { inventory } = memoryInventory({ clock: { now: () => 0 } });
    const yaml =
      '[{name: own, use: database, terms: {noticeSeconds: 60}}, {name: all, use: database}, {name: none, use: database, terms: {}}]';
    const read = checked(ConfigurationSchema, {
      ...NODE,
      rear: { terms: { renewal: { kind: 'automatic', days: 1 } } },
      blueprints: parse(yaml),
    });
    if (!read.ok) throw new Error('refused');
    const log = { info: () => undefined, error: () => undefined };
    await publishBlueprints({
      blueprints: completed(read.value).blueprints,
      self: SELLER,
      inventory,
      kept: memoryKeptBlueprints(),
      now: 0,
      log,
    });
    const promised = new Map((await inventory.list()).map(({ offer, terms }) => ['name' in offer ? offer.name : '', terms]));
    expect(Object.fromEntries(promised)).toEqual({
      own: { noticeMs: 60_000 },
      all: { renewal: { kind: 'automatic', forMs: 86_400_000 } },
      none: undefined,
    });
  });

  test('the worked examples of docs/selling.md are taken as they stand there, and are filled without a configuration wherever they have defaults', () => {
    const result = checked(ConfigurationSchema, { ...NODE, ...(parse(examplesText) as object) });
    expect(result).toMatchObject({ ok: true });
    expect(writtenExamples).toHaveLength(2);
    const make = (length: number): string => 'm'.repeat(length);
    const [machine, gateway] = [exampleOf('vm'), exampleOf('sensor')];
    const manifests = instanceManifests(machine, instanceValues(machine, {}, make));
    expect(manifests.at(-1)).toMatchObject({ spec: { template: { spec: { domain: { cpu: { cores: 1 } } } } } });
    expect(manifests[1]).toMatchObject({ stringData: { userdata: expect.stringContaining(`user: owner\npassword: ${make(24)}\n`) } });
    expect(instanceProblems(gateway, {})).toEqual([expect.stringContaining('configuration.station')]);
    expect(instanceManifests(gateway, instanceValues(gateway, { station: 'south-gate' }, make)).at(-1)).toMatchObject({
      spec: { station: 'south-gate', everySeconds: 60 },
    });
  });

  test.each([
    [
      'Shared, of which nothing is the buyer’s',
      MACHINE.replace('secret: login', 'secret: login\n  hostingPolicies: [Shared]'),
      /Shared needs a manifest with the annotation rearguard\.dev\/hosted-by: consumer/,
    ],
    [
      'what no buyer would host',
      MACHINE.replace('secret: login', 'secret: login\n  hostingPolicies: [Provider, Consumer]'),
      /a buyer would not host it: VirtualMachine machine: kind must be one of ConfigMap/,
    ],
    ['a ready-made one as Shared', '[{name: a, use: database, hostingPolicies: [Shared]}]', /Shared needs a manifest with the annotation/],
    ['a ready-made one with manifests', '[{name: a, use: database, secret: s}]', /secret is given by `use: database`/],
    ['neither', '[{name: a}]', /manifests is needed/],
    ['one name twice', '[{name: a, use: database}, {name: a, use: message-queue}]', /blueprints\[0\] has the same name/],
    ['a namespace', MACHINE.replace('{ name: login }', '{ name: login, namespace: kube-system }'), /metadata\.namespace must not be there/],
    ['a place without a value', MACHINE.replace('generated: { password: 24 }', 'generated: {}'), /\$\{password\} may be missing/],
    ['a Secret that is not there', MACHINE.replace('secret: login', 'secret: other'), /no manifest is a Secret other/],
  ])('%s is refused', (_what, yaml, words) => {
    expect(problems(yaml)).toMatch(words);
  });
});

test('what is configured is on sale, with as many instances; what is not any more comes off it, and slices stay', async () => {
  const { inventory } = memoryInventory({ clock: { now: () => 0 } });
  const kept = memoryKeptBlueprints();
  const log = { info: () => undefined, error: () => undefined };
  const publish = (yaml: string) => publishBlueprints({ blueprints: valid(yaml), self: SELLER, inventory, kept, now: 0, log });
  const both = `${MACHINE}\n- {name: orders, use: database, instances: 2}`;
  await publish(both);
  const first = await inventory.list();
  expect(first.map(({ id, offer }) => [id.replace(/[0-9a-f]{10}$/, ''), offer.kind])).toEqual([
    ['north.example-service-', 'service'],
    ['north.example-vm-', 'vm'],
  ]);
  expect((await inventory.ledgers()).length).toBe(2);
  await publish(both);
  expect((await inventory.list()).map(({ id }) => id)).toEqual(first.map(({ id }) => id));
  await publish('[{name: orders, use: database, instances: 2}]');
  expect((await inventory.list()).map(({ offer }) => offer.kind)).toEqual(['service']);
});
