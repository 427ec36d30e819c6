import { ACCOUNT, accountManifests } from '../../src/adapters/kubernetes/account-manifests.ts';
import { OWN_NAMESPACE } from '../../src/domain/ids.ts';
import type { ClusterPlace } from './cluster-place.ts';
import { kubeconfigWith } from './kubeconfig.ts';
import type { KubernetesClient } from './kubernetes-client.ts';
import { persist } from './wait.ts';

/** Deadline of one object, in seconds. */
const SECONDS = 120;
/** A playground that is left running stays usable. */
const TOKEN_S = 365 * 86_400;

/** Makes the account that `rearguard rbac` prints, and a kubeconfig with its token; answers the path. */
export async function makeNodeAccount(client: KubernetesClient, { name, dir, ports }: ClusterPlace): Promise<string> {
  for (const manifest of accountManifests())
    await persist(`${name}: ${manifest.kind} ${manifest.metadata.name}`, SECONDS, () => client.apply(manifest));
  const url = await client.urlOf('v1', 'ServiceAccount', OWN_NAMESPACE, ACCOUNT);
  const { status } = await client.request<{ status: { token: string } }>('POST', `${url}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: TOKEN_S },
  });
  return kubeconfigWith(dir, ports.api, ACCOUNT, status.token);
}
