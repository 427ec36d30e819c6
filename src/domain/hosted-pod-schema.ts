import { z } from 'zod';
import { LEAST_OF_A_CONTAINER } from './hosted.ts';
import { DNS_LABEL, DNS_SUBDOMAIN } from './ids.ts';
import { nanos } from './quantity.ts';
import { amount } from './workload-schema.ts';

/**
 * What a seller may have us run at home: a list of what is let in, field by field, so that what nobody thought of is refused. Pods are held to Kubernetes' Pod Security Standard `restricted` and to no
 * token of the cluster; nothing names a node, an address, a class or a controller of the buyer's. Values are never quoted: they are somebody's secrets, or a stranger's words.
 */

export const text = z.string({ error: 'must be a text' }).max(65_536);
export const short = z.string({ error: 'must be a text' }).max(500);
const texts = z.array(text).max(100).optional();
export const flag = z.boolean({ error: 'must be true or false' }).optional();
export const whole = (most: number) =>
  z
    .number({ error: ({ code }) => (code === 'invalid_type' ? 'must be a whole number' : undefined) })
    .int()
    .min(0)
    .max(most);
export const count = whole(1_000_000).optional();
/** A pod that is slow to go keeps its namespace, and the end of the contract, waiting. */
const grace = whole(120).optional();
export const label = z.string().regex(DNS_LABEL, 'must be lower-case letters, digits and hyphens, at most 63');
export const objectName = z.string().regex(DNS_SUBDOMAIN, 'must be a Kubernetes name: lower-case letters, digits, hyphens and dots');
export const port = z.union([whole(65_535).min(1), label], { error: 'must be a port, or the name of one' });

const LABEL_KEY = /^(app\.kubernetes\.io\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
/** Labels with a prefix, and annotations whatever they are called, are how controllers of the buyer's cluster are told to do something: copy a Secret, publish a name, let a container go unconfined. */
export const labels = z
  .record(z.string(), z.string().regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/, 'must be the value of a label'))
  .check(({ value, issues }) => {
    for (const key of Object.keys(value)) {
      if (LABEL_KEY.test(key) && key !== 'app.kubernetes.io/managed-by') continue;
      issues.push({
        code: 'custom',
        input: key,
        path: [key],
        message: 'must have no prefix but app.kubernetes.io, and is not for others to set',
      });
    }
  })
  .optional();

const some = (name: keyof typeof LEAST_OF_A_CONTAINER) => {
  const least = LEAST_OF_A_CONTAINER[name];
  return amount.refine((value) => nanos(String(value)) >= nanos(least), `must be at least ${least}: to a kubelet 0 is no limit`);
};
const [cpu, memory, disk] = [some('cpu'), some('memory'), some('ephemeral-storage').optional()];
const resources = z.strictObject({
  requests: z.strictObject({ cpu: cpu.optional(), memory: memory.optional(), 'ephemeral-storage': disk }).optional(),
  limits: z.strictObject({ cpu, memory, 'ephemeral-storage': disk }),
});

const keyRef = z.strictObject({ name: objectName, key: short, optional: flag });
const env = z.strictObject({
  name: short,
  value: text.optional(),
  valueFrom: z
    .strictObject({
      secretKeyRef: keyRef.optional(),
      configMapKeyRef: keyRef.optional(),
      fieldRef: z.strictObject({ apiVersion: short.optional(), fieldPath: short }).optional(),
    })
    .optional(),
});
const source = z.strictObject({ name: objectName, optional: flag }).optional();
const envFrom = z.strictObject({ prefix: short.optional(), configMapRef: source, secretRef: source });

/** Without `host`: the node itself would ask, wherever it says. */
const httpGet = z.strictObject({
  path: short.optional(),
  port,
  scheme: z.enum(['HTTP', 'HTTPS']).optional(),
  httpHeaders: z.array(z.strictObject({ name: short, value: text })).optional(),
});
const exec = z.strictObject({ command: z.array(text).min(1).max(100) });
const probe = z
  .strictObject({
    exec: exec.optional(),
    httpGet: httpGet.optional(),
    tcpSocket: z.strictObject({ port }).optional(),
    grpc: z.strictObject({ port: whole(65_535), service: short.optional() }).optional(),
    initialDelaySeconds: count,
    periodSeconds: count,
    timeoutSeconds: count,
    successThreshold: count,
    failureThreshold: count,
  })
  .optional();
const hook = z.strictObject({ exec: exec.optional(), httpGet: httpGet.optional() }).optional();

const user = whole(2 ** 31 - 1)
  .min(1)
  .optional();
const unprivileged = {
  runAsNonRoot: z.literal(true, { error: 'must be true' }).optional(),
  runAsUser: user,
  runAsGroup: whole(2 ** 31 - 1).optional(),
  seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault', { error: 'must be RuntimeDefault' }) }).optional(),
};
const container = z.strictObject({
  name: label,
  image: z.string().min(1).max(500),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
  command: texts,
  args: texts,
  workingDir: short.optional(),
  env: z.array(env).max(200).optional(),
  envFrom: z.array(envFrom).max(20).optional(),
  ports: z
    .array(
      z.strictObject({ name: label.optional(), containerPort: whole(65_535).min(1), protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional() }),
    )
    .max(50)
    .optional(),
  resources,
  volumeMounts: z
    .array(z.strictObject({ name: label, mountPath: short, subPath: short.optional(), readOnly: flag }))
    .max(50)
    .optional(),
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle: z.strictObject({ postStart: hook, preStop: hook }).optional(),
  restartPolicy: z.literal('Always').optional(),
  securityContext: z.strictObject({
    ...unprivileged,
    allowPrivilegeEscalation: z.literal(false, { error: 'must be false' }),
    privileged: z.literal(false, { error: 'must be false or absent' }).optional(),
    readOnlyRootFilesystem: flag,
    capabilities: z.strictObject({
      drop: z.array(short).refine((dropped) => dropped.includes('ALL'), 'must have ALL among them'),
    }),
  }),
});

const items = z.array(z.strictObject({ key: short, path: short, mode: count })).optional();
const volume = z.strictObject({
  name: label,
  emptyDir: z.strictObject({ medium: z.enum(['', 'Memory']).optional(), sizeLimit: amount.optional() }).optional(),
  configMap: z.strictObject({ name: objectName, items, defaultMode: count, optional: flag }).optional(),
  secret: z.strictObject({ secretName: objectName, items, defaultMode: count, optional: flag }).optional(),
  persistentVolumeClaim: z.strictObject({ claimName: objectName, readOnly: flag }).optional(),
});
const no = z.literal(false, { error: 'must be false or absent: it reaches into the host' }).optional();
export const podSpec = z.strictObject({
  containers: z.array(container).min(1).max(10),
  initContainers: z.array(container).max(10).optional(),
  volumes: z.array(volume).max(50).optional(),
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).optional(),
  terminationGracePeriodSeconds: grace,
  activeDeadlineSeconds: count,
  automountServiceAccountToken: z.literal(false, { error: 'must be false: it has no business with our API server' }),
  serviceAccountName: z.literal('default', { error: 'must be default or absent' }).optional(),
  enableServiceLinks: flag,
  imagePullSecrets: z
    .array(z.strictObject({ name: objectName }))
    .max(5)
    .optional(),
  hostNetwork: no,
  hostPID: no,
  hostIPC: no,
  hostname: label.optional(),
  subdomain: label.optional(),
  securityContext: z
    .strictObject({
      ...unprivileged,
      fsGroup: user,
      fsGroupChangePolicy: z.enum(['Always', 'OnRootMismatch']).optional(),
      supplementalGroups: z
        .array(whole(2 ** 31 - 1).min(1))
        .max(20)
        .optional(),
    })
    .optional(),
});
export type HostedPodSpec = z.output<typeof podSpec>;
