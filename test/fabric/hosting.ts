/**
 * Instances on a real cluster: the playground's seller, or a user's, whose context `REARGUARD_TEST_PROVIDER_CONTEXT` names. No image runs in the playground: there it is compared which Secret the pods mount, and what is in
 * it. On a cluster that runs images what is hosted is connected to as well.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import { vi } from 'vitest';
import { usersKubeconfig } from '../../deploy/demo/cluster.ts';
import { askPostgres, isPretended, openWayToPod } from '../../deploy/demo/connecting.ts';
import { type MadeKind, accountManifests } from '../../src/adapters/kubernetes/account-manifests.ts';
import { type Api, openApi } from '../../src/adapters/kubernetes/api.ts';
import { ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import { Refused } from '../../src/adapters/kubernetes/faults.ts';
import { openKinds } from '../../src/adapters/kubernetes/instance-kinds.ts';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { PodObject, SecretObject } from '../../src/adapters/kubernetes/objects.ts';
import { openKubernetes } from '../../src/adapters/kubernetes/open.ts';
import { ownKubeconfig } from '../../src/adapters/kubernetes/own-kubeconfig.ts';
import { ROLES } from '../../src/adapters/kubernetes/rights.ts';
import { hostedNamespace, instanceNamespace } from '../../src/domain/ids.ts';
import { resolveName } from '../../src/runtime/resolve-name.ts';
import type { Hosted, HostingSubject } from '../contracts/hosting.ts';
import { askRabbit } from './amqp.ts';
import { type RealClusters, running } from './clusters.ts';
import { MADE, installDefinitions, removeDefinitions } from './instance-definitions.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };
/** Until images are pulled. */
const PULLED_MS = 240_000;
type Mounting = PodObject & {
  readonly spec?: { readonly nodeName?: string; readonly volumes?: readonly { readonly secret?: { readonly secretName?: string } }[] };
};

/** Of a user's clusters the seller's alone: nothing here needs Liqo. */
export async function hostingOn(start: () => Promise<RealClusters>): Promise<HostingSubject> {
  const context = process.env['REARGUARD_TEST_PROVIDER_CONTEXT'];
  if (context !== undefined) {
    const kubeconfig = usersKubeconfig();
    const config = ownKubeconfig({ kubeconfig, context });
    const api = openApi(ownConnection({ kubeconfig, context }), quiet);
    const kubernetes = openKubernetes({ kubeconfig, context, resolve: resolveName, log: quiet });
    return {
      ...looking(api, config),
      hosting: kubernetes.hosting,
      timeoutMs: PULLED_MS,
      noExamples: 'the kinds of the examples are installed for the test, which is for nobody to do to a cluster that is not ours',
      async close() {
        kubernetes.close();
        api.close();
      },
    };
  }
  const { north, stack, timeoutMs } = await start();
  const { kubeconfigPath: kubeconfig } = running(stack, 'north');
  const config = ownKubeconfig({ kubeconfig });
  const api = openApi(ownConnection({ kubeconfig }), quiet);
  await installDefinitions(api, timeoutMs);
  /** As `rearguard rbac --makes` prints it. */
  const letMake = async (makes: readonly MadeKind[]): Promise<void> => {
    for (const each of accountManifests({ makes })) if (each.metadata.name === ROLES.workload) await api.apply(each);
  };
  await letMake(MADE);
  return {
    ...looking(api, config),
    ...saying(api, timeoutMs),
    hosting: north.hosting,
    timeoutMs,
    async close() {
      await letMake([]);
      await removeDefinitions(api);
      api.close();
    },
  };
}

const namespaceOf = (of: Hosted): string => ('contract' in of ? instanceNamespace(of.contract) : hostedNamespace(of.acquisition));

/** What a bystander sees of what is hosted. */
function looking(api: Api, config: KubeConfig): Pick<HostingSubject, 'mounted' | 'answers' | 'takes'> {
  const podIn = async (namespace: string): Promise<Mounting | undefined> => (await api.list<Mounting>(KINDS.pod, { namespace })).items[0];
  return {
    async mounted(of) {
      const namespace = namespaceOf(of);
      const pod = await podIn(namespace);
      const name = pod?.spec?.volumes?.find(({ secret }) => secret)?.secret?.secretName;
      if (pod?.status?.phase !== 'Running' || name === undefined) return undefined;
      const secret = await api.get<SecretObject>(KINDS.secret, { namespace, name });
      return Object.fromEntries(
        Object.entries(secret?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]),
      );
    },
    async answers(of, { secret = {}, endpoint }) {
      const namespace = namespaceOf(of);
      const pod = await podIn(namespace);
      const node = pod?.spec?.nodeName === undefined ? undefined : await api.get(KINDS.node, { name: pod.spec.nodeName });
      if (!pod || !node || !endpoint) throw new Error('it runs nowhere, or has no endpoint');
      if (isPretended(node.metadata.annotations)) {
        console.info(`no image runs on ${node.metadata.name}, a node of kwok's: nobody connects to ${pod.metadata.name}`);
        return undefined;
      }
      const way = await openWayToPod(config, { namespace, pod: pod.metadata.name, port: endpoint.port });
      const { username = '', password = '', database } = secret;
      const ask = (tried: string) =>
        database === undefined ? askRabbit({ way, username, password: tried }) : askPostgres({ way, username, password: tried, database });
      try {
        return { right: await ask(password), wrong: await ask(`${password}x`) };
      } finally {
        await way.close();
      }
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
  };
}

/** What controllers of the examples' kinds would say. */
function saying(api: Api, timeout: number): Pick<HostingSubject, 'says'> {
  const kindsOf = openKinds(api);
  return {
    async says(contract, object, status) {
      const where = { namespace: instanceNamespace(contract), name: object.metadata.name };
      const kind = await kindsOf(object);
      const there = async () => {
        const found = await api.get(kind, where);
        if (!found) throw new Error(`no ${object.kind} ${where.name} yet`);
        return found;
      };
      const found = await vi.waitFor(there, { timeout, interval: 50 });
      await api.raw('PATCH', pathOf(kind, { ...where, sub: 'status' }), { status }, 'application/merge-patch+json');
      return found;
    },
  };
}
