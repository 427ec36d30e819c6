/** What intents of the tests run, and where. */
import { type IntentName, intentName, intentNamespace } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';

const container = { name: 'web', image: 'registry.example/web:1', resources: { requests: { cpu: '200m', memory: '128Mi' } } };
export const deployment = (replicas = 2): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } },
  },
});
export const pod: Manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'alone' }, spec: { containers: [container] } };
export const job: Manifest = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'once' },
  spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [container] } } },
};
export const configMap: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { colour: 'green' } };

let names = 0;
export interface Place {
  readonly intent: IntentName;
  readonly namespace: string;
  readonly runId: string;
}
export function newPlace(): Place {
  names += 1;
  const intent = intentName(`shop-${names}`);
  return { intent, namespace: intentNamespace(intent), runId: `run-${names}` };
}
