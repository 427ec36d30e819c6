import { Fault, isFault } from '../../domain/faults.ts';
import { type ClusterId, sliceName, tenantNamespace } from '../../domain/ids.ts';
import type { Fabric, NodeHealth } from '../../ports/fabric.ts';
import type { Api } from './api.ts';
import { KINDS } from './kinds.ts';
import { ensureMeetingPlace, stillThere } from './meeting.ts';
import { type Condition, type NodeObject, type ResourceSliceObject, conditionOf, isGoing, isReady } from './objects.ts';
import { BOUGHT_SLICES, VIRTUAL_NODES } from './sharing.ts';
import { resourceSlice } from './slice-manifests.ts';
import { waitUntil } from './watching.ts';

/** The buyer's side of one acquisition: its slice and its virtual node. */
export const acquisitionCalls = (
  api: Api,
  clusterId: () => Promise<ClusterId>,
): Pick<
  Fabric,
  'requestSlice' | 'awaitAccepted' | 'awaitVirtualNode' | 'awaitNode' | 'withdrawSlice' | 'awaitSliceGone' | 'nodeHealth'
> => ({
  async requestSlice(input) {
    // Nobody waits for the identity first: Liqo copies the slice as soon as there is one.
    const slice = resourceSlice({ ...input, self: await clusterId() });
    try {
      await api.apply(slice);
    } catch (error) {
      if (!isFault(error) || error.facts['status'] !== 404) throw error;
      await ensureMeetingPlace(api, input.seller);
      await api.apply(slice);
    }
  },
  async awaitAccepted({ seller, acquisition }, wait) {
    const name = sliceName(acquisition);
    await waitUntil({
      api,
      looks: [{ kind: KINDS.resourceSlice, of: BOUGHT_SLICES, namespace: tenantNamespace(seller), name }],
      read([slices = []], say) {
        const conditions = (slices[0] as ResourceSliceObject | undefined)?.status?.conditions;
        if (conditionOf(conditions, 'Resources')?.status === 'Accepted') return true;
        say(slices.length > 0 ? progressOf(name, conditions) : `no slice ${name}`);
        return undefined;
      },
      wait,
      late: (last) => new Fault('PEERING_TIMEOUT', `slice ${name} is not accepted in time; last seen: ${last}`, { acquisition, seller }),
    });
  },
  async awaitVirtualNode({ seller, acquisition }, wait) {
    const name = sliceName(acquisition);
    const namespace = tenantNamespace(seller);
    return await waitUntil({
      api,
      looks: [
        { kind: KINDS.resourceSlice, of: BOUGHT_SLICES, namespace, name },
        { kind: KINDS.node, of: VIRTUAL_NODES, name },
      ],
      read([slices = [], nodes = []], say) {
        const [slice, node] = [slices[0] as ResourceSliceObject | undefined, nodes[0] as NodeObject | undefined];
        const conditions = slice?.status?.conditions;
        const verdict = conditionOf(conditions, 'Resources');
        if (verdict?.status === 'Denied') {
          const why = verdict.message ?? verdict.reason ?? 'without a word';
          throw new Fault('SLICE_DENIED', `${seller} denied slice ${name}: ${why}`, { acquisition, condition: 'Resources' });
        }
        // Liqo denies the authentication also when it could not sign yet, and then tries again (its remoteresourceslice controller): only the deadline is final.
        const authentication = conditionOf(conditions, 'Authentication');
        if (!slice) say(`no slice ${name}`);
        else if (isGoing(slice)) say(`slice ${name} is being deleted`);
        else if (authentication?.status === 'Denied')
          say(`the authentication of slice ${name} is denied: ${authentication.message ?? 'without a word'}`);
        else if (node && isReady(node)) return { node: name };
        else if (node) say(`node ${name} is not Ready: ${conditionOf(node.status?.conditions, 'Ready')?.message ?? 'no word yet'}`);
        else say(progressOf(name, conditions));
        return undefined;
      },
      wait,
      late: (last) => new Fault('PEERING_TIMEOUT', `no virtual node ${name} in time; last seen: ${last}`, { acquisition, seller }),
    });
  },
  async awaitNode({ acquisition }, wait) {
    const name = sliceName(acquisition);
    await waitUntil({
      api,
      looks: [{ kind: KINDS.node, of: VIRTUAL_NODES, name }],
      read([nodes = []], say) {
        const node = nodes[0] as NodeObject | undefined;
        if (node && isReady(node)) return true;
        say(node ? `node ${name} is not Ready` : `no node ${name}`);
        return undefined;
      },
      wait,
      late: (last) => new Fault('PEERING_TIMEOUT', `no virtual node in time; last seen: ${last}`, { acquisition }),
    });
  },
  async withdrawSlice({ seller, acquisition }) {
    const name = sliceName(acquisition);
    await api.merge(KINDS.node, { name }, { spec: { unschedulable: true } });
    await api.remove(KINDS.resourceSlice, { namespace: tenantNamespace(seller), name });
  },
  async awaitSliceGone({ seller, acquisition }, wait) {
    const name = sliceName(acquisition);
    const namespace = tenantNamespace(seller);
    await waitUntil({
      api,
      looks: [
        { kind: KINDS.resourceSlice, namespace, name },
        { kind: KINDS.virtualNode, namespace, name },
        { kind: KINDS.node, name },
      ],
      read(seen, say) {
        const left = seen.flatMap((objects, i) => objects.map(() => ['slice', 'VirtualNode', 'node'][i]));
        if (left.length === 0) return true;
        say(`${left.join(', ')} ${name}`);
        return undefined;
      },
      wait,
      late: (last) => stillThere(`slice ${name}`, last),
    });
  },
  async nodeHealth({ acquisition }): Promise<NodeHealth> {
    const node = await api.get<NodeObject>(KINDS.node, { name: sliceName(acquisition) });
    if (!node) return { present: false, ready: false };
    const ready = conditionOf(node.status?.conditions, 'Ready');
    const since = ready?.lastTransitionTime === undefined ? Number.NaN : Date.parse(ready.lastTransitionTime);
    return {
      present: true,
      ready: ready?.status === 'True',
      ...(Number.isFinite(since) && { since }),
      ...(ready?.message !== undefined && { message: ready.message }),
    };
  },
});

function progressOf(name: string, conditions: readonly Condition[] | undefined): string {
  const accepted = (type: string): boolean => conditionOf(conditions, type)?.status === 'Accepted';
  if (!accepted('Authentication')) return `slice ${name} has no certificate of the seller yet`;
  return accepted('Resources') ? `slice ${name} is accepted, no node yet` : `slice ${name} waits for the seller's verdict`;
}
