/** Whole nodes: configuration, both listeners, three workers, real Postgres and Temporal, REAR over HTTP, driven by the command line. Only the clusters are stood in for. */
import type { Server } from 'node:net';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { clusterId } from '../../src/domain/ids.ts';
import type { World } from '../../src/ports/world.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { runNode } from '../../src/runtime/run.ts';
import { claimBlock } from '../../deploy/playground/ports.ts';
import { fakeCluster } from '../fakes/cluster.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { type LiqoWorld, liqoWorld } from '../fakes/liqo-world.ts';
import { type TestDatabase, cloneDatabase } from '../store/database.ts';
import { QUICK, document } from './trade.ts';

const NODES = ['south', 'north'] as const;
type Name = (typeof NODES)[number];

let database: TestDatabase;
let liqo: LiqoWorld;
let api: Record<Name, string>;
const stop = new AbortController();
let ports: Server | undefined;
let running: readonly Promise<void>[] = [];

/** The present state first, then what happens, as a real watch tells it. */
const worldOf = (id: string): World => ({
  async watch(sink, signal) {
    const { sinks } = liqo.cluster(clusterId(id));
    const hear = (event: Parameters<typeof sink>[0]): void => void sink(event).catch(() => {});
    sinks.add(hear);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    sinks.delete(hear);
  },
});

beforeAll(async () => {
  database = await cloneDatabase(inject('databases'));
  liqo = liqoWorld();
  const { base, held } = await claimBlock();
  ports = held;
  const at = (index: number): string => `127.0.0.1:${base + 1 + index}`;
  const unique = Date.now().toString(36);
  api = { south: `http://${at(1)}`, north: `http://${at(3)}` };
  running = NODES.map((name, i) => {
    const configuration = completed(
      ConfigurationSchema.parse({
        node: { id: name, domain: `${name}.example`, address: at(2 * i) },
        rear: { listen: at(2 * i) },
        api: { listen: at(2 * i + 1) },
        temporal: { address: inject('temporalAddress'), namespace: `nodes-${name}-${unique}` },
        database: { url: database.url, schema: `${name}_${unique}` },
        knownNodes: name === 'south' ? [at(2)] : [],
        flavors:
          name === 'south'
            ? []
            : [{ name: 'big', cpu: '8', memory: '16Gi', pods: '100', price: { amount: '0.10', currency: 'EUR' }, latencyMs: 5 }],
        timing: QUICK,
        shutdownSeconds: 3,
        log: { level: process.env['REARGUARD_TEST_LOG'] ?? 'silent' },
      }),
    );
    const openCluster = () => ({
      fabric: fakeFabric(liqo, clusterId(name)),
      cluster: fakeCluster(liqo, clusterId(name)),
      world: worldOf(name),
      ready: async () => {},
      close: () => {},
    });
    return runNode({
      configuration,
      roles: ['serve', 'work'],
      version: '0',
      bundle: inject('workflowBundle'),
      signal: stop.signal,
      openCluster,
    });
  });
});
afterAll(async () => {
  stop.abort();
  await Promise.all(running);
  ports?.close();
  await database.drop();
});

/** Runs a command as a person would, at one node. */
async function rearguard(node: Name, argv: readonly string[], file?: unknown): Promise<{ exit: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const exit = await runProgram(['--api', api[node], ...argv], {
    output: {
      out: (words) => {
        out += words;
      },
      err: (words) => {
        err += words;
      },
    },
    environment: {},
    readInput: async () => JSON.stringify(file),
    now: () => Date.now(),
    signal: AbortSignal.timeout(45_000),
    version: '0',
  });
  return { exit, out, err };
}
const readyz = async (node: Name): Promise<unknown> => {
  try {
    return await (await fetch(`${api[node]}/readyz`)).json();
  } catch {
    return undefined;
  }
};

test('both become ready, and say what they are', async () => {
  for (const node of NODES) await expect.poll(() => readyz(node), { timeout: 60_000 }).toMatchObject({ ready: true });
  expect(await (await fetch(`${api.north}/healthz`)).json()).toEqual({ alive: true });
  const flavors = await rearguard('north', ['flavors']);
  expect(flavors.out).toMatch(/north\.example-k8slice-[0-9a-f]{10} +8 cpu, 16Gi, 100 pods +0\.1 EUR hourly/);
  expect((await rearguard('south', ['nodes'])).out).toMatch(/127\.0\.0\.1:\d+ .* configuration /);
});

test('an intent is bought, watched, told and ended by the command line, and everything is given back at both', async () => {
  const started = await rearguard('south', ['intent', 'run', '-f', 'x.yaml', '--watch'], document('shop'));
  expect(started.err).toBe('');
  expect(started.exit).toBe(0);
  expect(started.out).toMatch(/intent shop started\n/);
  for (const step of ['reserve', 'buy', 'extend']) expect(started.out).toMatch(new RegExp(`✓ ${step} \\[[0-9a-f]+-1\\]`));
  expect(started.out).toMatch(/usage: in-use at north\.example on rearguard-[0-9a-f]+-1 for 0\.\d+ EUR\/h/);

  const again = await rearguard('south', ['intent', 'run', '-f', 'x.yaml'], document('shop'));
  expect([again.exit, again.out]).toEqual([0, expect.stringContaining('lives already')]);
  const other = await rearguard('south', ['intent', 'run', '-f', 'x.yaml'], document('shop', { patience: '30s' }));
  expect([other.exit, other.err]).toEqual([2, expect.stringContaining('INTENT_EXISTS')]);

  const status = JSON.parse((await rearguard('south', ['--json', 'intent', 'status', 'shop'])).out) as {
    status: { place: { contract: string } };
  };
  const { contract } = status.status.place;
  expect((await rearguard('south', ['intent', 'list'])).out).toMatch(/shop +in-use/);
  expect((await rearguard('south', ['intent', 'plan', 'shop'])).out).toMatch(/1 +north\.example-k8slice-[0-9a-f]+ +north\.example .* held/);
  expect((await rearguard('south', ['intent', 'journal', 'shop'])).out).toMatch(/reservation +✓ reserve/);
  expect((await rearguard('south', ['contracts'])).out).toMatch(new RegExp(`${contract} +buyer +north\\.example +active`));
  expect((await rearguard('north', ['contracts'])).out).toMatch(new RegExp(`${contract} +seller +south\\.example +active`));
  expect((await rearguard('north', ['allocations'])).out).toMatch(new RegExp(`${contract} +Node +active`));
  expect((await rearguard('south', ['candidates'])).out).toMatch(/north\.example/);
  await expect.poll(async () => (await rearguard('north', ['processes'])).out, { timeout: 10_000 }).toMatch(/peering\/south/);

  const ended = await rearguard('south', ['intent', 'end', 'shop', '--watch']);
  expect(ended.err).toBe('');
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await expect.poll(async () => (await rearguard('north', ['contracts', '--living'])).out, { timeout: 15_000 }).toBe('none\n');
  await expect.poll(async () => (await rearguard('south', ['processes'])).out, { timeout: 15_000 }).toBe('none\n');
  await expect.poll(async () => (await rearguard('north', ['processes'])).out, { timeout: 15_000 }).toBe('none\n');
  expect(liqo.objects()).toEqual([]);
  expect((await rearguard('north', ['sums'])).out).toMatch(
    /free: +8 cpu, 16Gi, 100 pods\nheld: +0 cpu, 0, 0 pods \(0 holds\)\nsold: +0 cpu/,
  );
});

test('the seller withdraws a contract by the command line: the intent is told why', async () => {
  expect((await rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], document('stall', { patience: '3s' }))).exit).toBe(0);
  const { items } = (await (await fetch(`${api.north}/api/v1/contracts?living=true`)).json()) as { items: { terms: { id: string } }[] };
  const id = items[0]?.terms.id ?? '';
  const ended = await rearguard('north', ['contracts', 'end', id, '--reason', 'drained', '--detail', 'rack 7']);
  expect([ended.exit, ended.out]).toEqual([0, `contract ${id} is ending\n`]);
  await expect
    .poll(async () => (await rearguard('south', ['contracts'])).out, { timeout: 20_000 })
    .toMatch(new RegExp(`${id} +buyer +north\\.example +(ending|over) .* drained`));
  const over = await rearguard('south', ['intent', 'end', 'stall', '--watch']);
  expect([over.exit, over.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await expect.poll(async () => (await rearguard('north', ['processes'])).out, { timeout: 20_000 }).toBe('none\n');
  await expect.poll(() => liqo.objects(), { timeout: 20_000 }).toEqual([]);
});

test('what is wrong ends with its exit code, and words that say what to do', async () => {
  const bad = await rearguard('south', ['intent', 'run', '-f', 'x'], { ...(document('bad') as object), kind: 'Intend' });
  expect([bad.exit, bad.err]).toEqual([2, expect.stringMatching(/INTENT_INVALID[^]*kind: must be/)]);
  const none = await rearguard('south', ['intent', 'status', 'nobody']);
  expect([none.exit, none.err]).toEqual([4, expect.stringContaining('nobody')]);
  const usage = await rearguard('south', ['intent', 'run']);
  expect([usage.exit, usage.err]).toEqual([2, expect.stringContaining('--file')]);
  api = { ...api, north: 'http://127.0.0.1:1' };
  const away = await rearguard('north', ['intent', 'list']);
  expect([away.exit, away.err]).toEqual([3, expect.stringContaining('REARGUARD_API')]);
});
