/** The kinds that the examples of docs/selling.md are made of, as far as an API server needs to know them; nothing here looks after them. */
import { vi } from 'vitest';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';

const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
const nested = (name: string, of: object): object => ({ ...open, properties: { [name]: of } });

export const definition = (group: string, kind: string, plural: string, spec: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec, status: open } } },
      },
    ],
  },
});

/** Cores are a number in KubeVirt's too: a text would be refused. */
const cores = nested('template', nested('spec', nested('domain', nested('cpu', nested('cores', { type: 'integer' })))));
const DEFINITIONS = [
  definition('kubevirt.io', 'VirtualMachine', 'virtualmachines', cores),
  definition('sensors.alice.example', 'Gateway', 'gateways', nested('everySeconds', { type: 'integer' })),
];

/** As an account is let make them. */
export const MADE = DEFINITIONS.map(({ spec: { group, names } }) => ({ group, plural: names.plural }));

/** Installs them; resolves when they are served. */
export async function installDefinitions(api: Api, timeout: number): Promise<void> {
  for (const each of DEFINITIONS) await api.raw('POST', pathOf(KINDS.definition), each);
  for (const { spec } of DEFINITIONS)
    await vi.waitFor(() => api.raw('GET', `/apis/${spec.group}/v1/${spec.names.plural}`), { timeout, interval: 50 });
}

export async function removeDefinitions(api: Api): Promise<void> {
  for (const { metadata } of DEFINITIONS) await api.remove(KINDS.definition, metadata);
}
