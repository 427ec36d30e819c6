import { z } from 'zod';
import { count, flag, label, labels, objectName, podSpec, port, short, text, whole } from './hosted-pod-schema.ts';
import { amount } from './workload-schema.ts';

/** The kinds of what a seller may have us run at home, in a namespace of its own; see `hosted-pod-schema.ts` for how. */
const map = z.record(z.string(), text, { error: 'must be an object of texts' }).optional();
const metadata = z.strictObject({ name: objectName, labels });
const selector = z.strictObject({ matchLabels: labels });

const template = z.strictObject({ metadata: z.strictObject({ labels }).optional(), spec: podSpec });
const replicas = whole(1_000).optional();
const amountOrShare = z.union([whole(1_000), z.string().regex(/^\d{1,3}%$/)], { error: 'must be a number or a percentage' }).optional();
const rollout = z
  .strictObject({
    type: short.optional(),
    rollingUpdate: z.strictObject({ maxSurge: amountOrShare, maxUnavailable: amountOrShare, partition: count }).optional(),
  })
  .optional();
/** Neither a class nor a volume: these are the buyer's. */
const claim = z.strictObject({
  accessModes: z.array(z.enum(['ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany', 'ReadWriteMany'])).min(1),
  resources: z.strictObject({ requests: z.strictObject({ storage: amount }) }),
  volumeMode: z.literal('Filesystem').optional(),
});

const deployment = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata,
  spec: z.strictObject({
    replicas,
    selector,
    template,
    strategy: rollout,
    minReadySeconds: count,
    revisionHistoryLimit: whole(10).optional(),
    progressDeadlineSeconds: count,
  }),
});
const statefulSet = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('StatefulSet'),
  metadata,
  spec: z.strictObject({
    replicas,
    selector,
    template,
    serviceName: label.optional(),
    podManagementPolicy: z.enum(['OrderedReady', 'Parallel']).optional(),
    updateStrategy: rollout,
    volumeClaimTemplates: z
      .array(z.strictObject({ apiVersion: short.optional(), kind: short.optional(), metadata, spec: claim }))
      .max(10)
      .optional(),
  }),
});
const job = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata,
  spec: z.strictObject({
    parallelism: replicas,
    completions: replicas,
    backoffLimit: whole(10).optional(),
    activeDeadlineSeconds: count,
    template,
  }),
});
const pod = z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('Pod'), metadata, spec: podSpec });
const service = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata: metadata.extend({ name: label }),
  spec: z.strictObject({
    type: z.literal('ClusterIP', { error: 'must be ClusterIP: nothing of a seller’s is shown to others than our own pods' }).optional(),
    clusterIP: z.literal('None', { error: 'must be None or absent' }).optional(),
    selector: labels,
    ports: z
      .array(
        z.strictObject({
          name: label.optional(),
          port: whole(65_535).min(1),
          targetPort: port.optional(),
          protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional(),
          appProtocol: short.optional(),
        }),
      )
      .max(50)
      .optional(),
    sessionAffinity: z.enum(['None', 'ClientIP']).optional(),
    publishNotReadyAddresses: flag,
  }),
});
const configMap = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata,
  data: map,
  binaryData: map,
  immutable: flag,
});
const ORDINARY = [
  'Opaque',
  'kubernetes.io/basic-auth',
  'kubernetes.io/ssh-auth',
  'kubernetes.io/tls',
  'kubernetes.io/dockerconfigjson',
] as const;
const secret = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Secret'),
  metadata,
  type: z.enum(ORDINARY, { error: `must be one of ${ORDINARY.join(', ')}` }).optional(),
  data: map,
  stringData: map,
  immutable: flag,
});
const persistentVolumeClaim = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('PersistentVolumeClaim'),
  metadata,
  spec: claim,
});

const KINDS = ['ConfigMap', 'Deployment', 'Job', 'PersistentVolumeClaim', 'Pod', 'Secret', 'Service', 'StatefulSet'] as const;

/** One manifest that a seller hands over to be run here. */
export const HostedManifest = z.discriminatedUnion(
  'kind',
  [deployment, statefulSet, job, pod, service, configMap, secret, persistentVolumeClaim],
  { error: (issue) => (issue.code === 'invalid_union' ? `must be one of ${KINDS.join(', ')}` : undefined) },
);
export type HostedManifest = z.output<typeof HostedManifest>;
