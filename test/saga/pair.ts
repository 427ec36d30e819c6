import type { Server } from 'node:net';
import { expect, inject } from 'vitest';
import type { z } from 'zod';
import { claimBlock } from '../../deploy/playground/ports.ts';
import { waitFor } from '../../deploy/playground/wait.ts';
import { type TemporalClient, temporalClient } from '../../src/adapters/temporal/connection.ts';
import { bundleFor, dataConverter } from '../../src/adapters/temporal/codec.ts';
import { runProgram } from '../../src/cli/program.ts';
import { clusterId } from '../../src/domain/ids.ts';
import type { Timing } from '../../src/domain/timing.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { OpenProcess } from '../../src/ports/processes.ts';
import type { World } from '../../src/ports/world.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { runNode } from '../../src/runtime/run.ts';
import { shownNodes } from '../fakes/cluster-nodes.ts';
import { fakeCluster } from '../fakes/cluster.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { type MemoryHosting, memoryHosting } from '../fakes/hosting.ts';
import { shownKinds } from '../fakes/kinds.ts';
import { type Faulty, faulty } from '../fakes/faulty.ts';
import { shownBlueprints } from '../fakes/fluidos-blueprints.ts';
import { memoryKeyStore } from '../fakes/keys.ts';
import { shownFlavors } from '../fakes/written-flavors.ts';
import { type LiqoWorld, liqoWorld } from '../fakes/liqo-world.ts';
import { cloneDatabase } from '../store/database.ts';
import { openReplay } from './replaying.ts';
import { QUICK } from './trade.ts';

export const NODES = ['south', 'north'] as const;
export type NodeName = (typeof NODES)[number];

/** What a command of the CLI said. */
export interface Said {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Whole nodes: configuration, both listeners, three workers, real Postgres and Temporal, REAR over HTTP. Only the clusters are stood in for, and can be made to fail. */
export interface Nodes<N extends string> {
  readonly liqo: LiqoWorld;
  /** Base URL of each node's API. */
  readonly api: Readonly<Record<N, string>>;
  /** And of what other nodes ask it. */
  readonly rear: Readonly<Record<N, string>>;
  readonly fabric: Readonly<Record<N, Faulty<Fabric>>>;
  readonly cluster: Readonly<Record<N, Faulty<Cluster>>>;
  /** What each made of its blueprints. */
  readonly hosting: Readonly<Record<N, MemoryHosting>>;
  readonly temporal: Readonly<Record<N, TemporalClient>>;
  /** The nodes of each cluster as its owner sees them. */
  readonly nodes: Readonly<Record<N, ReturnType<typeof shownNodes>>>;
  /** What is written into each cluster. */
  readonly written: Readonly<Record<N, ReturnType<typeof shownBlueprints>>>;
  readonly flavors: Readonly<Record<N, ReturnType<typeof shownFlavors>>>;
  untilReady(): Promise<void>;
  /** Runs a command as a person would, at one node. */
  rearguard(node: N, argv: readonly string[], file?: unknown): Promise<Said>;
  open(node: N): Promise<readonly OpenProcess[]>;
  /** Nothing of any node is open, sold, held, taken up or left in its cluster; and every history replays. */
  allOverAndReplayed(): Promise<void>;
  stop(): Promise<void>;
}

const WITHIN = { timeout: 40_000, interval: 100 } as const;

interface Options<N extends string> {
  readonly names: readonly N[];
  /** Who sells; everybody else knows them. */
  readonly sellers: readonly N[];
  /** What is otherwise about the flavor of one of them. */
  readonly offers?: Partial<Record<N, object>>;
  /** What they make besides for whoever buys it. */
  readonly blueprints?: NonNullable<z.input<typeof ConfigurationSchema>['blueprints']>;
  /** What they read of their clusters' FLUIDOS resources. */
  readonly fluidos?: NonNullable<z.input<typeof ConfigurationSchema>['fluidos']>;
  /** How they sell their clusters, instead of a flavor that is written by hand. */
  readonly sell?: NonNullable<z.input<typeof ConfigurationSchema>['sell']>;
  readonly temporalAddress?: string;
  readonly timing?: Partial<Timing>;
  /** How long their contracts last, and what they promise. */
  readonly contracts?: Pick<NonNullable<z.input<typeof ConfigurationSchema>['rear']>, 'contractDays' | 'terms'>;
  /** Encrypt the histories of both. */
  readonly payloadKeys?: readonly string[];
}
export type Pair = Nodes<NodeName>;
export const openPair = async (options: Omit<Options<NodeName>, 'names'>): Promise<Pair> => await openNodes({ ...options, names: NODES });

export async function openNodes<N extends string>(options: Options<N>): Promise<Nodes<N>> {
  const { names, sellers, temporalAddress = inject('temporalAddress'), payloadKeys = [] } = options;
  const database = await cloneDatabase(inject('databases'));
  const liqo = liqoWorld();
  const ports = await claimBlock();
  const replay = openReplay(bundleFor(inject('workflowBundle'), payloadKeys), () => [], dataConverter(payloadKeys));
  const stop = new AbortController();
  const unique = Date.now().toString(36);
  const listensAt = (name: N, port: number): string => `127.0.0.1:${ports.base + 1 + 2 * names.indexOf(name) + port}`;
  const each = <T>(make: (name: N) => T): Record<N, T> => Object.fromEntries(names.map((name) => [name, make(name)])) as Record<N, T>;
  const api = each((name) => `http://${listensAt(name, 1)}`);
  const rear = each((name) => `http://${listensAt(name, 0)}`);
  const fabric = each((name) => faulty(fakeFabric(liqo, clusterId(name))));
  const cluster = each((name) => faulty(fakeCluster(liqo, clusterId(name))));
  const nodes = each(() => shownNodes());
  const written = each(() => shownBlueprints());
  const flavors = each(() => shownFlavors());
  const hosting = each(() => memoryHosting());
  const keys = each(() => memoryKeyStore());
  const heads = each(() => memoryKeyStore());
  const namespace = each((name) => `pair-${name}-${unique}`);
  const temporal = each((name) => temporalClient({ address: temporalAddress, namespace: namespace[name], payloadKeys }));
  const running = names.map((name) => {
    const sells = sellers.includes(name);
    const offer = {
      name: 'big',
      cpu: '8',
      memory: '16Gi',
      pods: '100',
      price: { amount: '0.10', currency: 'EUR' },
      latencyMs: 5,
      ...options.offers?.[name],
    };
    const configuration = completed(
      ConfigurationSchema.parse({
        node: { id: name, domain: `${name}.example`, address: listensAt(name, 0) },
        rear: { listen: listensAt(name, 0), ...options.contracts },
        api: { listen: listensAt(name, 1) },
        temporal: { address: temporalAddress, namespace: namespace[name], payloadKeys: [...payloadKeys] },
        database: { url: database.url, schema: `${name}_${unique}` },
        knownNodes: sellers.filter((seller) => seller !== name).map((seller) => listensAt(seller, 0)),
        flavors: sells && !options.sell ? [offer] : [],
        ...(sells && options.sell && { sell: options.sell }),
        ...(sells && options.fluidos && { fluidos: options.fluidos }),
        blueprints: sells ? (options.blueprints ?? []) : [],
        timing: { ...QUICK, ...options.timing },
        audit: { sealSeconds: 0.2 },
        shutdownSeconds: 3,
        log: { level: process.env['REARGUARD_TEST_LOG'] ?? 'silent' },
      }),
    );
    const openCluster = () => ({
      fabric: fabric[name].port,
      cluster: cluster[name].port,
      hosting: hosting[name].hosting,
      world: worldOf(liqo, name),
      keys: keys[name],
      heads: heads[name],
      localResources: nodes[name].localResources,
      flavorResources: flavors[name].flavorResources,
      serviceBlueprints: written[name].serviceBlueprints,
      kinds: shownKinds().kinds,
      ready: async () => {},
      close: () => {},
    });
    const bundle = inject('workflowBundle');
    return runNode({ configuration, roles: ['serve', 'work'], version: '0', bundle, signal: stop.signal, openCluster });
  });
  const items = async <T>(node: N, path: string): Promise<readonly T[]> => {
    const answer = await fetch(`${api[node]}/api/v1/${path}`);
    return ((await answer.json()) as { readonly items: readonly T[] }).items;
  };
  const left = async (node: N): Promise<readonly string[]> => {
    const [open, living, allocations, sums] = await Promise.all([
      items<OpenProcess>(node, 'processes'),
      items<{ readonly terms: { readonly id: string } }>(node, 'contracts?living=true'),
      items<{ readonly contract: string; readonly state: string }>(node, 'allocations'),
      fetch(`${api[node]}/api/v1/sums`).then((answer) => answer.json() as Promise<{ held: object; sold: object }>),
    ]);
    return [
      ...open.map(({ workflowId }) => `workflow ${workflowId}`),
      ...living.map(({ terms }) => `contract ${terms.id}`),
      ...allocations.filter(({ state }) => state !== 'released').map(({ contract }) => `allocation of ${contract}`),
      ...(['held', 'sold'] as const).flatMap((state) =>
        Object.entries(sums[state]).flatMap(([what, amount]) => (/^0\D*$/.test(String(amount)) ? [] : [`${state}: ${amount} ${what}`])),
      ),
      ...hosting[node].objects(),
    ].map((line) => `${node}: ${line}`);
  };
  return {
    liqo,
    api,
    rear,
    fabric,
    cluster,
    hosting,
    temporal,
    nodes,
    written,
    flavors,
    async untilReady() {
      for (const node of names) await waitFor(`${node} to be ready`, 60, async () => (await fetch(`${api[node]}/readyz`)).ok);
    },
    async rearguard(node, argv, file) {
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
    },
    open: (node) => items(node, 'processes'),
    async allOverAndReplayed() {
      const all = async (): Promise<readonly string[]> => [...(await Promise.all(names.map(left))).flat(), ...liqo.objects()];
      await expect.poll(all, WITHIN).toEqual([]);
      for (const node of names) expect((await replay(temporal[node].client)).failed).toEqual([]);
    },
    async stop() {
      stop.abort();
      await Promise.all(running);
      await Promise.all(names.map((node) => temporal[node].close()));
      await closed(ports.held);
      await database.drop();
    },
  };
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));

/** The present state first, then what happens, as a real watch tells it. */
const worldOf = (liqo: LiqoWorld, id: string): World => ({
  async watch(sink, signal) {
    const { sinks } = liqo.cluster(clusterId(id));
    const hear = (event: Parameters<typeof sink>[0]): void => void sink(event).catch(() => {});
    sinks.add(hear);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    sinks.delete(hear);
  },
});
