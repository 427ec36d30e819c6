import { Fault } from '../../domain/faults.ts';
import { NOT_FOR_PODS, isIp, whyNotHost } from '../../domain/forbidden-addresses.ts';
import { type HostedBound, LEAST_OF_A_CONTAINER, MOST_HOSTED_MANIFESTS } from '../../domain/hosted.ts';
import { diskBound, diskOfEach } from '../../domain/hosted-sum.ts';
import { type AcquisitionId, acquisitionId, hostedNamespace } from '../../domain/ids.ts';
import { canonicalHost } from '../../domain/ip.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Wait } from '../../ports/fabric.ts';
import type { Endpoint, Hosting } from '../../ports/hosting.ts';
import type { Api } from './api.ts';
import { type Place, type openMaking, ensurePlace, removePlace } from './instance-making.ts';
import { KINDS } from './kinds.ts';
import { OURS, REARGUARD, managed } from './labels.ts';
import { type KubeObject, label } from './objects.ts';
import { waitUntil } from './watching.ts';

/** The API server itself lets in nothing that could reach the host, and tells whoever applies it. */
const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
} as const;
const except = (isV6: boolean): readonly string[] => NOT_FOR_PODS.filter((network) => network.includes(':') === isV6);
const ANYWHERE = [{ ipBlock: { cidr: '0.0.0.0/0', except: except(false) } }, { ipBlock: { cidr: '::/0', except: except(true) } }];
/** Where the seller's part is. Which addresses a name has is its owner's to change. Nothing at an address that is nobody's server. */
function peersOf(said: string): readonly object[] {
  const host = canonicalHost(said);
  if (!isIp(host)) return ANYWHERE;
  return whyNotHost(host, { loopback: false }) === undefined ? [{ ipBlock: { cidr: `${host}/${host.includes(':') ? 128 : 32}` } }] : [];
}
const FENCE = 'rearguard';
const LEAST = { cpu: LEAST_OF_A_CONTAINER.cpu, memory: LEAST_OF_A_CONTAINER.memory } as const;
/** What a hand-over may hold of each kind; of two of them with room for what clusters put into every namespace (`kube-root-ca.crt`, and what meshes and distributions add: certificates, credentials of accounts). */
const MOST_OBJECTS = {
  'count/secrets': String(MOST_HOSTED_MANIFESTS + 10),
  'count/configmaps': String(MOST_HOSTED_MANIFESTS + 10),
  'count/services': String(MOST_HOSTED_MANIFESTS),
  'count/jobs.batch': String(MOST_HOSTED_MANIFESTS),
} as const;

const placeOf = (acquisition: AcquisitionId): Place => ({
  name: hostedNamespace(acquisition),
  owner: { key: OURS.acquisition, id: acquisition },
  labels: RESTRICTED,
  words: acquisition,
  facts: { acquisition },
});

/** What Kubernetes holds a stranger's pods to, in that namespace: how much they take, what they write on a node's disk, and whom they talk to. */
export function fencesOf(input: {
  readonly acquisition: AcquisitionId;
  readonly bound: HostedBound;
  readonly manifests: readonly Manifest[];
  readonly sellersPart?: Endpoint;
}): readonly Manifest[] {
  const { acquisition, bound, manifests, sellersPart } = input;
  const { cpu, memory, pods, storage } = bound;
  const disk = diskBound(bound);
  const metadata = {
    name: FENCE,
    namespace: hostedNamespace(acquisition),
    labels: { ...managed, [OURS.acquisition]: acquisition },
  };
  const to = sellersPart ? peersOf(sellersPart.host) : [];
  return [
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata,
      spec: {
        hard: {
          'requests.cpu': cpu,
          'limits.cpu': cpu,
          'requests.memory': memory,
          'limits.memory': memory,
          pods,
          'requests.storage': storage,
          'limits.ephemeral-storage': disk,
          ...MOST_OBJECTS,
          'services.nodeports': '0',
          'services.loadbalancers': '0',
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata,
      // A request as large as the limit, which is Kubernetes' default, would keep pods off nodes that have the room.
      spec: {
        limits: [
          {
            type: 'Container',
            default: { 'ephemeral-storage': diskOfEach(manifests, bound) },
            // Nothing is asked of nodes, some of which say of no disk what they have: the limit holds. So a minimum of it cannot stand here; the check has it.
            defaultRequest: { 'ephemeral-storage': '0' },
            min: LEAST,
            max: { 'ephemeral-storage': disk },
          },
        ],
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [
          { to: [{ podSelector: {} }] },
          { ports: (['UDP', 'TCP'] as const).map((protocol) => ({ protocol, port: 53 })) },
          // An empty `to` would be everywhere.
          ...(sellersPart && to.length > 0 ? [{ to, ports: [{ protocol: 'TCP', port: sellersPart.port }] }] : []),
        ],
      },
    },
  ];
}

interface QuotaObject extends KubeObject {
  readonly status?: { readonly hard?: Readonly<Record<string, string>> };
}

/** Before a quota is counted for the first time the API server refuses all that it is about, and pods before the namespace has its account. */
const untilOpen = (api: Api, { name: namespace, words, facts }: Place, wait: Wait): Promise<true> =>
  waitUntil({
    api,
    looks: [
      { kind: KINDS.resourceQuota, namespace, name: FENCE },
      { kind: KINDS.serviceAccount, namespace, name: 'default' },
    ],
    read([quotas = [], accounts = []], say) {
      const isCounted = (quotas as readonly QuotaObject[]).some(({ status }) => status?.hard !== undefined);
      if (isCounted && accounts.length > 0) return true;
      say(isCounted ? `namespace ${namespace} has no account yet` : `the quota of namespace ${namespace} is not counted yet`);
      return undefined;
    },
    wait,
    late: (last) => new Fault('WORKLOAD_TIMEOUT', `nothing can run for ${words}; last seen: ${last}`, facts),
  });

/** What the seller's Secrets hold besides what it hands over. */
const secretsIn = ({ kind, data = {}, stringData = {} }: Manifest): readonly string[] =>
  kind === 'Secret' ? [...Object.values(data as object), ...Object.values(stringData as object)].map(String) : [];

/** The buyer's side of Hosting. */
export const hostedCalls = (api: Api, make: ReturnType<typeof openMaking>): Pick<Hosting, 'hostBought' | 'removeBought' | 'bought'> => ({
  async hostBought({ acquisition, manifests, bound, secret, sellersPart }, wait) {
    const place = placeOf(acquisition);
    await ensurePlace(api, place);
    for (const fence of fencesOf({ acquisition, bound, manifests, ...(sellersPart && { sellersPart }) })) await api.apply(fence);
    await untilOpen(api, place, wait);
    await make(place, manifests, [...Object.values(secret), ...manifests.flatMap(secretsIn)], wait);
  },
  removeBought: ({ acquisition }, wait) => removePlace(api, placeOf(acquisition), wait),
  async bought() {
    const { items } = await api.list(KINDS.namespace, { labels: `${OURS.managedBy}=${REARGUARD},${OURS.acquisition}` });
    return items.flatMap((space) => {
      const acquisition = acquisitionId(label(space, OURS.acquisition) ?? '');
      return space.metadata.name === hostedNamespace(acquisition) ? [acquisition] : [];
    });
  },
});
