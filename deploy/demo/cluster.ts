import { KubeConfig, KubernetesObjectApi, type KubernetesObject, Watch } from '@kubernetes/client-node';

/** As much of a pod, a slice or any other object as the demo looks at. */
export interface Seen extends KubernetesObject {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string };
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

export const SLICES = '/apis/authentication.liqo.io/v1beta1/resourceslices';
export const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

export function clusterView(kubeconfig: string, context?: string): ClusterView {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  const watch = new Watch(config);

  const follow: ClusterView['follow'] = (path, onEvent) => {
    let stopped = false;
    let current: AbortController | undefined;
    const again = (): void => {
      if (stopped) return;
      // The server ends a watch now and then; while it is away its socket says so at once, so a short breath keeps the processor free.
      const start = (): void => {
        watch
          .watch(
            path,
            {},
            (type, object: Seen) => {
              if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') onEvent({ type, object });
            },
            () => setTimeout(again, 100),
          )
          .then((controller) => {
            current = controller;
            if (stopped) controller.abort();
          })
          .catch(() => setTimeout(again, 100));
      };
      start();
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
