import { type KubeConfig, KubernetesObjectApi, type KubernetesObject, Watch } from '@kubernetes/client-node';
import { ownKubeconfig } from '../../src/adapters/kubernetes/own-kubeconfig.ts';

/** As much of a pod, a slice or any other object as the demo looks at. */
export interface Seen extends KubernetesObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly volumes?: readonly { readonly secret?: { readonly secretName?: string } }[];
  };
  readonly status?: { readonly phase?: string };
  readonly data?: Readonly<Record<string, string>>;
}
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Seen;
}

/** One cluster as a bystander with its owner's kubeconfig sees it. */
export interface ClusterView {
  readonly config: KubeConfig;
  readonly objects: KubernetesObjectApi;
  /** The present objects first (as ADDED), then what happens to them, until `wanted` says so; throws at the deadline with what was last seen. */
  awaitEvent(what: string, path: string, seconds: number, wanted: (event: WatchEvent) => boolean): Promise<Seen>;
  /** Follows objects until it is stopped, over ends of the connection too. */
  follow(path: string, onEvent: (event: WatchEvent) => void): { readonly stop: () => void };
  version(): Promise<string>;
}

/** Between two tries to reach an API server that is away; doubles from the first to the longest. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [25, 500];

export const SLICES = '/apis/authentication.liqo.io/v1beta1/resourceslices';
export const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

/** What Liqo was installed as: its cluster id and its release. Undefined where it is not. */
export async function liqoOf({ objects }: ClusterView): Promise<{ readonly clusterId?: string; readonly version?: string } | undefined> {
  const label = 'app.kubernetes.io/name=clusterid-configmap';
  const { items } = await objects.list<Seen>('v1', 'ConfigMap', 'liqo', undefined, undefined, undefined, undefined, label);
  const [found] = items;
  if (!found) return undefined;
  const [clusterId, version] = [found.data?.['CLUSTER_ID'], found.metadata?.labels?.['app.kubernetes.io/version']];
  return { ...(clusterId !== undefined && { clusterId }), ...(version !== undefined && { version }) };
}

/** Where a user's clusters are named: one file, or several separated by `:`. */
export const usersKubeconfig = (): string => process.env['KUBECONFIG'] || `${process.env['HOME'] ?? ''}/.kube/config`;

export function clusterView(kubeconfig: string, context?: string): ClusterView {
  const config = ownKubeconfig({ kubeconfig, ...(context !== undefined && { context }) });
  const watch = new Watch(config);

  const follow: ClusterView['follow'] = (path, onEvent) => {
    let stopped = false;
    let current: AbortController | undefined;
    let pause = 0;
    // The server ends a watch now and then: it is begun anew at once. One that is away is tried ever more rarely, until it tells something again.
    const later = (): void => {
      setTimeout(again, pause);
      pause = Math.min(Math.max(pause * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
    };
    const again = (): void => {
      if (stopped) return;
      watch
        .watch(
          path,
          {},
          (type, object: Seen) => {
            pause = 0;
            if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') onEvent({ type, object });
          },
          later,
        )
        .then((controller) => {
          current = controller;
          if (stopped) controller.abort();
        })
        .catch(later);
    };
    again();
    return {
      stop() {
        stopped = true;
        current?.abort();
      },
    };
  };

  return {
    config,
    objects: KubernetesObjectApi.makeApiClient(config),
    follow,
    awaitEvent: (what, path, seconds, wanted) =>
      new Promise((resolve, reject) => {
        let last = 'nothing';
        const following = follow(path, (event) => {
          const { object } = event;
          last = `${event.type} ${object.metadata?.name ?? ''}${object.status?.phase ? ` ${object.status.phase}` : ''}`;
          if (!wanted(event)) return;
          clearTimeout(timer);
          following.stop();
          resolve(object);
        });
        const timer = setTimeout(() => {
          following.stop();
          reject(new Error(`${what}: not within ${seconds} s; last seen: ${last}`));
        }, seconds * 1000);
      }),
    async version() {
      const { VersionApi } = await import('@kubernetes/client-node');
      return (await config.makeApiClient(VersionApi).getCode()).gitVersion;
    },
  };
}
