import type { ClusterKinds } from '../../ports/cluster-kinds.ts';
import type { Api } from './api.ts';
import type { Log } from './faults.ts';
import { type Found, lookAtKinds, lookIn, unmakeableOf } from './kind-look.ts';
import { kindOf } from './kinds.ts';
import { openSettling } from './settling.ts';

/** The port ClusterKinds. */
export function kubernetesClusterKinds({ api, log }: { readonly api: Api; readonly log: Log }): ClusterKinds {
  return {
    async unmakeable(kinds) {
      const found = new Map<string, Found>();
      for (const kind of kinds)
        if (!kindOf(kind) && !found.has(kind.apiVersion)) found.set(kind.apiVersion, await lookIn(api, kind.apiVersion));
      return unmakeableOf(kinds, (apiVersion) => found.get(apiVersion));
    },
    async watch(kinds, sink, signal) {
      const ending = new AbortController();
      const stop = (): void => ending.abort();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      const { look, looking } = lookAtKinds({ api, log, changed: () => telling.changed(), signal: ending.signal });
      const telling = openSettling(() => look.unmakeable(kinds), sink);
      telling.changed();
      try {
        await Promise.race([telling.failed, looking]);
      } finally {
        telling.stop();
        stop();
        signal.removeEventListener('abort', stop);
        await looking.catch(() => undefined);
      }
    },
  };
}
