import { Fault, isFault } from '../../domain/faults.ts';
import type { NameRules } from '../../domain/forbidden-addresses.ts';
import {
  type ClusterId,
  DNS_LABEL,
  OWN_NAMESPACE,
  credentialsSecret,
  identitySecret,
  sliceName,
  tenantNamespace,
} from '../../domain/ids.ts';
import type { Fabric, NodeHealth } from '../../ports/fabric.ts';
import { checkServer } from './addresses.ts';
import type { Api } from './api.ts';
import { endCheck, isChecked, restartCheck } from './foreign-cluster.ts';
import { KINDS } from './kinds.ts';
import { type TenantAccess, parseKubeconfig, tokenClaims, writeKubeconfig } from './kubeconfig.ts';
import { LIQO_KEYS, OURS } from './labels.ts';
import { ensureMeetingPlace, isReplica, stillThere } from './meeting.ts';
import {
  type Condition,
  type NamespaceMapObject,
  type NodeObject,
  type ResourceSliceObject,
  type SecretObject,
  annotation,
  conditionOf,
  isGoing,
  isReady,
} from './objects.ts';
import { remoteIdentity, resourceSlice, storedCredentials } from './slice-manifests.ts';
import { waitUntil } from './watching.ts';

const kubeconfigOf = (secret: SecretObject | undefined): string | undefined => {
  const data = secret?.data?.['kubeconfig'];
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
};
const accessOf = (kubeconfig: string): TenantAccess => parseKubeconfig(Buffer.from(kubeconfig).toString('base64'));

/** As long as the token in use has so much of a new one's life, it stays: one that is renewed every day is renewed in time, and not by each purchase of that day. */
const ENOUGH = 0.75;

/**
 * Whether new credentials are worth taking: each change takes the seller's ForeignCluster away for a moment (docs/decisions/0011), and keeps Liqo busy for a tenth of a second. Of two
 * accounts the one whose token was issued last is alive: a tenant that was removed and made again has a new account, and the old one's tokens are dead whatever they say of their end.
 */
export function isWorthTaking(offered: TenantAccess, present: TenantAccess): boolean {
  const [fresh, old] = [tokenClaims(offered.token), tokenClaims(present.token)];
  const moved = offered.server !== present.server || offered.ca !== present.ca;
  if (moved || fresh.account !== old.account) return fresh.issued >= old.issued;
  if (fresh.issued === 0) return fresh.expires > old.expires;
  return old.expires - fresh.issued < ENOUGH * (fresh.expires - fresh.issued);
}

/** Whether an identity stands, whole, and would not become better. */
function servesAsWell(present: SecretObject, offered: TenantAccess): boolean {
  const kubeconfig = kubeconfigOf(present);
  if (kubeconfig === undefined || isGoing(present) || annotation(present, OURS.unchecked) !== undefined) return false;
  try {
    return !isWorthTaking(offered, accessOf(kubeconfig));
  } catch (error) {
    // Somebody else's, of another make: whoever is to serve tells.
    if (isFault(error)) return false;
    throw error;
  }
}

/** The check of a seller's API server, begun anew once after each change of token, also when the process died in between. */
async function settleCheck(api: Api, seller: ClusterId): Promise<void> {
  await restartCheck(api, seller);
  const where = { namespace: tenantNamespace(seller), name: identitySecret(seller) };
  await api.merge(KINDS.secret, where, { metadata: { annotations: { [OURS.unchecked]: null } } });
}

/** The buyer's side that contracts with one seller share, and the credentials of each. */
export const identityCalls = (
  api: Api,
  clusterId: () => Promise<ClusterId>,
  rules: NameRules,
): Pick<Fabric, 'storeCredentials' | 'dropCredentials' | 'ensureIdentity' | 'removeIdentity'> => ({
  async storeCredentials({ acquisition, credentials }) {
    if (!DNS_LABEL.test(credentials.clusterId))
      throw new Fault('KUBECONFIG_REFUSED', 'the credentials name no Liqo cluster id', { why: 'cluster id' });
    const access = parseKubeconfig(credentials.kubeconfig);
    await checkServer(access.server, rules);
    const seller = credentials.clusterId;
    const [present] = await Promise.all([
      api.get<SecretObject>(KINDS.secret, { namespace: tenantNamespace(seller), name: identitySecret(seller) }),
      api.apply(storedCredentials({ acquisition, seller, kubeconfig: writeKubeconfig(access) })),
    ]);
    return { identityStands: present !== undefined && servesAsWell(present, access) };
  },
  async dropCredentials({ acquisition }) {
    await api.remove(KINDS.secret, { namespace: OWN_NAMESPACE, name: credentialsSecret(acquisition) });
  },
  async ensureIdentity({ seller, acquisition }) {
    const namespace = tenantNamespace(seller);
    const name = identitySecret(seller);
    const [stored, present, cluster] = await Promise.all([
      api.get<SecretObject>(KINDS.secret, { namespace: OWN_NAMESPACE, name: credentialsSecret(acquisition) }),
      api.get<SecretObject>(KINDS.secret, { namespace, name }),
      api.get(KINDS.foreignCluster, { name: seller }),
    ]);
    const unchecked = present !== undefined && annotation(present, OURS.unchecked) !== undefined;
    if (present && isGoing(present)) throw new Fault('STILL_THERE', `our identity at ${seller} is on its way out`, { seller });
    const kubeconfig = kubeconfigOf(stored);
    if (stored === undefined || kubeconfig === undefined) {
      if (unchecked) await settleCheck(api, seller);
      if (present) return;
      throw new Fault('NOT_FOUND', `no credentials of acquisition ${acquisition} are stored`, { acquisition });
    }
    if (annotation(stored, LIQO_KEYS.remoteCluster) !== seller)
      throw new Fault('KUBECONFIG_REFUSED', `the credentials of ${acquisition} are not for the cluster ${seller}`, { acquisition, seller });
    const before = kubeconfigOf(present);
    if (before !== undefined && !isWorthTaking(accessOf(kubeconfig), accessOf(before))) {
      if (unchecked) await settleCheck(api, seller);
      return;
    }
    await ensureMeetingPlace(api, seller);
    const stale = unchecked || isChecked(cluster);
    await api.apply(remoteIdentity({ seller, self: await clusterId(), kubeconfig, unchecked: stale }));
    if (stale) await settleCheck(api, seller);
  },
  async removeIdentity({ seller }, wait) {
    const namespace = tenantNamespace(seller);
    const name = identitySecret(seller);
    await waitUntil({
      api,
      looks: [
        { kind: KINDS.secret, namespace, name },
        { kind: KINDS.resourceSlice, namespace },
        { kind: KINDS.virtualNode, namespace },
        { kind: KINDS.namespaceMap, namespace },
      ],
      async read([secrets = [], slices = [], nodes = [], maps = []], say) {
        const [secret] = secrets;
        if (!secret) return true;
        // Liqo takes its copies at the seller away with this identity only: it goes after everything that needs it.
        const users = [...slices, ...nodes].filter((object) => !isReplica(object));
        if (users.length > 0) {
          say(`${users.map(({ metadata }) => metadata.name).join(', ')} towards ${seller}`);
          return undefined;
        }
        const own = maps.filter((map) => !isReplica(map)) as readonly NamespaceMapObject[];
        for (const map of own) {
          const mapped = Object.keys(map.spec?.desiredMapping ?? {});
          say(mapped.length > 0 ? `offloaded namespaces: ${mapped.join(', ')}` : `NamespaceMap ${map.metadata.name} is going`);
          if (mapped.length === 0 && !isGoing(map)) await api.remove(KINDS.namespaceMap, { namespace, name: map.metadata.name });
        }
        if (own.length > 0) return undefined;
        say(`Secret ${name} is going`);
        if (!isGoing(secret)) await api.remove(KINDS.secret, { namespace, name });
        return undefined;
      },
      wait,
      late: (last) => stillThere(`our identity at ${seller}`, last),
    });
    await endCheck(api, seller);
  },
});

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
      looks: [{ kind: KINDS.resourceSlice, namespace: tenantNamespace(seller), name }],
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
        { kind: KINDS.resourceSlice, namespace, name },
        { kind: KINDS.node, name },
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
      looks: [{ kind: KINDS.node, name }],
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
  if (!accepted('Authentication')) return `slice ${name} is not at the seller yet`;
  return accepted('Resources') ? `slice ${name} is accepted, no node yet` : `slice ${name} waits for the seller's verdict`;
}
