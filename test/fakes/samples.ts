/** Flavors and identities of our own making, for tests. */
import { clusterId, flavorId, nodeId } from '../../src/domain/ids.ts';
import { type Blueprint, blueprintFor } from '../../src/domain/blueprint.ts';
import type { BlueprintFlavor, BlueprintKind, NodeIdentity, SliceFlavor } from '../../src/domain/flavor.ts';
import type { Blueprints } from '../../src/ports/blueprints.ts';

export const identityOf = (name: string, address = `${name}.example:3004`): NodeIdentity => ({
  id: nodeId(`${name}-node`),
  address,
  domain: `${name}.example`,
  clusterId: clusterId(`${name}-1`),
});

/** 8 cpu, 16Gi, 100 pods for 0.80 EUR an hour, cut in whole cpus and 512Mi. */
export const sliceOf = (owner: NodeIdentity, change: Partial<SliceFlavor> = {}): SliceFlavor => ({
  id: flavorId(`${owner.domain}-k8slice-0001`),
  providerId: owner.id,
  offer: {
    kind: 'k8slice',
    architecture: 'amd64',
    resources: { cpu: '8', memory: '16Gi', pods: '100' },
    latencyMs: 12,
    partitionability: { min: { cpu: '1', memory: '512Mi', pods: '0' }, step: { cpu: '1', memory: '512Mi', pods: '0' } },
  },
  price: { amount: '0.8', currency: 'EUR', period: 'hourly' },
  location: { country: 'Norway', city: 'Oslo' },
  owner: { id: owner.id, address: owner.address, domain: owner.domain },
  available: true,
  createdAt: '2026-03-04T05:06:07Z',
  ...change,
});

/** A database (or what else a blueprint makes) for 0.05 EUR an hour, hosted by its seller; the buyer may name user, password and database. */
export const blueprintOf = (
  owner: NodeIdentity,
  kind: BlueprintKind = 'service',
  change: Partial<BlueprintFlavor> = {},
): BlueprintFlavor => ({
  id: flavorId(`${owner.domain}-${kind}-0001`),
  providerId: owner.id,
  offer: {
    kind,
    name: `orders-${kind}`,
    description: 'A store of orders.',
    category: kind === 'service' ? 'database' : kind,
    tags: ['sql'],
    hostingPolicies: ['Provider'],
    configurationTemplate: {
      $schema: 'http://json-schema.org/draft-07/schema#',
      additionalProperties: false,
      properties: {
        database: { pattern: '^[a-z]{1,30}$', type: 'string' },
        password: { minLength: 8, type: 'string', writeOnly: true },
        username: { type: 'string' },
      },
      required: ['database'],
      type: 'object',
    },
  },
  price: { amount: '0.05', currency: 'EUR', period: 'hourly' },
  location: { country: 'Norway', city: 'Oslo' },
  owner: { id: owner.id, address: owner.address, domain: owner.domain },
  available: true,
  createdAt: '2026-03-04T05:06:07Z',
  ...change,
});

/** How a node makes what {@link blueprintOf} offers: a Secret, and a Service to it. */
export const makingOf = ({ offer }: BlueprintFlavor): Blueprint => ({
  ...offer,
  generated: { username: 12, password: 16 },
  manifests: [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'credentials' },
      stringData: { username: '${username}', password: '${password}', url: 'sql://${username}@db/${database}' },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db' }, spec: { ports: [{ port: 5432 }] } },
  ],
  secret: 'credentials',
  endpoint: { service: 'db', port: 5432 },
});

/** A node that makes these. */
export const making = (...all: readonly Blueprint[]): Blueprints => ({ of: async (flavor) => blueprintFor(all, flavor) });

/** A clock that tests move. */
export function handClock(start = Date.parse('2026-11-27T12:00:00Z')): { now(): number; advance(milliseconds: number): void } {
  let now = start;
  return {
    now: () => now,
    advance(milliseconds) {
      now += milliseconds;
    },
  };
}

/** A Job of one pod, named `once`. */
export const JOB = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'once' },
  spec: {
    template: {
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu: '100m', memory: '64Mi' } } }],
      },
    },
  },
};
