import { expect, it } from 'vitest';
import { container, deployment, job, pod } from './documents.ts';
import { init, sidecar, withMeta, wrong } from './one-manifest.ts';

it.each<[string, unknown]>([
  ['a deployment', deployment('web')],
  ['a job', job('batch', { parallelism: 3, completions: 9 })],
  ['a pod', pod('one')],
  ['a config map', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: 'b' } }],
  ['a secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, type: 'Opaque', stringData: { a: 'b' } }],
  [
    'a service',
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } },
  ],
  ['one name for two kinds', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'other' } }],
  ['what kubectl create --dry-run writes', { ...deployment('web'), metadata: { name: 'web', creationTimestamp: null }, status: {} }],
  ['fields that we do not know', pod('p', { terminationGracePeriodSeconds: 5, tolerations: [], topologySpreadConstraints: [] })],
  ['labels and annotations', withMeta({ labels: { app: 'a' }, annotations: { 'liqo.io/x': 'y' } })],
  [
    'volumes that travel',
    pod('p', {
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'b', configMap: { name: 'c' } },
        { name: 'c', secret: { secretName: 's' } },
      ],
    }),
  ],
  [
    'preferred affinity',
    pod('p', { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{}] }, podAntiAffinity: {} } }),
  ],
  ['init containers', pod('p', { initContainers: [init('a', '2'), init('b', '1')] })],
  ['an hour to go', pod('p', { terminationGracePeriodSeconds: 3_600 })],
  ['a sidecar that the quota counts', pod('p', { initContainers: [init('room', '2'), sidecar('1')] })],
  ['ports of the pod', pod('p', { containers: [{ ...container(), ports: [{ containerPort: 80 }] }] })],
])('takes what Kubernetes takes: %s', (_, manifest) => expect(wrong(manifest)).toEqual([]));
