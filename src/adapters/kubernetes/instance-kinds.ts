import { Fault } from '../../domain/faults.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Api } from './api.ts';
import { faultOf, isRefused } from './faults.ts';
import { type Kind, kindOf } from './kinds.ts';

/** The kind of whatever a manifest is; asked of the API server, once, where no table knows it. CLUSTER_REFUSED for one that lies in no namespace, or that nobody installed. */
export function openKinds(api: Api): (manifest: Manifest) => Promise<Kind> {
  const known = new Map<string, Kind>();
  return async ({ apiVersion, kind: name }) => {
    const key = `${apiVersion} ${name}`;
    let kind = kindOf({ apiVersion, kind: name }) ?? known.get(key);
    if (!kind) {
      const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      const listed = await api
        .raw<{ resources?: readonly { name: string; kind: string; namespaced: boolean }[] }>('GET', path)
        .catch((error: unknown) => {
          if (isRefused(error, 404)) return { resources: [] };
          throw faultOf(error, `what ${apiVersion} has`);
        });
      const found = listed.resources?.find((each) => each.kind === name && !each.name.includes('/'));
      if (!found) throw new Fault('CLUSTER_REFUSED', `this cluster has no ${key}`);
      kind = { apiVersion, kind: name, plural: found.name, namespaced: found.namespaced };
      known.set(key, kind);
    }
    if (!kind.namespaced) throw new Fault('CLUSTER_REFUSED', `${key} lies in no namespace: nobody would take it away`);
    return kind;
  };
}
