/** Instances on the seller's real cluster; no image runs there, so what is compared is which Secret the pods mount, and what is in it. */
import { vi } from 'vitest';
import { openApi } from '../../src/adapters/kubernetes/api.ts';
import { ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { PodObject, SecretObject } from '../../src/adapters/kubernetes/objects.ts';
import { openKinds } from '../../src/adapters/kubernetes/instance-kinds.ts';
import { Refused } from '../../src/adapters/kubernetes/faults.ts';
import { hostedNamespace, instanceNamespace } from '../../src/domain/ids.ts';
import type { HostingSubject } from '../contracts/hosting.ts';
import type { RealClusters } from './clusters.ts';
import { installDefinitions, removeDefinitions } from './instance-definitions.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };
type Mounting = PodObject & { readonly spec?: { readonly volumes?: readonly { readonly secret?: { readonly secretName?: string } }[] } };

export async function hostingOn({ north, stack, timeoutMs }: RealClusters): Promise<HostingSubject> {
  const kubeconfig = stack.clusters['north']?.kubeconfigPath;
  if (kubeconfig === undefined) throw new Error('no cluster north');
  const api = openApi(ownConnection({ kubeconfig }), quiet);
  await installDefinitions(api, timeoutMs);
  const kindsOf = openKinds(api);
  return {
    hosting: north.hosting,
    timeoutMs,
    async mounted(contract) {
      const namespace = instanceNamespace(contract);
      const [pod] = (await api.list<Mounting>(KINDS.pod, { namespace })).items;
      const name = pod?.spec?.volumes?.find(({ secret }) => secret)?.secret?.secretName;
      if (pod?.status?.phase !== 'Running' || name === undefined) return undefined;
      const secret = await api.get<SecretObject>(KINDS.secret, { namespace, name });
      return Object.fromEntries(
        Object.entries(secret?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]),
      );
    },
    async takes(acquisition, pod) {
      try {
        await api.raw('POST', pathOf(KINDS.pod, { namespace: hostedNamespace(acquisition) }), pod);
        return true;
      } catch (error) {
        if (error instanceof Refused && error.status === 403) return error.body.message ?? '';
        throw error;
      }
    },
    async says(contract, object, status) {
      const where = { namespace: instanceNamespace(contract), name: object.metadata.name };
      const kind = await kindsOf(object);
      const found = await vi.waitFor(
        async () => {
          const there = await api.get(kind, where);
          if (!there) throw new Error(`no ${object.kind} ${where.name} yet`);
          return there;
        },
        { timeout: timeoutMs, interval: 50 },
      );
      await api.raw('PATCH', pathOf(kind, { ...where, sub: 'status' }), { status }, 'application/merge-patch+json');
      return found;
    },
    async close() {
      await removeDefinitions(api);
      api.close();
    },
  };
}
