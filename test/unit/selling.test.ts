/** A node that sells while Liqo holds buyers to what they bought: what is on sale follows that, what is sold does not, and everybody is told. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Enforcement } from '../../src/domain/enforcement.ts';
import { Fault } from '../../src/domain/faults.ts';
import { isSlice } from '../../src/domain/flavor.ts';
import { clusterId, contractOf } from '../../src/domain/ids.ts';
import type { FlavorResources } from '../../src/ports/flavor-resources.ts';
import type { Processes } from '../../src/ports/processes.ts';
import type { ServiceBlueprints } from '../../src/ports/service-blueprints.ts';
import { readFlavorResource } from '../../src/rear/flavor-resource.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { keepSelling } from '../../src/runtime/keep-selling.ts';
import type { Parts } from '../../src/runtime/parts.ts';
import { openReadiness } from '../../src/runtime/readiness.ts';
import { openSelling } from '../../src/runtime/selling.ts';
import { buyerOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { shownNodes, sized, workerOf } from '../fakes/cluster-nodes.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { fluidosSpec } from '../fakes/fluidos-flavors.ts';
import { memoryKeptBlueprints } from '../fakes/kept-blueprints.ts';
import { liqoWorld } from '../fakes/liqo-world.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';

const NORTH = clusterId('north-1');
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const clock = { now: () => NOON };
const soon = { timeout: 4_000, interval: 10 };
let ending: AbortController;
let running: Promise<void>;
beforeEach(() => ([ending, running] = [new AbortController(), Promise.resolve()]));
afterEach(async () => {
  ending.abort();
  await running;
});

/** `rearguard work` of a node that sells its cluster and what Flavor resources say; `before` is what its audit told last, before it began. */
async function begin(enforcement: Enforcement, before?: boolean) {
  const world = liqoWorld();
  const turn = (now: Enforcement): void => {
    world.cluster(NORTH).enforcement = now;
    world.changed();
  };
  turn(enforcement);
  const { signal } = ending;
  const { inventory, contracts } = memoryInventory({ clock });
  const { audit } = memoryAudit({ clock });
  if (before !== undefined) await audit.record({ kind: 'enforcement', facts: { sells: before, detail: 'told before' } });
  const configuration = completed(
    ConfigurationSchema.parse({
      node: { id: 'north', domain: 'n.example', address: 'n.example:3004' },
      sell: {},
      fluidos: { namespace: 'f' },
    }),
  );
  const { localResources, show } = shownNodes();
  const flavorResources: FlavorResources = {
    async watch(_namespace, sink, until) {
      await sink({ installed: true, flavors: [{ name: 'written', ...readFlavorResource(fluidosSpec()) }] });
      if (!until.aborted) await new Promise((resolve) => until.addEventListener('abort', resolve, { once: true }));
    },
  };
  const serviceBlueprints: ServiceBlueprints = {
    watch: async (_namespace, _sink, until) => void (await new Promise((resolve) => until.addEventListener('abort', resolve))),
  };
  const readiness = openReadiness(quiet);
  const fabric = fakeFabric(world, NORTH);
  const ended: unknown[] = [];
  const processes = { endContract: async (...how) => void ended.push(how) } as Partial<Processes> as Processes;
  const away: { audit?: Fault } = {};
  const parts = {
    configuration,
    log: quiet,
    readiness,
    signal,
    clock,
    processes,
    cluster: { fabric, localResources, flavorResources, serviceBlueprints },
    selling: openSelling({ configuration, fabric, readiness, log: quiet, signal }),
  } as unknown as Parts;
  const turned: typeof audit.turned = async (event) => {
    const { audit: why } = away;
    delete away.audit;
    if (why) throw why;
    await audit.turned(event);
  };
  const sold = { inventory, keptBlueprints: memoryKeptBlueprints(), audit: { turned }, self: SELLER };
  running = keepSelling(parts, sold);
  return {
    turn,
    show,
    inventory,
    contracts,
    ended,
    away,
    /** Another process of this node, which stops with it. */
    another() {
      const selling = openSelling({ configuration, fabric, readiness: openReadiness(quiet), log: quiet, signal });
      running = Promise.all([running, keepSelling({ ...parts, selling }, sold)]).then(() => undefined);
      return selling;
    },
    onSale: async () => (await inventory.list()).length,
    /** What is said at `/readyz`, which keeps its answers for a second. */
    says: (words: RegExp) =>
      vi.waitFor(async () => {
        const check = (await readiness.checks()).find(({ name }) => name === 'enforcement');
        expect(check).toMatchObject({ ready: true, says: expect.stringMatching(words) });
      }, soon),
    told: async () => (await audit.page({ limit: 10 })).items.map(({ kind, facts }) => [kind, facts['sells'], facts['detail']]),
  };
}
test('what is on sale goes when Liqo enforces no more and comes back when it does; what is sold stays, and each is told once', async () => {
  const node = await begin('Hard');
  await node.show(workerOf('a'));
  await vi.waitFor(async () => expect(await node.onSale()).toBe(2), soon);
  const flavor = (await node.inventory.list()).filter(isSlice).find(({ offer }) => offer.resources.cpu === '9');
  if (!flavor) throw new Error('the cluster is not on sale');
  const transaction = newTransaction();
  const contract = contractOf(transaction);
  await node.inventory.reserve({
    flavor: flavor.id,
    buyer: buyerOf('alice'),
    part: sized(2),
    idempotencyKey: 'k',
    transaction,
    ttlMs: 60_000,
  });
  await node.inventory.sell({ transaction, contract, seller: SELLER, lifetimeMs: 86_400_000 });

  node.turn('None');
  await vi.waitFor(async () => expect(await node.onSale()).toBe(0), soon);
  // A node that changes puts nothing on sale.
  await node.show(workerOf('a'), workerOf('b'));
  expect(await node.onSale()).toBe(0);
  await node.says(/holds buyers to nothing.*no flavor is published/);
  expect(await node.contracts.get(contract)).toMatchObject({ state: 'active' });

  node.turn('Hard');
  await vi.waitFor(async () => expect(await node.onSale()).toBe(1), soon);
  await node.show(workerOf('a'));
  await vi.waitFor(async () => expect(await node.onSale()).toBe(2), soon);
  await node.says(/limits enforcement Hard/);
  expect(await node.told()).toEqual([
    ['enforcement', true, expect.stringContaining('Hard')],
    ['enforcement', false, expect.stringContaining('None')],
  ]);
  expect(node.ended).toEqual([]);
});

test('one that begins where nothing is enforced sells once it is, without a restart, and tells it also when the store was away', async () => {
  const node = await begin('Soft');
  await node.show(workerOf('a'));
  expect(await node.onSale()).toBe(0);
  node.away.audit = new Fault('STORE_UNAVAILABLE', 'away');
  node.turn('Hard');
  await vi.waitFor(async () => expect(await node.onSale()).toBe(1), soon);
  await vi.waitFor(async () => expect(await node.told()).toEqual([['enforcement', true, expect.stringContaining('Hard')]]), soon);
  node.turn('Hard');
  expect(await node.told()).toHaveLength(1);
});

test('each change is told once, however many processes of a node see it', async () => {
  const node = await begin('Hard');
  const others = [node.another(), node.another()];
  const allKnow = (sells: boolean) =>
    vi.waitFor(
      async () => expect((await Promise.all(others.map((other) => other.now()))).map((found) => found.sells)).toEqual([sells, sells]),
      soon,
    );
  await allKnow(true);
  for (const [now, sells] of [
    ['None', false],
    ['Hard', true],
  ] as const) {
    node.turn(now);
    await allKnow(sells);
    await vi.waitFor(async () => expect((await node.told())[0]?.[1]).toBe(sells), soon);
  }
  expect((await node.told()).map(([, sells]) => sells)).toEqual([true, false]);
});

test('what turned while no process ran is told when one begins, so that the turn back is news too', async () => {
  const node = await begin('Hard', false);
  const told = async () => (await node.told()).map(([, sells]) => sells);
  node.away.audit = new Fault('STORE_UNAVAILABLE', 'away');
  await vi.waitFor(async () => expect(await told()).toEqual([true, false]), soon);
  node.turn('None');
  await vi.waitFor(async () => expect(await told()).toEqual([false, true, false]), soon);
});

test('what is cut short is done anew, though by then all is again as it was; what is done is not', async () => {
  let tell: (now: Enforcement) => Promise<undefined> = async () => undefined;
  const { signal } = ending;
  const fabric = {
    enforcement: async () => 'Hard' as const,
    async watchEnforcement(sink: (now: Enforcement) => Promise<undefined>) {
      tell = sink;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  };
  const { liqo, rear } = ConfigurationSchema.parse({ node: { id: 'north', domain: 'n.example', address: 'n.example:3004' } });
  const selling = openSelling({ configuration: { liqo, rear }, fabric, readiness: openReadiness(quiet), log: quiet, signal });
  const [long, short]: boolean[][] = [[], []];
  const sellsOn = selling.each(async ({ sells }, until) => {
    long?.push(sells);
    if (!until.aborted) await new Promise((resolve) => until.addEventListener('abort', resolve));
  });
  const tells = selling.each(async ({ sells }) => void short?.push(sells), await selling.now());
  running = Promise.all([sellsOn, tells]).then(() => undefined);
  await vi.waitFor(() => expect(long).toEqual([true]), soon);
  // Both before anybody could do anything about the first.
  void tell('None');
  await tell('Hard');
  await vi.waitFor(() => expect(long).toEqual([true, true]), soon);
  await tell('Soft');
  await vi.waitFor(() => expect([long, short]).toEqual([[true, true, false], [false]]), soon);
  // Other words, and nothing to do.
  await tell('None');
  await tell('Hard');
  await vi.waitFor(() => expect([long?.at(-1), short]).toEqual([true, [false, true]]), soon);
});
