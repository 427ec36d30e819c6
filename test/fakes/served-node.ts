/** The HTTP side of a node in a test's own process, on ports that are free, without Temporal, on a cluster in memory or on one that is away. */
import { Fault } from '../../src/domain/faults.ts';
import type { ClusterId } from '../../src/domain/ids.ts';
import type { ClusterParts } from '../../src/runtime/cluster-parts.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { runNode } from '../../src/runtime/run.ts';
import { fakeCluster } from './cluster.ts';
import { fakeFabric } from './fabric.ts';
import { memoryHosting } from './hosting.ts';
import { memoryKeyStore } from './keys.ts';
import { shownKinds } from './kinds.ts';
import { type LiqoWorld, liqoWorld } from './liqo-world.ts';

const away = new Proxy({}, { get: () => () => Promise.reject(new Fault('CLUSTER_UNREACHABLE', 'no route to the API server')) }) as never;
/** A cluster whose API server does not answer. */
export const clusterAway: ClusterParts = {
  fabric: away,
  cluster: away,
  hosting: away,
  world: away,
  keys: away,
  heads: away,
  localResources: away,
  flavorResources: away,
  serviceBlueprints: away,
  kinds: away,
  ready: () => Promise.reject(new Error('away')),
  close: () => undefined,
};

/** A cluster of a world in memory, in which nothing is written and which lacks what a test says. */
export function clusterOf(
  id: ClusterId,
  { world = liqoWorld(), lacking = [] }: { world?: LiqoWorld; lacking?: readonly string[] } = {},
): ClusterParts {
  const watch = async (): Promise<void> => undefined;
  return {
    fabric: fakeFabric(world, id),
    cluster: fakeCluster(world, id),
    hosting: memoryHosting().hosting,
    world: { watch },
    keys: memoryKeyStore(),
    heads: memoryKeyStore(),
    localResources: { watch },
    flavorResources: { watch },
    serviceBlueprints: { watch },
    kinds: shownKinds(...lacking).kinds,
    ready: async () => undefined,
    close: () => undefined,
  };
}

interface Served {
  readonly ports: { readonly rear: number; readonly api: number };
  /** Over when the node is: by itself when it finds that it must not serve. */
  readonly ended: Promise<void>;
  /** Tells it to stop, and waits until it has. */
  stop(): Promise<void>;
}

/** Starts `rearguard serve` as `configuration` has it, and answers once it listens; what keeps it from that fails here. */
export async function servedNode(
  id: string,
  parts: ClusterParts,
  configuration: { readonly rear?: object; readonly api?: object; readonly [section: string]: unknown },
): Promise<Served> {
  const stopping = new AbortController();
  const told = completed(
    ConfigurationSchema.parse({
      node: { id, domain: `${id}.example`, address: `${id}.example:3004` },
      temporal: { address: '127.0.0.1:1' },
      shutdownSeconds: 1,
      log: { level: 'silent' },
      ...configuration,
      rear: { listen: '127.0.0.1:0', ...configuration.rear },
      api: { listen: '127.0.0.1:0', ...configuration.api },
    }),
  );
  return await new Promise((resolve, reject) => {
    const ended = runNode({
      configuration: told,
      roles: ['serve'],
      version: '0',
      bundle: 'none',
      signal: stopping.signal,
      openCluster: () => parts,
      onListening: (ports) =>
        resolve({
          ports,
          ended,
          async stop() {
            stopping.abort();
            await ended;
          },
        }),
    });
    ended.catch(reject);
  });
}
