/** When what a blueprint makes is ready: by what its kind says, and what its manifest says that it will say. */
import { expect, test } from 'vitest';
import { notReady } from '../../src/adapters/kubernetes/instance-ready.ts';
import type { Manifest } from '../../src/domain/manifest.ts';

const condition = (status: string, more: object = {}) => ({ conditions: [{ type: 'Ready', status, ...more }] });
const SAYS = { annotations: { 'rearguard.dev/says-ready': 'true' } };

test.each<[string, string, object, object | undefined, string | undefined]>([
  ['what is not there', 'Gateway', {}, undefined, 'is not there'],
  ['a kind that says nothing', 'ConfigMap', {}, {}, undefined],
  ['a kind that nobody knows', 'Gateway', {}, { status: { phase: 'Pending' } }, undefined],
  ['one that will say so', 'Gateway', SAYS, {}, 'does not say that it is ready'],
  [
    'one that will say so, and says something else',
    'Gateway',
    SAYS,
    { status: { phase: 'Pending' } },
    'does not say that it is ready (Pending)',
  ],
  ['a condition that is false', 'Gateway', {}, { status: condition('False', { message: 'no radio' }) }, 'is not ready: no radio'],
  ['a condition that nobody knows', 'Gateway', SAYS, { status: condition('Unknown', { reason: 'Lost' }) }, 'is not ready: Lost'],
  ['a condition that is true', 'Gateway', SAYS, { status: condition('True') }, undefined],
  ['another condition', 'Gateway', SAYS, { status: { conditions: [{ type: 'Synced', status: 'True' }] } }, 'does not say that it is ready'],
  ['ready: false', 'Gateway', {}, { status: { ready: false } }, 'is not ready'],
  ['ready: true', 'Gateway', SAYS, { status: { ready: true } }, undefined],
  ['ready that is no word', 'Gateway', SAYS, { status: { ready: 'yes' } }, 'does not say that it is ready'],
  ['a condition beside ready', 'Gateway', {}, { status: { ready: true, ...condition('False') } }, 'is not ready: no reason'],
  ['a machine that was never started', 'VirtualMachine', {}, {}, 'does not say that it is ready'],
  ['a machine that boots', 'VirtualMachine', {}, { status: condition('False', { message: 'booting' }) }, 'is not ready: booting'],
  ['a machine that runs', 'VirtualMachine', {}, { status: { ready: true, ...condition('True') } }, undefined],
  ['a Deployment of which a pod runs', 'Deployment', {}, { spec: { replicas: 2 }, status: { readyReplicas: 1 } }, 'has 1 of 2 pods ready'],
  [
    'a Deployment that was changed',
    'Deployment',
    {},
    { metadata: { name: 'x', generation: 2 }, status: { observedGeneration: 1 } },
    'is not looked at yet',
  ],
])('%s', (_what, kind, metadata, object, why) => {
  const manifest: Manifest = { apiVersion: 'example.org/v1', kind, metadata: { name: 'x', ...metadata } };
  expect(notReady(manifest, object && { metadata: { name: 'x' }, ...object })).toBe(why);
});
