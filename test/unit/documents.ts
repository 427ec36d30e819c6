/** Intent documents and manifests for tests. */
export const container = (resources: object = { requests: { cpu: '500m', memory: '64Mi' } }) => ({
  name: 'main',
  image: 'registry.example/main:1',
  resources,
});

const template = (name: string, { containers = [container()], ...spec }: { containers?: readonly object[] } & Record<string, unknown>) => ({
  metadata: { labels: { app: name } },
  spec: { containers, ...spec },
});

export const pod = (name: string, spec: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: template(name, spec).spec,
});

export const deployment = (name: string, { replicas = 1, ...spec }: Record<string, unknown> = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name, spec) },
});

export const job = (name: string, { parallelism, completions, ...spec }: Record<string, unknown> = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: {
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(completions === undefined ? {} : { completions }),
    template: template(name, { restartPolicy: 'Never', ...spec }),
  },
});

export const document = (spec: unknown) => ({ apiVersion: 'rearguard.dev/v1', kind: 'Intent', metadata: { name: 'shop' }, spec });
