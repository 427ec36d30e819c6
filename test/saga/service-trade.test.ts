/** A slice and a database from one seller, by whole nodes over HTTP: what is handed over at the buyer is what the seller's instance has; ended, nothing is left on either side. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterId } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { writtenBlueprint } from '../fakes/fluidos-blueprints.ts';
import { exampleOf, writtenExamples } from '../fakes/written-examples.ts';
import { type Pair, openPair } from './pair.ts';
import { document } from './trade.ts';

const PASSWORD = 'hunter-two-and-more';
/** A store at its seller, and at its buyer what speaks to it. */
const SENSOR: NonNullable<Parameters<typeof openPair>[0]['blueprints']>[number] = {
  name: 'air',
  kind: 'sensor',
  category: 'air',
  hostingPolicies: ['Shared'],
  configuration: { type: 'object', properties: { key: { type: 'string', writeOnly: true } } },
  generated: { key: 24 },
  secret: 'key',
  endpoint: { service: 'store', port: 8883, host: 'air.north.example' },
  manifests: [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, stringData: { key: '${key}' } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'store' }, spec: { type: 'NodePort', ports: [{ port: 8883 }] } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'gateway', annotations: { 'rearguard.dev/hosted-by': 'consumer' } },
      spec: {
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 999, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'gateway',
            image: 'north.example/gateway:1',
            envFrom: [{ secretRef: { name: 'key' } }],
            resources: { limits: { cpu: '100m', memory: '64Mi' } },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    },
  ],
};
let pair: Pair;
beforeAll(async () => {
  pair = await openPair({
    sellers: ['north'],
    fluidos: { namespace: 'fluidos', services: { price: { amount: '0.04', currency: 'EUR' }, instances: 2 } },
    blueprints: [
      {
        name: 'orders',
        use: 'database',
        price: { amount: '0.05', currency: 'EUR' },
        terms: { renewal: { kind: 'automatic', days: 30 }, noticeSeconds: 3_600 },
      },
      SENSOR,
      ...writtenExamples,
    ],
  });
  await pair.untilReady();
});
afterAll(() => pair.stop());

test('an application that needs a slice and a database gets both, and gives both back', async () => {
  const intent = document('shop', {
    services: [{ name: 'orders-db', category: 'database', configuration: { database: 'orders', password: PASSWORD } }],
  });
  const run = await pair.rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], intent);
  expect([run.exit, run.err]).toEqual([0, '']);
  const [contract] = await pair.hosting.north.hosting.instances();
  if (!contract) throw new Error('nothing was made');
  const made = await pair.hosting.north.hosting.look({ contract, secret: 'credentials' });
  const [handed] = [...pair.liqo.cluster(clusterId('south')).handedOver.values()];
  expect(made?.secret).toMatchObject({ database: 'orders', password: PASSWORD });
  expect(handed?.values).toEqual({ ...made?.secret, host: `database.${contract}.svc`, port: '5432' });
  // Whatever anybody may read of it has no secret: contracts of both sides, and what was signed.
  for (const node of ['south', 'north'] as const) {
    const shown = await pair.rearguard(node, ['--json', 'contract', 'show', contract]);
    expect(JSON.parse(shown.out)).toMatchObject({
      terms: { service: { hostingPolicy: 'Provider', configuration: { database: 'orders' } } },
    });
    expect(shown.out).not.toContain(PASSWORD);
    const words = await pair.rearguard(node, ['contract', 'show', contract]);
    expect(words.out).toMatch(/renewal: +automatic, for 30d at a time\nnotice: +1h\n/);
    const verified = await pair.rearguard(node, ['contract', 'export', contract]);
    expect(verified.out).toContain('hostingPolicy');
    expect(verified.out).not.toContain(PASSWORD);
  }
  const ended = await pair.rearguard('south', ['intent', 'end', 'shop', '--watch']);
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await pair.allOverAndReplayed();
});

test('a sensor that both host: each has its part, both know the key, and ours knows where the seller’s answers', async () => {
  const intent = document('air', {
    services: [{ name: 'air', kind: 'sensor', category: 'air', hostingPolicy: 'Shared', resources: { pods: 1 } }],
  });
  const run = await pair.rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], intent);
  expect([run.exit, run.err]).toEqual([0, '']);
  const [contract] = await pair.hosting.north.hosting.instances();
  const [acquisition] = await pair.hosting.south.hosting.bought();
  if (!contract || !acquisition) throw new Error('it runs on one side, or none');
  const names = (manifests: readonly Manifest[] | undefined) => manifests?.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(names(pair.hosting.north.made(contract))).toEqual(['Secret key', 'Service store']);
  expect(names(pair.hosting.south.hosted(acquisition))).toEqual(['Secret key', 'Pod gateway']);
  const made = await pair.hosting.north.hosting.look({ contract, secret: 'key' });
  const secret = { host: 'air.north.example', port: '8883', key: made?.secret?.['key'] };
  expect(secret.key).toMatch(/^[a-z][a-z0-9]{23}$/);
  expect(pair.hosting.south.hosted(acquisition)?.[0]).toMatchObject({ stringData: secret });
  expect([...pair.liqo.cluster(clusterId('south')).handedOver.values()].map(({ values }) => values)).toEqual([secret]);
  const shown = await pair.rearguard('south', ['intent', 'status', 'air']);
  expect(shown.out).toContain('hosted by Shared');
  const ended = await pair.rearguard('south', ['intent', 'end', 'air', '--watch']);
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await pair.allOverAndReplayed();
});

test('what somebody wrote into the seller’s cluster as a ServiceBlueprint is bought, and serves on when its author takes it away', async () => {
  await pair.written.north.write(writtenBlueprint('db-mysql', {}, {}));
  const configuration = { username: 'app', password: PASSWORD, database: 'stock' };
  const intent = document('stock', { services: [{ name: 'stock-db', flavor: 'db', configuration }] });
  const run = await pair.rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], intent);
  expect([run.exit, run.err]).toEqual([0, '']);
  const [contract] = await pair.hosting.north.hosting.instances();
  if (!contract) throw new Error('nothing was made');
  const values = [...pair.liqo.cluster(clusterId('south')).handedOver.values()].map((each) => each.values);
  expect(values).toEqual([{ ...configuration, url: 'mysql://app@db/stock', host: `db-service.${contract}.svc`, port: '3306' }]);
  const onSale = async () => (await pair.rearguard('north', ['--json', 'flavors'])).out;
  expect(await onSale()).toContain('"db"');
  await pair.written.north.write();
  expect(await onSale()).not.toContain('"db"');
  expect(await pair.hosting.north.hosting.instances()).toEqual([contract]);
  const ended = await pair.rearguard('south', ['intent', 'end', 'stock', '--watch']);
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await pair.allOverAndReplayed();
});

test.each([
  ['vm', 'virtual-machine', { cores: 4 }, { username: 'owner', host: expect.stringMatching(/^ssh\./), port: '22' }, 'password'],
  ['sensor', 'air-quality', { station: 'north-roof' }, { topic: 'air/north-roof', host: 'gateway.alice.example', port: '8883' }, 'token'],
] as const)(
  'a %s of docs/selling.md is bought like any service, handed over, and given back',
  async (kind, category, configuration, known, secret) => {
    const intent = document(`one-${kind}`, { services: [{ name: 'thing', kind, category, configuration }] });
    const run = await pair.rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], intent);
    expect([run.exit, run.err]).toEqual([0, '']);
    const [contract] = await pair.hosting.north.hosting.instances();
    if (!contract) throw new Error('nothing was made');
    const { manifests } = exampleOf(kind);
    const [, wanted] = Object.entries(configuration)[0] ?? [];
    const made = pair.hosting.north.made(contract);
    expect(made?.map((each) => each.kind)).toEqual(manifests.map((each) => each.kind));
    expect(JSON.stringify(made?.at(-1))).toContain(JSON.stringify(wanted));
    const handed = [...pair.liqo.cluster(clusterId('south')).handedOver.values()].map(({ values }) => values);
    expect(handed).toEqual([{ ...known, [secret]: expect.stringMatching(/^[a-z][a-z0-9]{23,31}$/) }]);
    const shown = await pair.rearguard('south', ['--json', 'contract', 'show', contract]);
    expect(JSON.parse(shown.out)).toMatchObject({ terms: { flavor: { offer: { kind } }, service: { configuration } } });
    expect(shown.out).not.toContain(String(handed[0]?.[secret]));
    const ended = await pair.rearguard('south', ['intent', 'end', `one-${kind}`, '--watch']);
    expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
    await pair.allOverAndReplayed();
  },
);
