import { OWNED_KINDS, type OwnedKind } from '../../src/domain/owned-objects.ts';
import { OWN_NAMESPACE } from '../../src/domain/ids.ts';
import type { ClusterView } from './cluster.ts';

type Kind = Pick<OwnedKind, 'apiVersion' | 'kind'>;
/** Every kind of the table once, over all namespaces: what we did not expect shows too. */
export const COMPARED_KINDS: readonly Kind[] = [
  ...new Map(OWNED_KINDS.map((kind: Kind) => [`${kind.apiVersion} ${kind.kind}`, kind])).values(),
];

/** Our own namespace stands as long as the node does. */
const STANDING = new Set([`Namespace ${OWN_NAMESPACE}`, `ServiceAccount ${OWN_NAMESPACE}/default`]);

/** Every object of the compared kinds, as `Kind namespace/name`. */
export async function objectsOf({ objects }: ClusterView): Promise<readonly string[]> {
  const lists = await Promise.all(
    COMPARED_KINDS.map(async ({ apiVersion, kind }) => {
      const { items } = await objects.list(apiVersion, kind);
      return items.map(({ metadata }) => `${kind} ${metadata?.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata?.name}`);
    }),
  );
  return lists.flat().filter((name) => !STANDING.has(name));
}
