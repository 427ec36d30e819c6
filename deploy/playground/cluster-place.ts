import path from 'node:path';
import { minimalEnv } from './guardian-client.ts';
import type { ProcessSpec } from './guardian-messages.ts';

/** Where one cluster lives: its folder, its ports and the addresses of its pods. */
export interface ClusterPlace {
  readonly name: string;
  readonly dir: string;
  readonly podCidr: string;
  readonly ports: {
    readonly api: number;
    readonly etcd: number;
    readonly etcdPeer: number;
    readonly webhook: number;
    readonly webhookHealth: number;
    readonly controllerHealth: number;
    readonly kwok: number;
    readonly virtualKubelets: number;
  };
}

/** Lays out one cluster; `base` is the first port of its block (held by the guardian), `index` keeps pod addresses of clusters apart. */
export function placeCluster(name: string, stateDir: string, base: number, index: number): ClusterPlace {
  return {
    name,
    dir: path.join(stateDir, 'clusters', name),
    podCidr: `10.${200 + index}.0.0/16`,
    ports: {
      api: base + 1,
      etcd: base + 2,
      etcdPeer: base + 3,
      webhook: base + 4,
      webhookHealth: base + 5,
      controllerHealth: base + 6,
      kwok: base + 7,
      virtualKubelets: base + 10,
    },
  };
}

/** A process of a cluster: key, log and environment follow from its name. */
export const clusterProcess = (
  { name, dir }: ClusterPlace,
  process: string,
  command: string,
  args: readonly string[],
  more: { readonly stop?: NodeJS.Signals; readonly restart?: boolean; readonly env?: Readonly<Record<string, string>> } = {},
): ProcessSpec => ({
  key: `${name}/${process}`,
  command,
  args,
  env: minimalEnv(dir, more.env),
  log: path.join(dir, 'logs', `${process}.log`),
  stop: more.stop ?? 'SIGKILL',
  restart: more.restart ?? true,
});
