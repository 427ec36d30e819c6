import fs from 'node:fs';
import path from 'node:path';
import { assets } from '../playground/project.ts';
import { type OpenStack, openStack } from '../playground/stack.ts';
import { openKubernetes } from '../../src/adapters/kubernetes/open.ts';
import { completed, ConfigurationSchema } from '../../src/runtime/configuration.ts';
import { resolveName } from '../../src/runtime/resolve-name.ts';
import { type Api, openApi } from './api.ts';
import { type ClusterView, clusterView, liqoOf, usersKubeconfig } from './cluster.ts';
import { NODE_NAMES, type NodeName, type NodePlace, nodeConfiguration } from './configuration.ts';
import { type Followed, type Following, openFollowing } from './following.ts';
import { type Traced, inspect } from './leak-report.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { type NodeProcesses, nodeProcesses } from './nodes.ts';
import type { Telling } from './telling.ts';

/** One node of the demo with everything that a bystander can see and do. */
export interface DemoNode extends Traced {
  readonly name: NodeName;
  readonly place: NodePlace;
  readonly api: Api;
  readonly processes: NodeProcesses;
  readonly cluster: ClusterView;
  readonly ledger: Ledger;
  /** Its schema in Postgres. */
  readonly schema: string;
  /** SIGKILL for the whole node: its two processes and its Kubernetes. Only on embedded clusters. */
  killWhole(): Promise<void>;
  startWhole(): Promise<void>;
}

/** The stack with its nodes running. */
export interface World {
  readonly nodes: readonly DemoNode[];
  readonly node: (name: NodeName) => DemoNode;
  readonly buyer: DemoNode;
  /** The cheaper one first. */
  readonly sellers: readonly DemoNode[];
  readonly following: Following;
  readonly telling: Telling;
  readonly stack: OpenStack;
  /** Whether the clusters are ours to kill. */
  readonly embedded: boolean;
  readonly temporalAddress: string;
  versions(): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
  /** Lets go of everything without ending it: the guardian lives on until it is told to end. */
  leave(): Promise<void>;
}

export interface WorldOptions {
  readonly telling: Telling;
  readonly contexts?: { readonly consumer: string; readonly providers: readonly string[] } | undefined;
  readonly stateDir?: string;
  /** How many of the two embedded sellers there are, and what they sell instead of their offers in the demo. */
  readonly sellers?: number;
  readonly flavors?: NonNullable<NodePlace['flavors']>;
  /** How they sell their clusters too. */
  readonly sell?: NonNullable<NodePlace['sell']>;
  /** Which buyers need not sign at them. */
  readonly peers?: NonNullable<NodePlace['peers']>;
  /** Puts somebody between a seller and its buyers: answers the address that the seller then announces. */
  readonly between?: (name: NodeName, rear: string) => Promise<string | undefined>;
  /** Postgres waits for the disk at each commit, as in production. */
  readonly durable?: boolean;
}

/** A small home cluster, and two sellers of the same size. */
const CLUSTERS = [
  { name: 'south', nodes: [{ name: 'south-worker-1', cpu: '2', memory: '4Gi' }] },
  { name: 'north', nodes: [{ name: 'north-worker-1', cpu: '16', memory: '32Gi' }] },
  { name: 'west', nodes: [{ name: 'west-worker-1', cpu: '16', memory: '32Gi' }] },
];

export async function startWorld({
  telling,
  contexts,
  stateDir,
  sellers: count = 2,
  flavors,
  sell,
  peers,
  between,
  durable = false,
}: WorldOptions): Promise<World> {
  const own = { temporal: process.env['TEMPORAL_ADDRESS'] || undefined, database: process.env['DATABASE_URL'] || undefined };
  const stack = await openStack({
    ...(stateDir !== undefined && { stateDir }),
    clusters: contexts ? [] : CLUSTERS.slice(0, 1 + count),
    temporal: own.temporal === undefined,
    postgres: own.database === undefined,
    durable,
    progress: telling.say,
  });
  try {
    const temporalAddress = own.temporal ?? stack.temporal.address;
    const names = NODE_NAMES.slice(0, 1 + (contexts?.providers.length ?? count));
    const base = await stack.guardian.claim('rearguard');
    const rear = (name: NodeName): string => `127.0.0.1:${base + 1 + NODE_NAMES.indexOf(name)}`;
    const announced = new Map<NodeName, string>();
    for (const name of names) {
      const other = await between?.(name, rear(name));
      if (other !== undefined) announced.set(name, other);
    }
    const sellers = names.slice(1);
    const placeOf = (name: NodeName): NodePlace => {
      const context = contexts && [contexts.consumer, ...contexts.providers][NODE_NAMES.indexOf(name)];
      const other = announced.get(name);
      const nodeKubeconfig = stack.clusters[name]?.nodeKubeconfigPath;
      return {
        name,
        rear: rear(name),
        ...(other !== undefined && { announced: other }),
        api: `127.0.0.1:${base + 11 + NODE_NAMES.indexOf(name)}`,
        health: `127.0.0.1:${base + 21 + NODE_NAMES.indexOf(name)}`,
        kubeconfig: stack.clusters[name]?.kubeconfigPath ?? usersKubeconfig(),
        ...(nodeKubeconfig !== undefined && { nodeKubeconfig }),
        ...(context !== undefined && { context }),
        knownNodes: name === 'south' ? sellers.map((seller) => announced.get(seller) ?? rear(seller)) : [],
        temporalAddress,
        databaseUrl: own.database ?? stack.postgres.url,
        ...(flavors && name !== 'south' && { flavors }),
        ...(sell && name !== 'south' && { sell }),
        ...(peers && name !== 'south' && { peers }),
      };
    };
    const places = names.map(placeOf);
    const configurations = new Map(places.map((place) => [place.name, completed(ConfigurationSchema.parse(nodeConfiguration(place)))]));
    const processes = new Map(places.map((place) => [place.name, nodeProcesses(stack.guardian, place)]));
    await Promise.all([...processes.values()].map((each) => each.start()));
    telling.say(`nodes: ${names.join(', ')} serve and work`);
    telling.say(
      'below, in each row: when it ended; the node; the intent, and behind ← the seller it buys from; the workflow at that node; the phase; the step: ✓ done, ✗ failed, – told to stop, ↩ undone, (here) by its own side alone or (there) with what needs the peer. Rows come as they are heard of: by its own time one may belong further up. What was begun is undone whether or not it came to anything, so there may have been nothing to undo',
    );

    const following = await openFollowing({
      address: temporalAddress,
      namespaces: Object.fromEntries([...configurations].map(([name, { temporal }]) => [name, temporal.namespace])),
      onChange: (before: Followed | undefined, now: Followed) => telling.steps(before, now),
      onTrouble: telling.say,
    });
    const nodes = await Promise.all(
      places.map(async (place): Promise<DemoNode> => {
        const { name } = place;
        const processesOf = processes.get(name) ?? nodeProcesses(stack.guardian, place);
        const schema = configurations.get(name)?.database.schema ?? '';
        const embedded = stack.clusters[name];
        const kubernetes = openKubernetes({
          kubeconfig: place.kubeconfig,
          ...(place.context !== undefined && { context: place.context }),
          loopbackSellers: true,
          resolve: resolveName,
          log: SILENT,
        });
        return {
          name,
          place,
          api: openApi(`http://${place.api}`),
          processes: processesOf,
          cluster: clusterView(place.kubeconfig, place.context),
          snapshot: kubernetes.snapshot,
          ledger: await openLedger(place.databaseUrl, schema),
          schema,
          temporal: following.client(name),
          async killWhole() {
            if (!embedded) throw new Error(`${name} is not ours to kill`);
            // Its API server first and all at once: a node does not die in good order.
            await Promise.all([embedded.kill('kubernetes'), embedded.killAll(), processesOf.kill()]);
          },
          async startWhole() {
            if (!embedded) throw new Error(`${name} is not ours to start`);
            await embedded.startAll();
            await processesOf.start();
          },
        };
      }),
    );
    const node = (name: NodeName): DemoNode => {
      const found = nodes.find((one) => one.name === name);
      if (!found) throw new Error(`no node ${name}`);
      return found;
    };
    const close = async (): Promise<void> => {
      await following.stop();
      await Promise.all(nodes.map(({ ledger }) => ledger.close()));
    };
    // What does not answer now would only puzzle later.
    await inspect(nodes);
    return {
      nodes,
      node,
      buyer: node('south'),
      sellers: sellers.map(node),
      following,
      telling,
      stack,
      embedded: contexts === undefined,
      temporalAddress,
      versions: () => versionsOf(nodes, following, contexts === undefined),
      async stop() {
        await close();
        await stack.stop();
      },
      async leave() {
        await close();
        await stack.guardian.release();
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

const SILENT = { debug() {}, info() {}, warn() {} };

/** Which release of something a Go module of the playground builds: a control plane that was built from modules does not know its own. */
const pinned = (module: string, dependency: string): string | undefined =>
  new RegExp(`\\b${dependency} (v\\S+)`).exec(fs.readFileSync(path.join(assets(module), 'go.mod'), 'utf8'))?.[1];

async function versionsOf(nodes: readonly DemoNode[], following: Following, embedded: boolean): Promise<Readonly<Record<string, string>>> {
  const [first] = nodes;
  if (!first) return {};
  const [kubernetes, postgres, system, liqo] = await Promise.all([
    first.cluster.version(),
    first.ledger.version(),
    following.client(first.name).connection.workflowService.getSystemInfo({}),
    liqoOf(first.cluster).catch(() => undefined),
  ]);
  return {
    node: process.version,
    kubernetes: (embedded ? pinned('kubernetes', 'k8s.io/kubernetes') : undefined) ?? kubernetes,
    liqo: (embedded ? pinned('liqo', 'github.com/liqotech/liqo') : undefined) ?? liqo?.version ?? 'unknown',
    temporal: system.serverVersion ?? 'unknown',
    postgres,
  };
}
