/** As much of Kubernetes' and Liqo's objects as we read. */

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
}
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Metadata;
}
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}
export type Amounts = Readonly<Record<string, string>>;

export interface ResourceSliceObject extends KubeObject {
  readonly spec?: {
    readonly class?: string;
    readonly consumerClusterID?: string;
    readonly providerClusterID?: string;
    /** The buyer's request for a certificate, base64. */
    readonly csr?: string;
    readonly resources?: Amounts;
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly resources?: Amounts;
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
}
export interface TenantObject extends KubeObject {
  readonly spec?: { readonly clusterID?: string; readonly authzPolicy?: string; readonly tenantCondition?: string };
}
export interface QuotaObject extends KubeObject {
  readonly spec?: { readonly user?: string; readonly cordoned?: boolean; readonly resources?: Amounts };
}
export interface ResourceQuotaObject extends KubeObject {
  readonly spec?: { readonly hard?: Amounts };
  readonly status?: { readonly hard?: Amounts; readonly used?: Amounts };
}
export interface NamespaceMapObject extends KubeObject {
  readonly spec?: { readonly desiredMapping?: Readonly<Record<string, string>> };
  readonly status?: { readonly currentMapping?: Readonly<Record<string, unknown>> };
}
export interface OffloadingObject extends KubeObject {
  readonly status?: { readonly offloadingPhase?: string; readonly observedGeneration?: number };
}
export interface ForeignClusterObject extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}
export interface SecretObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
export interface NodeObject extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
  readonly status?: { readonly conditions?: readonly Condition[]; readonly allocatable?: Amounts };
}
export interface ContainerObject {
  readonly name?: string;
  readonly restartPolicy?: string;
  readonly resources?: { readonly requests?: Amounts; readonly limits?: Amounts };
}
interface ContainerStatus {
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode?: number; readonly reason?: string; readonly message?: string };
  };
}
export interface PodObject extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly ContainerObject[];
    readonly initContainers?: readonly ContainerObject[];
    readonly overhead?: Amounts;
    /** Of the pod as a whole: cpu and memory. */
    readonly resources?: { readonly requests?: Amounts };
  };
  readonly status?: {
    readonly phase?: string;
    readonly message?: string;
    readonly reason?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}
export interface DeploymentObject extends KubeObject {
  readonly spec?: {
    readonly template?: {
      readonly spec?: { readonly containers?: readonly { readonly command?: readonly string[]; readonly args?: readonly string[] }[] };
    };
  };
  readonly status?: {
    /** The generation of the spec that its controller has seen. */
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
  };
}
export interface JobObject extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}
/** Whether a Job makes it: then the Job tries again by itself, and says what its end means. */
export const isOfJob = ({ metadata }: PodObject): boolean => (metadata.ownerReferences ?? []).some(({ kind }) => kind === 'Job');
export interface EventObject extends KubeObject {
  readonly type?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
  readonly lastTimestamp?: string;
}
export interface LeaseObject extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string; readonly leaseDurationSeconds?: number };
}

/** Liqo's lists of conditions may name a type twice and keep no order: the last transition counts. */
export const conditionOf = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  (conditions ?? [])
    .filter((condition) => condition.type === type)
    .toSorted((a, b) => (b.lastTransitionTime ?? '').localeCompare(a.lastTransitionTime ?? ''))[0];

export const isReady = (node: NodeObject): boolean => conditionOf(node.status?.conditions, 'Ready')?.status === 'True';
export const isGoing = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;
export const annotation = ({ metadata }: KubeObject, key: string): string | undefined => metadata.annotations?.[key];
export const label = ({ metadata }: KubeObject, key: string): string | undefined => metadata.labels?.[key];
