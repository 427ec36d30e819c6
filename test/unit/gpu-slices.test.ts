/** What both sides ask of Liqo for the GPUs of a contract: the extended resource, and at the seller the nodes that have them. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { admissionActivities, sliceActivities } from '../../activities/peering.ts';
import type { Flavor, K8Slice } from '../../src/domain/flavor.ts';
import { acquisitionId, clusterId } from '../../src/domain/ids.ts';
import type { Resources } from '../../src/domain/resources.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { Contracts } from '../../src/ports/contracts.ts';
import { flavorOf, NOON, ONE, TEN, termsOf } from '../contracts/samples.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';

const gpu = { model: 'A100', cores: '4', memory: '160Gi' };
const flavor = (more: Partial<K8Slice>): Flavor => {
  const made = flavorOf('gpus', { resources: { ...TEN, gpu: '4' } });
  return made.offer.kind === 'k8slice' ? { ...made, offer: { ...made.offer, gpu, ...more } } : made;
};
const said = {
  additionalProperties: { 'rearguard.dev/gpu-resource': 'amd.com/gpu', 'rearguard.dev/gpu-label': 'amd.com/gpu.product-name' },
};
const none = { additionalProperties: { 'rearguard.dev/gpu-resource': 'cpu' } };

test.each<[string, Flavor, Resources, object | undefined, object | undefined]>([
  [
    'as the flavor says',
    flavor(said),
    { ...ONE, gpu: '2' },
    { resource: 'amd.com/gpu' },
    { nodes: { 'amd.com/gpu.product-name': 'A100' } },
  ],
  ['by custom', flavor({}), { ...ONE, gpu: '2' }, { resource: 'nvidia.com/gpu' }, {}],
  ['by no name that cannot be one', flavor(none), { ...ONE, gpu: '2' }, { resource: 'nvidia.com/gpu' }, {}],
  ['for none when none were bought', flavor(said), ONE, undefined, undefined],
])('%s', async (_, sold, resources, gpus, nodes) => {
  const asked: { readonly gpus?: object }[] = [];
  const terms = termsOf({ flavor: sold, resources });
  const contract = { terms, role: 'seller', state: 'active' } as const;
  const contracts = {
    get: async () => contract,
    ofAcquisition: async () => contract,
    activate: async () => {},
  } as Partial<Contracts> as Contracts;
  const fabric = {
    requestSlice: async (input) => void asked.push(input),
    awaitVirtualNode: async () => ({ node: 'n' }),
    admitSlice: async (input) => void asked.push(input),
  } as Partial<Fabric> as Fabric;
  const clock = { now: () => NOON };
  const { audit } = memoryAudit({ clock });
  const slice = { acquisition: acquisitionId('a-1'), seller: clusterId('north-1'), sliceClass: 'rearguard' } as const;
  const { extend } = sliceActivities({ fabric, contracts, timing: DEFAULT_TIMING });
  const { admitSlice } = admissionActivities({ fabric, contracts, audit, clock, timing: DEFAULT_TIMING });
  await new MockActivityEnvironment().run(extend, slice);
  await new MockActivityEnvironment().run(admitSlice, { contract: terms.id, buyer: clusterId('alice-1') });
  expect(asked.map((each) => each.gpus)).toEqual([gpus && { ...gpus, ...nodes }, gpus && { ...gpus, ...nodes }]);
});
