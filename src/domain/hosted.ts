import type { Handover } from './contract.ts';
import { Fault } from './faults.ts';
import type { HostingPolicy } from './flavor.ts';
import { type AcquisitionId, hostedNamespace } from './ids.ts';
import type { Manifest } from './manifest.ts';
import type { Quantity } from './quantity.ts';
import { formatResource } from './resources.ts';
import { nanos } from './quantity.ts';

/** What a service of somebody else's may take at its buyer: processors and memory by the limits of its containers, and the storage of its claims. */
export interface HostedBound {
  readonly cpu: Quantity;
  readonly memory: Quantity;
  readonly pods: Quantity;
  readonly storage: Quantity;
}
/** How many manifests one hand-over may hold at most: as many as a blueprint may have. */
export const MOST_HOSTED_MANIFESTS = 50;

/** What a container that is hosted is limited to and asks for at least: to a kubelet 0 is no limit, and less memory starts nothing. */
export const LEAST_OF_A_CONTAINER = { cpu: '1m', memory: '1Mi', 'ephemeral-storage': '1' } as const;

/** Room for one small database with a replica. */
const SMALL: HostedBound = { cpu: '1', memory: '2Gi', pods: '4', storage: '8Gi' };

/** The bound of a service, canonical; what is not said of it is that of a small one. */
export const hostedBound = (said: { readonly [K in keyof HostedBound]?: string | number | undefined } = {}): HostedBound => {
  const of = (name: keyof HostedBound): Quantity => formatResource(name, nanos(String(said[name] ?? SMALL[name])));
  return { cpu: of('cpu'), memory: of('memory'), pods: of('pods'), storage: of('storage') };
};

/** On a manifest of a blueprint that both host: this one runs at its buyer; the rest at its seller. */
export const HOSTED_BY = 'rearguard.dev/hosted-by';
export type Side = 'seller' | 'buyer';

/** Whether such a manifest is the buyer's to run where both host. */
const isBuyers = ({ metadata }: Manifest): boolean => metadata.annotations?.[HOSTED_BY] === 'consumer';

interface Parted {
  readonly manifests: readonly Manifest[];
  readonly secret: string;
}

/**
 * What of a blueprint runs at one side, without our word of whose it is. Where both host, the Secret stands on both sides, since the pods of both mount it.
 */
export function manifestsAt(side: Side, policy: HostingPolicy, { manifests, secret }: Parted): readonly Manifest[] {
  const runsHere = (manifest: Manifest): boolean => {
    if (policy !== 'Shared') return (policy === 'Consumer') === (side === 'buyer');
    return isSecret(manifest, secret) || isBuyers(manifest) === (side === 'buyer');
  };
  return manifests.filter(runsHere).map(unmarked);
}
export const isSecret = ({ kind, metadata }: Manifest, name: string): boolean => kind === 'Secret' && metadata.name === name;

function unmarked(manifest: Manifest): Manifest {
  const { annotations, ...metadata } = manifest.metadata;
  if (annotations?.[HOSTED_BY] === undefined) return manifest;
  const { [HOSTED_BY]: _, ...others } = annotations;
  return { ...manifest, metadata: { ...metadata, ...(Object.keys(others).length > 0 && { annotations: others }) } };
}

/** At which side the Service of a blueprint's endpoint stands. */
export const answersAt = (
  policy: HostingPolicy,
  { manifests, secret, endpoint }: Parted & { readonly endpoint?: { readonly service: string } },
): Side =>
  manifestsAt('buyer', policy, { manifests, secret }).some(
    ({ kind, metadata }) => kind === 'Service' && metadata.name === endpoint?.service,
  )
    ? 'buyer'
    : 'seller';

/** What is wrong with how the manifests of a blueprint are shared out, a line each. */
export function sharingProblems({
  manifests,
  secret,
  hostingPolicies,
}: Parted & { readonly hostingPolicies: readonly HostingPolicy[] }): readonly string[] {
  const said = manifests.flatMap(({ kind, metadata }) => {
    const value = metadata.annotations?.[HOSTED_BY];
    const at = `${kind} ${metadata.name}: metadata.annotations["${HOSTED_BY}"]`;
    if (value !== undefined && value !== 'consumer') return [`${at}: must be consumer, or absent`];
    return value !== undefined && isSecret({ apiVersion: '', kind, metadata }, secret)
      ? [`${at}: the Secret is at both sides by itself`]
      : [];
  });
  if (!hostingPolicies.includes('Shared')) return said;
  const others = manifests.filter((manifest) => !isSecret(manifest, secret));
  const none = (consumers: boolean): boolean => !others.some((manifest) => isBuyers(manifest) === consumers);
  return [
    ...said,
    ...(none(true) ? [`hostingPolicies: Shared needs a manifest with the annotation ${HOSTED_BY}: consumer, which its buyer hosts`] : []),
    ...(none(false) ? ['hostingPolicies: Shared needs a manifest beside the Secret that is hosted here'] : []),
  ];
}

/**
 * What is written for the workload of a service that its buyer hosts, in whole or in part: where it answers is a Service of its own namespace at home, or what the seller says of its part. PEER_LIED
 * when it names a Service that is none of it, brings nothing to host, or says of a part of the seller's where our contract knows of none: the fence would open for it.
 */
export function handedOverHere(
  { secret, endpoint, service, manifests = [] }: Handover,
  { acquisition, policy }: { readonly acquisition: AcquisitionId; readonly policy: HostingPolicy | undefined },
): Pick<Handover, 'secret' | 'endpoint'> {
  if (manifests.length === 0) throw new Fault('PEER_LIED', 'it was bought to be hosted here, and there is nothing to host');
  if (endpoint && policy !== 'Shared') throw new Fault('PEER_LIED', 'it was bought to be hosted here alone, and answers at its seller');
  if (!service) return { secret, ...(endpoint && { endpoint }) };
  if (!manifests.some(({ kind, metadata }) => kind === 'Service' && metadata.name === service.name))
    throw new Fault('PEER_LIED', 'it says that it answers at a Service which is not among its manifests');
  return { secret, endpoint: { host: `${service.name}.${hostedNamespace(acquisition)}.svc`, port: service.port } };
}
