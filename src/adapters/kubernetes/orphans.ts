import { type ClusterId, tenantNamespace } from '../../domain/ids.ts';
import type { Wait } from '../../ports/fabric.ts';
import type { Api } from './api.ts';
import { KINDS } from './kinds.ts';
import { LIQO_KEYS } from './labels.ts';
import { stillThere } from './meeting.ts';
import { type KubeObject, type NamespaceMapObject, annotation, isGoing } from './objects.ts';
import { waitUntil } from './watching.ts';

/**
 * Takes away the namespaces that Liqo made here for a buyer and forgot. Liqo v1.2.0 makes a namespace before it writes that down in the NamespaceMap's status; when the buyer takes the
 * mapping back in that moment, the note is lost, and nobody ever deletes the namespace (`namespacemap-controller/enforcement.go`; seen when an intent was cancelled 0.2 s after its
 * offloading). One that a map still wants, or still has in its status, is Liqo's.
 */
export async function removeOrphans(api: Api, buyer: ClusterId, wait: Wait): Promise<void> {
  const namespace = tenantNamespace(buyer);
  await waitUntil({
    api,
    looks: [
      { kind: KINDS.namespace, labels: `${LIQO_KEYS.remoteCluster}=${buyer}` },
      { kind: KINDS.namespaceMap, namespace },
    ],
    async read([spaces = [], maps = []], say) {
      const among = (candidates: readonly KubeObject[], known: readonly KubeObject[]): readonly KubeObject[] => {
        const names = new Set((known as readonly NamespaceMapObject[]).flatMap(namesIn));
        return candidates.filter(
          (space) =>
            annotation(space, LIQO_KEYS.managedByMap)?.startsWith(`${namespace}/`) &&
            !names.has(annotation(space, LIQO_KEYS.originalName) ?? ''),
        );
      };
      const suspects = among(spaces, maps);
      if (suspects.length === 0) return true;
      // The two watches are in no order. A mapping is written before its namespace is made, so what is read after the namespace was seen decides.
      const orphans = among(suspects, (await api.list(KINDS.namespaceMap, { namespace })).items);
      if (orphans.length === 0) return true;
      say(`namespaces of ${buyer} that Liqo forgot: ${orphans.map(({ metadata }) => metadata.name).join(', ')}`);
      for (const orphan of orphans) if (!isGoing(orphan)) await api.remove(KINDS.namespace, nameOf(orphan));
      return undefined;
    },
    wait,
    late: (last) => stillThere(`what ${buyer} offloaded`, last),
  });
}

const nameOf = ({ metadata }: KubeObject): { readonly name: string } => ({ name: metadata.name });
const namesIn = ({ spec, status }: NamespaceMapObject): readonly string[] => [
  ...Object.keys(spec?.desiredMapping ?? {}),
  ...Object.keys(status?.currentMapping ?? {}),
];
