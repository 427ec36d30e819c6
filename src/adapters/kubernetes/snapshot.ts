import { OWN_NAMESPACE } from '../../domain/ids.ts';
import { OWNED_KINDS } from '../../domain/owned-objects.ts';
import type { Api } from './api.ts';
import { isOwnSecret } from './key-store.ts';
import { KINDS, kindOf } from './kinds.ts';

/** One object of a cluster, as a leak report names it. */
export interface SnapshotEntry {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** Kinds of the workload, which are ours as long as an intent runs. */
const OF_WORKLOADS = [KINDS.job, KINDS.service, KINDS.configMap];
const KINDS_COMPARED = [
  ...new Map([...OWNED_KINDS, ...OF_WORKLOADS].map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }])).values(),
];

/** What lives and dies with the cluster itself, and not with anything that we do. */
const SYSTEM = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'liqo']);

/** Whether an object says anything about a leak: Kubernetes and Liqo keep some of their own, in every namespace and in theirs. */
function counts({ kind, namespace, name }: SnapshotEntry): boolean {
  if (kind === 'Namespace' && name === OWN_NAMESPACE) return false;
  if (kind === 'ConfigMap' && name === 'kube-root-ca.crt') return false;
  if (kind === 'ServiceAccount' && name === 'default' && namespace === OWN_NAMESPACE) return false;
  // Made at the node's first start, and kept for as long as there is a node.
  if (kind === 'Secret' && namespace === OWN_NAMESPACE && isOwnSecret(name)) return false;
  return namespace === undefined || !SYSTEM.has(namespace);
}

/** Every object, in every namespace, of the kinds that we or Liqo make: what a leak report compares. */
export async function snapshotOf(api: Api): Promise<readonly SnapshotEntry[]> {
  const lists = await Promise.all(
    KINDS_COMPARED.map(async ({ apiVersion, kind: name }) => {
      const kind = kindOf({ apiVersion, kind: name });
      if (!kind) throw new Error(`owned-objects names a kind that no table knows: ${apiVersion} ${name}`);
      const { items } = await api.list(kind);
      return items.map(({ metadata }) => ({
        apiVersion,
        kind: name,
        name: metadata.name,
        ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      }));
    }),
  );
  return lists.flat().filter(counts);
}
