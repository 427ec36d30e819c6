/** A node whose Liqo enforces nothing: it says so and publishes nothing, until its operator has it otherwise. */
import { createHash } from 'node:crypto';
import { afterAll, expect, inject, test } from 'vitest';
import type { Enforcement } from '../../src/domain/enforcement.ts';
import { clusterId } from '../../src/domain/ids.ts';
import { liqoWorld } from '../fakes/liqo-world.ts';
import { clusterOf, servedNode } from '../fakes/served-node.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const NORTH = clusterId('north');

interface Found {
  readonly flavors: number;
  /** What other nodes are told of services. */
  readonly services: readonly { readonly type: { readonly data: { readonly name: string } } }[];
  readonly ready: unknown;
  readonly says: unknown;
  readonly blueprints: unknown;
  /** What somebody without a token is answered. */
  readonly stranger: number;
}
const TOKEN = 'rgt_of-a-viewer';
const HASH = createHash('sha256').update(TOKEN).digest('hex');
/** Starts the HTTP side of a node, on the same store each time; looks at it when it has decided. */
async function started(
  read: Enforcement | undefined,
  more: {
    readonly liqo?: { enforcement: Enforcement };
    readonly sellUnenforced?: boolean;
    readonly tokens?: boolean;
    readonly blueprints?: readonly object[];
  } = {},
): Promise<{ look(): Promise<Found>; turn(now: Enforcement): void; stop(): Promise<void> }> {
  const world = liqoWorld();
  world.cluster(NORTH).enforcement = read;
  const { ports, stop } = await servedNode('north', clusterOf(NORTH, { world, lacking: ['VirtualMachine'] }), {
    rear: { sellUnenforced: more.sellUnenforced ?? false },
    ...(more.tokens && { api: { tokens: [{ name: 'ann', role: 'viewer', sha256: HASH }] } }),
    database: { url: db.url, connections: 2 },
    ...(more.liqo && { liqo: more.liqo }),
    blueprints: more.blueprints ?? [],
    flavors: [{ name: 'big', cpu: '8', memory: '16Gi', pods: '100' }],
  });
  const api = `http://127.0.0.1:${ports.api}`;
  type Checks = { checks: readonly { name: string; ready: boolean; says?: string }[] };
  const checks = async (): Promise<Checks['checks']> =>
    await fetch(`${api}/readyz`)
      .then(async (answer) => ((await answer.json()) as Checks).checks)
      .catch(() => []);
  return {
    turn(now) {
      world.cluster(NORTH).enforcement = now;
      world.changed();
    },
    stop,
    async look() {
      await expect
        .poll(async () => (await checks()).find(({ name }) => name === 'blueprints')?.ready, { timeout: 20_000, interval: 50 })
        .toBe(true);
      const { items } = (await (await fetch(`${api}/api/v1/flavors`, { headers: { authorization: `Bearer ${TOKEN}` } })).json()) as {
        items: readonly unknown[];
      };
      const now = await checks();
      const enforcement = now.find(({ name }) => name === 'enforcement');
      return {
        flavors: items.length,
        services: (await (await fetch(`http://127.0.0.1:${ports.rear}/api/v2/flavors/service`)).json()) as Found['services'],
        ready: enforcement?.ready,
        says: enforcement?.says,
        blueprints: now.find(({ name }) => name === 'blueprints')?.says,
        stranger: (await fetch(`${api}/api/v1/flavors`)).status,
      };
    },
  };
}
/** One that is started, looked at and stopped. */
async function served(...how: Parameters<typeof started>): Promise<Found> {
  const node = await started(...how);
  try {
    return await node.look();
  } finally {
    await node.stop();
  }
}

test('a stock Liqo enforces nothing: nothing is on sale, and /readyz says why', async () => {
  expect(await served('None')).toEqual({
    flavors: 0,
    services: [],
    ready: true,
    says: expect.stringMatching(/holds buyers to nothing.*no flavor is published/),
    stranger: 200,
  });
});

test('told to sell all the same, it does, and still says so', async () => {
  expect(await served('None', { sellUnenforced: true })).toEqual({
    flavors: 1,
    services: [],
    ready: true,
    says: expect.stringContaining('sold all the same'),
    stranger: 200,
  });
});

test('a blueprint needs nobody’s enforcement: it is on sale as soon as it is configured, and no longer', async () => {
  const found = await served('None', { blueprints: [{ name: 'orders', use: 'database', price: { amount: '0.05', currency: 'EUR' } }] });
  expect(found.services.map(({ type }) => type.data.name)).toEqual(['orders']);
  expect((await served('None')).services).toEqual([]);
});

test('a blueprint of a kind that the cluster lacks is never on sale, and /readyz says why', async () => {
  const machine = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { name: 'machine' } };
  const login = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' } };
  const desktop = { name: 'desktop', category: 'desktop', secret: 'login', manifests: [login, machine] };
  const found = await served('Hard', { blueprints: [desktop, { name: 'orders', use: 'database' }] });
  expect(found.services.map(({ type }) => type.data.name)).toEqual(['orders']);
  expect(found.blueprints).toBe('not on sale: desktop: this cluster has no kubevirt.io/v1 VirtualMachine');
});

test('what was on sale is taken off when Liqo does not enforce any more', async () => {
  // And with a token configured it is told to nobody without, on loopback too.
  expect(await served('Hard', { tokens: true })).toMatchObject({ flavors: 1, stranger: 401 });
  expect((await served('Soft')).flavors).toBe(0);
});

test('while a node runs, what is on sale goes when Liqo does not enforce any more and comes back when it does, and /readyz says it', async () => {
  const node = await started('Hard');
  try {
    expect((await node.look()).flavors).toBe(1);
    const follows = async (now: Enforcement, flavors: number, says: RegExp) => {
      node.turn(now);
      await expect
        .poll(() => node.look(), { timeout: 10_000, interval: 50 })
        .toMatchObject({ flavors, ready: true, says: expect.stringMatching(says) });
    };
    await follows('Soft', 0, /not what they use.*no flavor is published/);
    await follows('None', 0, /holds buyers to nothing.*no flavor is published/);
    await follows('Hard', 1, /limits enforcement Hard/);
  } finally {
    await node.stop();
  }
});

test('where Liqo cannot be asked, its operator’s word counts; against what is read it does not', async () => {
  expect((await served(undefined)).flavors).toBe(0);
  expect((await served(undefined, { liqo: { enforcement: 'Hard' } })).flavors).toBe(1);
  expect((await served('None', { liqo: { enforcement: 'Hard' } })).flavors).toBe(0);
});
