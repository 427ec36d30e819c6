/** Manifests as a seller may have a buyer run them, each with what is changed. */
export const LIMITS = { cpu: '100m', memory: '64Mi' };
export const SAFE = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
export const container = (change: object = {}) => ({
  name: 'c',
  image: 'example/c:1',
  resources: { limits: LIMITS },
  securityContext: SAFE,
  ...change,
});
export const podSpec = (change: object = {}, inContainer: object = {}) => ({
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [container(inContainer)],
  ...change,
});
export const pod = (change: object = {}, inContainer: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: podSpec(change, inContainer),
});
export const of = (kind: string, apiVersion: string, spec: object) => ({ apiVersion, kind, metadata: { name: 'a' }, spec });
export const template = { metadata: { labels: { app: 'a' } }, spec: podSpec() };
export const deployment = (change: object = {}) =>
  of('Deployment', 'apps/v1', { selector: { matchLabels: { app: 'a' } }, template, ...change });
export const service = (spec: object) => of('Service', 'v1', { selector: { app: 'a' }, ports: [{ port: 80 }], ...spec });
export const claim = (storage: string, more: object = {}) =>
  of('PersistentVolumeClaim', 'v1', { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...more });
export const secret = (change: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's' },
  stringData: { a: 'b' },
  ...change,
});
export const metadata = (more: object) => secret({ metadata: { name: 's', ...more } });
