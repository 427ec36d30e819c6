import { Fault } from '../../domain/faults.ts';
import { type ClusterId, tenantAccount, tenantNamespace } from '../../domain/ids.ts';
import type { PeeringCredentials } from '../../domain/contract.ts';
import type { Fabric } from '../../ports/fabric.ts';
import type { Api } from './api.ts';
import { isCounted } from './counting.ts';
import { faultOf } from './faults.ts';
import { KINDS, pathOf } from './kinds.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { ensureMeetingPlace, isOurs, isReplica, stillThere } from './meeting.ts';
import { removeCertificates } from './certificates.ts';
import { type TenantObject, isGoing } from './objects.ts';
import { removeOrphans } from './orphans.ts';
import { awaitPolicies } from './probe.ts';
import { TENANT_ROLE, tenant, tenantBinding, tenantBounds, tenantServiceAccount } from './tenant-manifests.ts';
import { waitUntil } from './watching.ts';

/** Kubernetes issues no token for less. */
const SHORTEST_TOKEN_S = 600;

export interface SellerSettings {
  /** Our API server's URL as buyers reach it. */
  readonly apiAddress?: string;
  readonly clusterId: () => Promise<ClusterId>;
}

async function issueToken(api: Api, buyer: ClusterId, seconds: number): Promise<string> {
  const path = pathOf(KINDS.serviceAccount, { namespace: tenantNamespace(buyer), name: tenantAccount(buyer), sub: 'token' });
  try {
    const { status } = await api.raw<{ status: { token: string } }>('POST', path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: Math.max(SHORTEST_TOKEN_S, Math.ceil(seconds)) },
    });
    return status.token;
  } catch (error) {
    throw faultOf(error, `a token for tenant ${buyer}`);
  }
}

/** The seller's side that contracts with one buyer share: from tenant to its end. */
export const tenantCalls = (
  api: Api,
  { apiAddress, clusterId }: SellerSettings,
): Pick<Fabric, 'ensureTenant' | 'issueCredentials' | 'removeTenant'> => ({
  async ensureTenant({ buyer }) {
    await ensureMeetingPlace(api, buyer);
    const namespace = tenantNamespace(buyer);
    const there = await api.get<TenantObject>(KINDS.tenant, { namespace, name: buyer });
    if (there && !isOurs(there))
      throw new Fault('CLUSTER_REFUSED', `there is a Tenant ${buyer} already which somebody else made`, { buyer });
    if (there && isGoing(there)) throw new Fault('STILL_THERE', `Tenant ${buyer} is on its way out`, { buyer });
    // Before the account may do anything.
    const bounds = (await isCounted(api)) ? [tenantBounds(buyer)] : [];
    await Promise.all([tenantServiceAccount(buyer), ...bounds].map((manifest) => api.apply(manifest)));
    await Promise.all([api.apply(tenantBinding(buyer)), api.apply(tenant(buyer))]);
    await awaitPolicies(api, buyer, await issueToken(api, buyer, 0));
  },

  async issueCredentials({ buyer, lifetimeMs }): Promise<PeeringCredentials> {
    const { ca } = api.connection;
    if (ca === undefined) throw new Fault('CLUSTER_REFUSED', 'our kubeconfig names no certificate authority to give to a buyer');
    const token = await issueToken(api, buyer, lifetimeMs / 1000);
    const server = apiAddress ?? api.connection.server.href.replace(/\/$/, '');
    return { clusterId: await clusterId(), kubeconfig: Buffer.from(writeKubeconfig({ server, ca, token })).toString('base64') };
  },

  async removeTenant({ buyer }, wait) {
    const namespace = tenantNamespace(buyer);
    const [there, slices, maps] = await Promise.all([
      api.get<TenantObject>(KINDS.tenant, { namespace, name: buyer }),
      api.list(KINDS.resourceSlice, { namespace }),
      api.list(KINDS.namespaceMap, { namespace }),
    ]);
    if (there && !isOurs(there)) return;
    const drain = [...slices.items, ...maps.items].some(isReplica);
    const unbind = (): Promise<void> => api.remove(KINDS.roleBinding, { namespace, name: TENANT_ROLE });
    if (drain) {
      // First nobody can write any more, or Liqo at the buyer would make again what is drained here.
      await unbind();
      if (there && !isGoing(there)) await api.apply(tenant(buyer, 'Drained'));
    } else if (there) await api.remove(KINDS.tenant, { namespace, name: buyer });
    await waitUntil({
      api,
      looks: [
        { kind: KINDS.tenant, namespace, name: buyer },
        { kind: KINDS.resourceSlice, namespace },
        { kind: KINDS.namespaceMap, namespace },
        { kind: KINDS.quota, namespace },
      ],
      async read([tenants = [], slices = [], maps = [], quotas = []], say) {
        const copies = [
          ...slices.filter(isReplica).map((object) => ({ kind: KINDS.resourceSlice, object })),
          ...maps.filter(isReplica).map((object) => ({ kind: KINDS.namespaceMap, object })),
        ];
        // Drained, Liqo deletes what it finds by its labels, once; a tenant writes its own labels.
        for (const { kind, object } of copies) if (!isGoing(object)) await api.remove(kind, { namespace, name: object.metadata.name });
        if (copies.length + quotas.length > 0) {
          say(
            `draining: ${copies.map(({ kind, object }) => `${kind.kind} ${object.metadata.name}`).join(', ') || `${quotas.length} quotas`}`,
          );
          return undefined;
        }
        const [left] = tenants;
        if (!left) return true;
        say(`Tenant ${buyer} is going`);
        if (!isGoing(left)) await api.remove(KINDS.tenant, { namespace, name: buyer });
        return undefined;
      },
      wait,
      late: (last) => stillThere(`tenant ${buyer}`, last),
    });
    await unbind();
    await removeOrphans(api, buyer, wait);
    await api.remove(KINDS.serviceAccount, { namespace, name: tenantAccount(buyer) });
    await api.remove(KINDS.resourceQuota, { namespace, name: TENANT_ROLE });
    await removeCertificates(api, namespace);
  },
});
