import { z } from 'zod';
import { DNS_LABEL, DNS_SUBDOMAIN } from './ids.ts';
import { nearestName } from './nearest.ts';
import { parseQuantity } from './quantity.ts';

/**
 * The manifests that an intent may carry, as far as we read them; `manifest-fields.ts` holds the rest to the fields that Kubernetes knows, and what they say is its business.
 * Where the shape is right, `workload.ts` looks at the meaning.
 */

const QUANTITY_WORDS = 'must be a Kubernetes quantity that is not negative, such as 500m, 4 or 8Gi';
/** A Kubernetes quantity that is not negative; YAML writes plain ones as numbers. */
export const amount = z
  .union([z.string(), z.number()], { error: (issue) => (issue.input === undefined ? undefined : QUANTITY_WORDS) })
  .refine((value) => (parseQuantity(String(value)) ?? -1n) >= 0n, { error: QUANTITY_WORDS, abort: true });

const whole = z.number().int().min(0).max(1_000_000).nullish();
const flag = z.boolean().nullish();
const text = z.string().nullish();
const texts = z.record(z.string(), z.string({ error: 'must be a text; put it in quotes' })).nullish();
const label = (what: string) =>
  z.string().regex(DNS_LABEL, `must be ${what}: lower-case letters, digits and hyphens, at most 63, a letter or digit at both ends`);

const objectName = z
  .string({ error: (issue) => (issue.input === undefined ? 'is missing: what we create must have a name to be removed by' : undefined) })
  .regex(DNS_SUBDOMAIN, 'must be a Kubernetes name: lower-case letters, digits, hyphens and dots, at most 253');
/** Job and pod names end up in labels and host names, which take 63. */
const shortName = objectName.max(63);
/** RFC 1035: unlike others, the name of a Service begins with a letter. */
const serviceName = z
  .string({ error: (issue) => (issue.input === undefined ? 'is missing: what we create must have a name to be removed by' : undefined) })
  .regex(
    /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
    'must be a DNS name that begins with a letter: lower-case letters, digits, hyphens, at most 63',
  );
const metadata = (name: typeof objectName | typeof shortName | typeof serviceName) =>
  z.looseObject({ name, namespace: text, labels: texts, annotations: texts });

const container = z.looseObject({
  name: label('a container name'),
  image: z.string().min(1),
  resources: z
    .looseObject({ requests: z.record(z.string(), amount).nullish(), limits: z.record(z.string(), amount).nullish() })
    .nullish()
    .describe('cpu and memory of every container are needed, as requests or limits, unless the intent has a resources section.'),
  ports: z.array(z.looseObject({ hostPort: whole })).nullish(),
  securityContext: z.looseObject({ privileged: flag }).nullish(),
  restartPolicy: text,
});
const podSpec = z.looseObject({
  containers: z.array(container).min(1),
  initContainers: z.array(container).nullish(),
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).nullish(),
  volumes: z.array(z.looseObject({ name: label('a volume name') })).nullish(),
  nodeSelector: texts,
  nodeName: text,
  serviceAccountName: text,
  affinity: z.looseObject({ nodeAffinity: z.looseObject({}).nullish() }).nullish(),
  hostNetwork: flag,
  hostPID: flag,
  hostIPC: flag,
});
const template = z.looseObject({ metadata: z.looseObject({ labels: texts, annotations: texts }).nullish(), spec: podSpec });

const pod = z.looseObject({ apiVersion: z.literal('v1'), kind: z.literal('Pod'), metadata: metadata(shortName), spec: podSpec });
const deployment = z.looseObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata: metadata(objectName),
  spec: z.looseObject({ replicas: whole, paused: flag, selector: z.looseObject({ matchLabels: texts }), template }),
});
const job = z.looseObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: metadata(shortName),
  spec: z.looseObject({ parallelism: whole, completions: whole, suspend: flag, template }),
});
const configMap = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata: metadata(objectName),
  data: texts,
  binaryData: texts,
});
const secret = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Secret'),
  metadata: metadata(objectName),
  data: texts,
  stringData: texts,
});
const service = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata: metadata(serviceName),
  spec: z.looseObject({}),
});

/** The kinds that an intent may carry. */
const WORKLOAD_KINDS = ['Deployment', 'Job', 'Pod', 'ConfigMap', 'Secret', 'Service'] as const;

/** Why some kinds that people try are not among them. */
const REFUSED_KINDS: Readonly<Record<string, string>> = {
  DaemonSet: 'a DaemonSet wants a pod on every node, and an intent buys one place; use a Deployment',
  StatefulSet: 'the volumes of a StatefulSet would stay behind when its place changes; use a Deployment',
  ReplicaSet: 'use a Deployment',
  ReplicationController: 'use a Deployment',
  CronJob: 'an intent holds its place from beginning to end; make an intent with a Job when it is time',
  PersistentVolumeClaim: 'the data of a volume cannot move with the workload',
  Namespace: 'the intent has a namespace of its own; to send one of yours use workload.namespace',
  List: 'write its items into workload.manifests',
};

/** A kind that is known, or why it is refused, which one that is none is probably a mistyping of. */
const meantBy = (kind: string): string | undefined => {
  const names = [...WORKLOAD_KINDS, ...Object.keys(REFUSED_KINDS)];
  return names.includes(kind) ? kind : nearestName(kind, names);
};
const isKind = (kind: string | undefined): boolean => WORKLOAD_KINDS.some((known) => known === kind);

const kindWords = (input: unknown): string => {
  const kind = typeof input === 'object' && input !== null && 'kind' in input ? input.kind : undefined;
  const known = `one of ${WORKLOAD_KINDS.join(', ')}`;
  if (typeof kind !== 'string') return `is missing; ${known}`;
  const meant = meantBy(kind);
  const why = isKind(meant)
    ? `did you mean ${meant}?`
    : (REFUSED_KINDS[meant ?? ''] ?? 'what lies beside the namespace of the intent would not be given back with it');
  return `must be ${known}, not ${kind.slice(0, 60)}; ${why}`;
};

/** One manifest of a workload. */
export const WorkloadManifest = z
  .discriminatedUnion('kind', [deployment, job, pod, configMap, secret, service], {
    error: (issue) => (issue.code === 'invalid_union' ? kindWords(issue.input) : undefined),
  })
  .meta({ description: 'A Kubernetes object of the workload, without a namespace: the intent has its own.' });
export type WorkloadManifest = z.infer<typeof WorkloadManifest>;

const VERSIONS = new Map(WorkloadManifest.options.map(({ shape }) => [shape.kind.value as string, shape.apiVersion.value as string]));

/**
 * What a manifest was probably meant to be when its kind is mistyped, and with the right version: so that everything else that is wrong with it is told in the same round.
 * Itself when nobody knows.
 */
export function asMeant(manifest: unknown): { readonly manifest: unknown; readonly mistyped: boolean } {
  const kind = typeof manifest === 'object' && manifest !== null && 'kind' in manifest ? manifest.kind : undefined;
  const meant = typeof kind === 'string' ? meantBy(kind) : undefined;
  const apiVersion = VERSIONS.get(meant ?? '');
  if (apiVersion === undefined) return { manifest, mistyped: false };
  return { manifest: { ...(manifest as object), kind: meant, apiVersion }, mistyped: meant !== kind };
}
export type PodSpec = z.infer<typeof podSpec>;
export type Container = z.infer<typeof container>;
