/** FLUIDOS' resource Flavor as its definition has it. */

/** A spec; other amounts in `characteristics`. */
export const fluidosSpec = (change: object = {}, characteristics: object = {}): object => ({
  providerID: 'k1q2w3e4r5',
  flavorType: {
    typeIdentifier: 'K8Slice',
    typeData: {
      characteristics: {
        architecture: 'amd64',
        cpu: '8',
        memory: '16Gi',
        pods: '110',
        gpu: { model: 'A100', cores: '2', memory: '80Gi' },
        storage: '50Gi',
        ...characteristics,
      },
      properties: {
        latency: 12,
        securityStandards: ['TEE'],
        'carbon-footprint': { embodied: 9, operational: [1, 2] },
        additionalProperties: { bandwidth: '1G' },
      },
      policies: {
        partitionability: {
          cpuMin: '1',
          memoryMin: '1Gi',
          podsMin: '1',
          gpuMin: '1',
          cpuStep: '1',
          memoryStep: '1Gi',
          podsStep: '1',
          gpuStep: '1',
        },
      },
    },
  },
  owner: { domain: 'fluidos.example', nodeID: 'k1q2w3e4r5', ip: '192.0.2.9:30000' },
  price: { amount: '0.9', currency: 'EUR', period: 'hourly' },
  availability: true,
  networkPropertyType: 'networkProperty',
  location: { latitude: '59.9', longitude: '10.7', country: 'Norway', city: 'Oslo', additionalNotes: 'none' },
  ...change,
});

export const fluidosFlavor = (name: string, change: object = {}, namespace = 'fluidos'): object => ({
  apiVersion: 'nodecore.fluidos.eu/v1alpha1',
  kind: 'Flavor',
  metadata: { name, namespace },
  spec: fluidosSpec(change),
});

/** Its definition, as far as an API server needs one: structural, with what FLUIDOS requires. */
export const fluidosDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'flavors.nodecore.fluidos.eu' },
  spec: {
    group: 'nodecore.fluidos.eu',
    scope: 'Namespaced',
    names: { kind: 'Flavor', plural: 'flavors', singular: 'flavor', shortNames: ['fl'] },
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
                required: ['providerID', 'flavorType', 'owner', 'price', 'availability'],
                'x-kubernetes-preserve-unknown-fields': true,
              },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
};
