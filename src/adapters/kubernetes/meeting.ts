import { type ClusterId, clusterId, tenantAccount, tenantNamespace } from '../../domain/ids.ts';
import { Fault } from '../../domain/faults.ts';
import type { Fabric } from '../../ports/fabric.ts';
import { ACCOUNT } from './account-manifests.ts';
import type { Api } from './api.ts';
import { isCounted } from './counting.ts';
import { isRefused, faultOf } from './faults.ts';
import { KINDS, pathOf } from './kinds.ts';
import { LIQO_KEYS, OURS, REARGUARD } from './labels.ts';
import { type KubeObject, annotation, isGoing, label } from './objects.ts';
import { TENANT_ROLE, meetingPlace } from './tenant-manifests.ts';
import { waitUntil } from './watching.ts';

export const isOurs = (object: KubeObject): boolean => label(object, OURS.managedBy) === REARGUARD;
/** A copy of a slice that a buyer has in its own cluster. */
export const isReplica = (object: KubeObject): boolean => label(object, LIQO_KEYS.replicated) === 'true';
/** The contract that a slice names. Its tenant writes there what it likes: what cannot be an id of ours is none. */
export const contractOfSlice = (object: KubeObject): string | undefined => {
  const named = annotation(object, OURS.contract);
  return named !== undefined && CONTRACT_ID.test(named) ? named : undefined;
};
const CONTRACT_ID = /^[a-z0-9][-.a-z0-9]{0,252}$/;

export const stillThere = (what: string, last: string): Fault =>
  new Fault('STILL_THERE', `${what}: still there; last seen: ${last}`, { what });

/** The namespace where we meet a peer, made unless it is there. Liqo stops at two of them for one peer, so another one by that label is refused. */
export async function ensureMeetingPlace(api: Api, peer: ClusterId): Promise<void> {
  const wanted = tenantNamespace(peer);
  const labels = `${LIQO_KEYS.remoteCluster}=${peer},${LIQO_KEYS.tenantNamespace}=true`;
  const { items } = await api.list(KINDS.namespace, { labels });
  const other = items.find(({ metadata }) => metadata.name !== wanted);
  if (other) throw new Fault('CLUSTER_REFUSED', `namespace ${other.metadata.name} is the tenant namespace of ${peer} already`, { peer });
  const [there] = items;
  if (there && isGoing(there)) throw new Fault('STILL_THERE', `namespace ${wanted} is on its way out`, { peer });
  if (there) return;
  try {
    await api.raw('POST', `${pathOf(KINDS.namespace)}?fieldManager=${REARGUARD}`, meetingPlace(peer));
  } catch (error) {
    if (!isRefused(error, 409)) throw faultOf(error, `create namespace ${wanted}`);
    const now = await api.get(KINDS.namespace, { name: wanted });
    if (now && isGoing(now)) throw new Fault('STILL_THERE', `namespace ${wanted} is on its way out`, { peer });
    if (now && label(now, LIQO_KEYS.remoteCluster) !== peer)
      throw new Fault('CLUSTER_REFUSED', `namespace ${wanted} is there already and not for ${peer}`, { peer });
  }
}

/** Who still needs the meeting place, in words; `undefined` when nobody does. */
async function userOf(api: Api, peer: ClusterId, namespace: string): Promise<string | undefined> {
  const [tenants, slices, secrets] = await Promise.all([
    api.list(KINDS.tenant, { namespace }),
    api.list(KINDS.resourceSlice, { namespace }),
    api.list(KINDS.secret, { namespace, labels: `${LIQO_KEYS.identityType}=ControlPlane` }),
  ]);
  if (tenants.items.length > 0) return `tenant ${peer}`;
  if (slices.items.length > 0) return `slice ${slices.items[0]?.metadata.name}`;
  return secrets.items.length > 0 ? `our identity at ${peer}` : undefined;
}

/** How many places are looked at at once. */
const AT_ONCE = 8;

export const meetingCalls = (api: Api): Pick<Fabric, 'meetingPlaces' | 'removeMeetingPlace'> => ({
  async meetingPlaces() {
    const ours = `${OURS.managedBy}=${REARGUARD}`;
    const [places, tenants, accounts, bindings, bounds] = await Promise.all([
      api.list(KINDS.namespace, { labels: `${ours},${LIQO_KEYS.tenantNamespace}=true` }),
      api.list(KINDS.tenant, { labels: ours }),
      api.list(KINDS.serviceAccount, { labels: ours }),
      api.list(KINDS.roleBinding, { labels: ours }),
      api.list(KINDS.resourceQuota, { labels: ours }),
    ]);
    // Secrets of all namespaces are nobody's business.
    const withIdentity = new Set<string>();
    const look = async ({ metadata: { name } }: KubeObject): Promise<void> => {
      const { items } = await api.list(KINDS.secret, { namespace: name, labels: `${ours},${LIQO_KEYS.identityType}=ControlPlane` });
      if (items.length > 0) withIdentity.add(name);
    };
    for (let at = 0; at < places.items.length; at += AT_ONCE) await Promise.all(places.items.slice(at, at + AT_ONCE).map(look));
    const within = (objects: readonly KubeObject[]) => new Set(objects.map(({ metadata }) => metadata.namespace));
    const named = (objects: readonly KubeObject[]) => new Set(objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    const withTenant = within(tenants.items);
    const [withAccount, withBinding, withBounds] = [named(accounts.items), named(bindings.items), named(bounds.items)];
    const ofTenant = (place: KubeObject): string => `${place.metadata.name}/${TENANT_ROLE}`;
    const isBounded = (place: KubeObject): boolean => withBounds.has(ofTenant(place));
    const mayBeBounded = places.items.some((place) => withTenant.has(place.metadata.name) && !isBounded(place)) && (await isCounted(api));
    return places.items.map((place) => {
      const { name } = place.metadata;
      const peer = clusterId(label(place, LIQO_KEYS.remoteCluster) ?? '');
      const tenant = withTenant.has(name);
      const mayWork = withAccount.has(`${name}/${tenantAccount(peer)}`) && withBinding.has(ofTenant(place));
      const tenantWhole = tenant && mayWork && (isBounded(place) || !mayBeBounded);
      return { peer, tenant, tenantWhole, identity: withIdentity.has(name) };
    });
  },

  async removeMeetingPlace({ peer }, wait) {
    const name = tenantNamespace(peer);
    const there = await api.get(KINDS.namespace, { name });
    if (there && !isOurs(there)) {
      // It was there before us, and so was the peering: only our way in is ours.
      await api.remove(KINDS.roleBinding, { namespace: name, name: ACCOUNT });
      return;
    }
    if (there && !isGoing(there)) {
      const user = await userOf(api, peer, name);
      if (user) throw new Fault('STILL_THERE', `the meeting place of ${peer} is still used: ${user}`, { peer });
      await api.remove(KINDS.namespace, { name });
    }
    await waitUntil({
      api,
      looks: [
        { kind: KINDS.namespace, name },
        { kind: KINDS.foreignCluster, name: peer },
      ],
      async read([namespaces = [], clusters = []], say) {
        if (namespaces.length > 0) {
          say(`namespace ${name} is going`);
          return undefined;
        }
        const [cluster] = clusters;
        if (!cluster) return true;
        say(`ForeignCluster ${peer} is going`);
        // Liqo makes it by itself and never takes it away; it is made again as long as the namespace's objects are there, so it goes last.
        if (!isGoing(cluster)) await api.remove(KINDS.foreignCluster, { name: peer });
        return undefined;
      },
      wait,
      late: (last) => stillThere(`meeting place of ${peer}`, last),
    });
  },
});
