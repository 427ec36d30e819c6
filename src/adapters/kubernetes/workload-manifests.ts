import { createHash } from 'node:crypto';
import { type AcquisitionId, type ClusterId, type IntentName, sliceName } from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { LIQO_KEYS, OURS, VIRTUAL_NODE, managed } from './labels.ts';

/** What makes a NamespaceOffloading choose no cluster: no node carries it. */
const NO_CLUSTER = 'rearguard.dev/no-cluster';
const OFFLOADING = 'offloading.liqo.io/v1beta1';

export const intentNamespaceManifest = (input: {
  readonly intent: IntentName;
  readonly namespace: string;
  readonly runId: string;
}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: input.namespace, labels: { ...managed, [OURS.intent]: input.intent, [OURS.run]: input.runId } },
});

/**
 * Sends a namespace to sellers. By their clusters, not by virtual nodes: a selector by host name makes Liqo flap when a seller has several of our nodes; pods are
 * pinned instead.
 */
export const namespaceOffloading = (input: {
  readonly namespace: string;
  readonly sellers: readonly ClusterId[];
  readonly owner?: { readonly intent: string; readonly runId: string } | undefined;
}): Manifest => ({
  apiVersion: OFFLOADING,
  kind: 'NamespaceOffloading',
  metadata: {
    name: 'offloading',
    namespace: input.namespace,
    labels: { ...managed, ...(input.owner && { [OURS.intent]: input.owner.intent, [OURS.run]: input.owner.runId }) },
  },
  spec: {
    namespaceMappingStrategy: 'DefaultName',
    podOffloadingStrategy: 'Remote',
    clusterSelector: {
      nodeSelectorTerms: [
        {
          matchExpressions: [
            input.sellers.length > 0
              ? { key: LIQO_KEYS.remoteCluster, operator: 'In', values: [...input.sellers] }
              : { key: NO_CLUSTER, operator: 'Exists' },
          ],
        },
      ],
    },
  },
});

interface Fields {
  readonly [key: string]: unknown;
}
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Marks pods with the manifest that made them; names may be longer than a label. */
export const manifestMark = ({ kind, metadata }: Manifest): string =>
  createHash('sha256').update(`${kind}/${metadata.name}`).digest('hex').slice(0, 16);

/** Under a quota of enforcement Hard a pod is taken only when what it requests is its limit. */
function equalised(container: unknown): Fields {
  const own = fields(container);
  const resources = fields(own['resources']);
  const both = { ...fields(resources['requests']), ...fields(resources['limits']) };
  if (Object.keys(both).length === 0) return own;
  const amounts = Object.fromEntries(Object.entries(both).map(([name, amount]) => [name, String(amount)]));
  return { ...own, resources: { ...resources, requests: amounts, limits: amounts } };
}

function onVirtualNode(spec: Fields, acquisition: AcquisitionId): Fields {
  return {
    ...spec,
    nodeSelector: { ...fields(spec['nodeSelector']), 'kubernetes.io/hostname': sliceName(acquisition) },
    tolerations: [...list(spec['tolerations']), { key: LIQO_KEYS.notAllowed, operator: 'Exists', effect: 'NoExecute' }],
    containers: list(spec['containers']).map(equalised),
    ...(spec['initContainers'] ? { initContainers: list(spec['initContainers']).map(equalised) } : {}),
  };
}

/** Terms of a required affinity are alternatives, so each of them must keep off virtual nodes. */
function atHome(spec: Fields): Fields {
  const off = { key: LIQO_KEYS.nodeType, operator: 'NotIn', values: [VIRTUAL_NODE] };
  const affinity = fields(spec['affinity']);
  const nodeAffinity = fields(affinity['nodeAffinity']);
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const terms = list(fields(nodeAffinity[required])['nodeSelectorTerms']).map(fields);
  const kept = (terms.length > 0 ? terms : [{}]).map((term: Fields) => ({
    ...term,
    matchExpressions: [...list(term['matchExpressions']), off],
  }));
  return { ...spec, affinity: { ...affinity, nodeAffinity: { ...nodeAffinity, [required]: { nodeSelectorTerms: kept } } } };
}

export interface Placed {
  readonly namespace: string;
  readonly intent: IntentName;
  readonly acquisition?: AcquisitionId;
}

/** A manifest of the workload in its place: ours by its labels, its pods pinned to the acquisition's virtual node, or kept off virtual nodes. */
export function placed(manifest: Manifest, { namespace, intent, acquisition }: Placed): Manifest {
  const marks = { ...managed, [OURS.intent]: intent };
  const podMarks = {
    ...marks,
    [OURS.manifest]: manifestMark(manifest),
    ...(acquisition !== undefined && { [OURS.acquisition]: acquisition }),
  };
  const place = (spec: unknown): Fields => (acquisition === undefined ? atHome(fields(spec)) : onVirtualNode(fields(spec), acquisition));
  const isPod = manifest.kind === 'Pod';
  const { metadata } = manifest;
  const own: Manifest = {
    ...manifest,
    metadata: { ...metadata, namespace, labels: { ...metadata.labels, ...(isPod ? podMarks : marks) } },
  };
  if (isPod) return { ...own, spec: place(manifest['spec']) };
  if (manifest.kind !== 'Deployment' && manifest.kind !== 'Job') return own;
  const spec = fields(manifest['spec']);
  const template = fields(spec['template']);
  const templateMetadata = fields(template['metadata']);
  return {
    ...own,
    metadata: {
      ...own.metadata,
      labels: { ...own.metadata.labels, ...(acquisition !== undefined && { [OURS.acquisition]: acquisition }) },
    },
    spec: {
      ...spec,
      template: {
        ...template,
        metadata: { ...templateMetadata, labels: { ...fields(templateMetadata['labels']), ...podMarks } },
        spec: place(template['spec']),
      },
    },
  };
}
