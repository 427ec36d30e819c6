import { Fault } from '../../domain/faults.ts';
import type { NameRules } from '../../domain/forbidden-addresses.ts';
import { type ClusterId, DNS_LABEL, OWN_NAMESPACE, credentialsSecret, identitySecret, tenantNamespace } from '../../domain/ids.ts';
import type { Fabric } from '../../ports/fabric.ts';
import { checkServer } from './addresses.ts';
import type { Api } from './api.ts';
import { accessOf, isWorthTaking, kubeconfigOf, servesAsWell } from './credentials.ts';
import { endCheck, isChecked, restartCheck } from './foreign-cluster.ts';
import { KINDS } from './kinds.ts';
import { parseKubeconfig, writeKubeconfig } from './kubeconfig.ts';
import { LIQO_KEYS, OURS } from './labels.ts';
import { ensureMeetingPlace, isReplica, stillThere } from './meeting.ts';
import { type NamespaceMapObject, type SecretObject, annotation, isGoing } from './objects.ts';
import { remoteIdentity, storedCredentials } from './slice-manifests.ts';
import { waitUntil } from './watching.ts';

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
  async storeCredentials({ acquisition, credentials, renewable }) {
    if (!DNS_LABEL.test(credentials.clusterId))
      throw new Fault('KUBECONFIG_REFUSED', 'the credentials name no Liqo cluster id', { why: 'cluster id' });
    const access = parseKubeconfig(credentials.kubeconfig);
    await checkServer(access.server, rules);
    const seller = credentials.clusterId;
    const [present] = await Promise.all([
      api.get<SecretObject>(KINDS.secret, { namespace: tenantNamespace(seller), name: identitySecret(seller) }),
      api.apply(storedCredentials({ acquisition, seller, kubeconfig: writeKubeconfig(access), renewable })),
    ]);
    return { identityStands: present !== undefined && servesAsWell(present, { access, renewable }) };
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
    const offered = { access: accessOf(kubeconfig), renewable: annotation(stored, OURS.renewable) !== undefined };
    if (before !== undefined && !isWorthTaking(offered, accessOf(before))) {
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
