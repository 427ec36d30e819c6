import type { Blueprint } from './blueprint.ts';
import type { Manifest } from './manifest.ts';

type ReadyMade = Pick<
  Blueprint,
  'kind' | 'description' | 'category' | 'tags' | 'configurationTemplate' | 'generated' | 'manifests' | 'secret' | 'endpoint'
>;

/** A name in a shell, a URL or SQL without quotes. */
const NAME = { type: 'string', pattern: '^[a-z][a-z0-9_]{0,30}$' } as const;
const PASSWORD = { type: 'string', pattern: '^[A-Za-z0-9_.-]{8,128}$', writeOnly: true } as const;
const GENERATED = { username: 12, password: 32 } as const;

const template = (properties: object): Blueprint['configurationTemplate'] => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  additionalProperties: false,
  properties,
});

const fromSecret = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: 'credentials', key } } });
const secret = (keys: readonly string[]): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'credentials' },
  type: 'Opaque',
  stringData: Object.fromEntries(keys.map((key) => [key, `\${${key}}`])),
});
const service = (name: string, port: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ name, port, targetPort: port }] },
});

interface Image {
  readonly name: string;
  readonly image: string;
  readonly user: number;
  readonly port: number;
  readonly data: string;
  readonly env: readonly object[];
}
/** One pod that reads the Secret, may do nothing in the cluster, and keeps its data for as long as it lives. */
const pod = (input: Image) => ({
  metadata: { labels: { app: input.name } },
  spec: {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: input.user,
      runAsGroup: input.user,
      fsGroup: input.user,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: input.name,
        image: input.image,
        env: input.env,
        ports: [{ containerPort: input.port }],
        resources: { requests: { cpu: '250m', memory: '512Mi' }, limits: { cpu: '250m', memory: '512Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        readinessProbe: { tcpSocket: { port: input.port }, periodSeconds: 5 },
        volumeMounts: [
          { name: 'data', mountPath: input.data },
          { name: 'credentials', mountPath: '/run/credentials', readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'credentials', secret: { secretName: 'credentials' } },
    ],
  },
});

/** Never two of them at once: they would write each other's data where an owner puts a claim under it. */
const deployment = (input: Image): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: input.name },
  spec: { replicas: 1, strategy: { type: 'Recreate' }, selector: { matchLabels: { app: input.name } }, template: pod(input) },
});

/** The categories that a FLUIDOS node makes by itself, with the same names of what is configured; here all of it may be left out. */
export const READY_MADE = {
  database: {
    kind: 'service',
    description: 'A PostgreSQL database of your own.',
    category: 'database',
    tags: ['postgresql', 'sql'],
    configurationTemplate: template({ username: NAME, password: PASSWORD, database: { ...NAME, default: 'app' } }),
    generated: GENERATED,
    manifests: [
      secret(['username', 'password', 'database']),
      service('database', 5432),
      deployment({
        name: 'database',
        image: 'docker.io/library/postgres:17',
        user: 999,
        port: 5432,
        data: '/var/lib/postgresql/data',
        env: [
          fromSecret('POSTGRES_USER', 'username'),
          fromSecret('POSTGRES_PASSWORD', 'password'),
          fromSecret('POSTGRES_DB', 'database'),
          { name: 'PGDATA', value: '/var/lib/postgresql/data/pgdata' },
          // The image lets in whoever comes from within the pod, as everybody does who comes by a forwarded port.
          { name: 'POSTGRES_INITDB_ARGS', value: '--auth-host=scram-sha-256' },
        ],
      }),
    ],
    secret: 'credentials',
    endpoint: { service: 'database', port: 5432 },
  },
  'message-queue': {
    kind: 'service',
    description: 'A RabbitMQ message queue of your own.',
    category: 'message-queue',
    tags: ['rabbitmq', 'amqp'],
    configurationTemplate: template({ username: NAME, password: PASSWORD }),
    generated: GENERATED,
    manifests: [
      secret(['username', 'password']),
      service('message-queue', 5672),
      deployment({
        name: 'message-queue',
        image: 'docker.io/library/rabbitmq:4',
        user: 999,
        port: 5672,
        data: '/var/lib/rabbitmq',
        env: [fromSecret('RABBITMQ_DEFAULT_USER', 'username'), fromSecret('RABBITMQ_DEFAULT_PASS', 'password')],
      }),
    ],
    secret: 'credentials',
    endpoint: { service: 'message-queue', port: 5672 },
  },
} as const satisfies Record<string, ReadyMade>;
