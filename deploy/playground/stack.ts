import fs from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { built } from './build.ts';
import { type Binaries, type ClusterSpec, type RunningCluster, startCluster } from './cluster.ts';
import type { Guardian } from './guardian-client.ts';
import { runPostgres } from './postgres.ts';
import { openState } from './state.ts';
import { runTemporal } from './temporal.ts';

export type { ClusterSpec, RunningCluster } from './cluster.ts';

/** Everything that a node of Rearguard needs around it, running. Each node has its own Temporal namespace, which its owner creates. */
export interface RunningStack {
  readonly stateDir: string;
  /** Empty when it was not asked for. */
  readonly temporal: { readonly address: string; readonly uiUrl: string; readonly pid: number };
  /** Empty when it was not asked for. */
  readonly postgres: { readonly url: string };
  readonly clusters: Readonly<Record<string, RunningCluster>>;
  stop(): Promise<void>;
}

export interface StackOptions {
  /** Kept between starts; a temporary folder, removed at the end, when not given. */
  readonly stateDir?: string;
  readonly clusters: readonly ClusterSpec[];
  readonly temporal?: boolean;
  readonly postgres?: boolean;
  /** Postgres waits for the disk at each commit, as in production. */
  readonly durable?: boolean;
  readonly progress?: (line: string) => void;
}

/** The parts of a stack whose guardian goes on: `up` lets it live when it ends. */
export interface OpenStack extends RunningStack {
  readonly guardian: Guardian;
}

async function buildAll(
  guardian: Guardian,
  clusters: readonly ClusterSpec[],
  progress: (line: string) => void,
): Promise<Binaries | undefined> {
  if (clusters.length === 0) return undefined;
  // one after the other: each build uses all cores, and the largest link needs 2 GB
  const kubernetes = await built('kubernetes', { guardian, progress });
  const kwok = await built('kwok', { guardian, progress });
  const liqo = clusters.some(({ liqo }) => liqo !== false) ? await built('liqo', { guardian, progress }) : undefined;
  return { kubernetes, kwok, liqo };
}

/** Works on all items, at most `width` at a time: more control planes that start at once than cores only make each other's requests time out. */
async function inTurn<T, R>(items: readonly T[], width: number, work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const one = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: width }, one));
  return results;
}

/** Who may reach it: these two of Liqo take no address to listen on. */
export const LISTENING = "Liqo's webhooks and virtual kubelets listen on all addresses of this machine, everything else on 127.0.0.1";

/** Starts Temporal, Postgres and the clusters; all of it ends when this process does, however that happens, unless its guardian is released. */
export async function openStack({
  stateDir,
  clusters,
  temporal = true,
  postgres = true,
  durable = false,
  progress = () => undefined,
}: StackOptions): Promise<OpenStack> {
  const guardian = await openState(stateDir);
  try {
    const binaries = await buildAll(guardian, clusters, progress);
    const startTemporal = async (): Promise<RunningStack['temporal']> => {
      if (!temporal) return { address: '', uiUrl: '', pid: 0 };
      const running = await runTemporal(guardian, path.join(guardian.stateDir, 'temporal/temporal.db'), { progress });
      progress(`Temporal: ${running.address}, its web UI ${running.uiUrl}`);
      return running;
    };
    const startPostgres = async (): Promise<RunningStack['postgres']> => {
      if (!postgres) return { url: '' };
      const running = await runPostgres(guardian, { progress, durable });
      progress('Postgres: ready');
      return running;
    };
    const startClusters = async (): Promise<RunningStack['clusters']> => {
      if (!binaries) return {};
      const running = await inTurn(clusters, availableParallelism(), (spec, index) =>
        startCluster({ guardian, spec, index, binaries, progress }),
      );
      return Object.fromEntries(running.map((cluster) => [cluster.name, cluster]));
    };
    const parts = await Promise.all([startTemporal(), startPostgres(), startClusters()]);
    const stack = {
      stateDir: guardian.stateDir,
      temporal: parts[0],
      postgres: parts[1],
      clusters: parts[2],
      guardian,
      stop: () => guardian.stop(),
    };
    fs.writeFileSync(path.join(guardian.stateDir, 'stack.json'), JSON.stringify(describe(stack), undefined, 2), { mode: 0o600 });
    return stack;
  } catch (fault) {
    await guardian.stop();
    throw fault;
  }
}

/** `stack.json` in the state folder: how to reach the parts. */
export interface StackDescription {
  readonly temporal: { readonly address: string; readonly uiUrl: string };
  readonly postgres: { readonly url: string };
  readonly clusters: readonly {
    readonly name: string;
    readonly apiUrl: string;
    readonly kubeconfig: string;
    /** For a node's `cluster.kubeconfig`. */
    readonly nodeKubeconfig: string;
    readonly dir: string;
  }[];
}

function describe({ temporal, postgres, clusters }: RunningStack): StackDescription {
  return {
    temporal: { address: temporal.address, uiUrl: temporal.uiUrl },
    postgres,
    clusters: Object.values(clusters).map(({ name, apiUrl, kubeconfigPath, nodeKubeconfigPath, dir }) => ({
      name,
      apiUrl,
      kubeconfig: kubeconfigPath,
      nodeKubeconfig: nodeKubeconfigPath,
      dir,
    })),
  };
}
