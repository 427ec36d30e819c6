import { Fault } from '../../domain/faults.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { KindName } from '../../domain/unmakeable.ts';
import type { Api } from './api.ts';
import { faultOf, isRefused } from './faults.ts';
import { type Kind, kindOf } from './kinds.ts';

/** The kinds of a group and version, or of the core; none when the API server does not know it. */
export async function kindsIn(api: Api, apiVersion: string): Promise<readonly Kind[]> {
  const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources = [] } = await api
    .raw<{ resources?: readonly { name: string; kind: string; namespaced: boolean }[] }>('GET', path)
    .catch((error: unknown) => {
      if (isRefused(error, 404)) return { resources: [] };
      throw faultOf(error, `what ${apiVersion} has`);
    });
  return resources.flatMap(({ name, kind, namespaced }) => (name.includes('/') ? [] : [{ apiVersion, kind, plural: name, namespaced }]));
}

/** Why nothing of a kind is made here: nobody installed it, or it lies in no namespace. */
export const whyNotMade = ({ apiVersion, kind: name }: KindName, kind: Kind | undefined): string =>
  kind ? `${apiVersion} ${name} lies in no namespace: nobody would take it away` : `this cluster has no ${apiVersion} ${name}`;

/** The kind of whatever a manifest is; asked of the API server, once, where no table knows it. CLUSTER_REFUSED for one that lies in no namespace, or that nobody installed. */
export function openKinds(api: Api): (manifest: Manifest) => Promise<Kind> {
  const known = new Map<string, Kind>();
  return async (manifest) => {
    const { apiVersion, kind: name } = manifest;
    const key = `${apiVersion} ${name}`;
    const kind = kindOf(manifest) ?? known.get(key) ?? (await kindsIn(api, apiVersion)).find((each) => each.kind === name);
    if (!kind?.namespaced) throw new Fault('CLUSTER_REFUSED', whyNotMade(manifest, kind));
    known.set(key, kind);
    return kind;
  };
}
