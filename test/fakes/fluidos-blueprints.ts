/** FLUIDOS' resource ServiceBlueprint as its definition has it, and somebody who writes some. */
import type { ServiceBlueprints, WrittenBlueprints } from '../../src/ports/service-blueprints.ts';
import { readServiceBlueprint } from '../../src/rear/service-blueprint.ts';
import { fluidosDefinition } from './fluidos-flavors.ts';

const template = (name: string, serviceData: object): object => ({ name, description: `the ${name}`, serviceData });

export const databaseTemplates: readonly object[] = [
  template('secret', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'db-credentials' },
    stringData: {
      username: '{{ .username }}',
      password: '{{.password}}',
      database: '{{ .database }}',
      url: 'mysql://{{ .username }}@db/{{ .database }}',
    },
  }),
  template('service', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db-service', labels: { 'nodecore.fluidos.eu/flavor-service-endpoint': 'true' } },
    spec: { selector: { app: 'db' }, ports: [{ protocol: 'TCP', port: 3306, targetPort: 3306 }] },
  }),
  template('deployment', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'db' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'db' } },
      template: {
        metadata: { labels: { app: 'db' } },
        spec: {
          containers: [
            {
              name: 'db',
              image: 'mysql:8',
              command: ['sh', '-c', 'exec mysqld --port ${PORT:-3306}'],
              env: [{ name: 'MYSQL_PASSWORD', valueFrom: { secretKeyRef: { name: 'db-credentials', key: 'password' } } }],
            },
          ],
        },
      },
    },
  }),
];

/** A database, as FLUIDOS' own samples have one. */
export const blueprintSpec = (change: object = {}): object => ({
  name: 'db',
  description: 'A database',
  category: 'database',
  tags: ['database', 'mysql'],
  hostingPolicies: ['Provider'],
  templates: databaseTemplates,
  ...change,
});

/** Annotations by their names without `rearguard.dev/`. */
export const annotated = (notes: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(notes).map(([name, text]) => [`rearguard.dev/${name}`, text]));

export const serviceBlueprint = (
  name: string,
  change: object = {},
  notes: Readonly<Record<string, string>> = {},
  namespace = 'fluidos',
) => ({
  apiVersion: 'nodecore.fluidos.eu/v1alpha1',
  kind: 'ServiceBlueprint',
  metadata: { name, namespace, annotations: annotated(notes) },
  spec: blueprintSpec(change),
});

/** One as it is read. */
export const writtenBlueprint = (
  name: string,
  change: object = {},
  notes: Readonly<Record<string, string>> = { price: '0.05', currency: 'EUR' },
): WrittenBlueprints['blueprints'][number] => ({
  name,
  ...readServiceBlueprint({ spec: blueprintSpec(change), annotations: annotated(notes) }),
});

/** Its definition, as far as an API server needs one. */
export const blueprintDefinition = {
  ...fluidosDefinition,
  metadata: { name: 'serviceblueprints.nodecore.fluidos.eu' },
  spec: {
    ...fluidosDefinition.spec,
    names: { kind: 'ServiceBlueprint', plural: 'serviceblueprints', singular: 'serviceblueprint', shortNames: ['sbp'] },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['category', 'description', 'hostingPolicies', 'name', 'tags', 'templates'],
                properties: {
                  name: { type: 'string' },
                  description: { type: 'string' },
                  category: { type: 'string' },
                  tags: { type: 'array', items: { type: 'string' } },
                  hostingPolicies: { type: 'array', items: { type: 'string' } },
                  templates: {
                    type: 'array',
                    items: {
                      type: 'object',
                      required: ['name', 'serviceData'],
                      properties: {
                        name: { type: 'string' },
                        description: { type: 'string' },
                        serviceData: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                      },
                    },
                  },
                },
              },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
};

/** Resources that a test writes; each writing is told at once, and resolves when it is through. */
export function shownBlueprints() {
  type Sink = Parameters<ServiceBlueprints['watch']>[1];
  let sink: Sink | undefined;
  let watches: () => void = () => undefined;
  const watched = new Promise<void>((resolve) => {
    watches = resolve;
  });
  const serviceBlueprints: ServiceBlueprints = {
    async watch(_namespace, given, signal) {
      sink = given;
      watches();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  };
  const tell = async (written: WrittenBlueprints): Promise<void> => {
    await watched;
    await sink?.(written);
  };
  return {
    serviceBlueprints,
    write: (...blueprints: WrittenBlueprints['blueprints']) => tell({ installed: true, blueprints }),
    uninstall: () => tell({ installed: false, blueprints: [] }),
  };
}
