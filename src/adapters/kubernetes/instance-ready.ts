import type { Manifest } from '../../domain/manifest.ts';
import { type Condition, type KubeObject, conditionOf } from './objects.ts';

/** As much as tells whether something made of a blueprint is ready. */
interface Standing extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly phase?: string;
    readonly ready?: unknown;
    readonly conditions?: readonly Condition[];
  };
}

/** Kinds that say `Ready` by themselves, and are nothing before they do. */
const SAY_READY: ReadonlySet<string> = new Set(['Pod', 'VirtualMachine', 'VirtualMachineInstance']);
/** On a manifest of any other kind that will say so. */
const SAYS_READY = 'rearguard.dev/says-ready';

/** Why an applied object is not ready; `undefined` when it is. What has neither replicas nor a word of its being ready is ready by being there, unless its manifest says that it will have one. */
export function notReady({ kind, metadata: { annotations } }: Manifest, object: KubeObject | undefined): string | undefined {
  if (!object) return 'is not there';
  const { spec, status, metadata } = object as Standing;
  if (kind === 'Deployment' || kind === 'StatefulSet') {
    if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return 'is not looked at yet';
    const [ready, wanted] = [status?.readyReplicas ?? 0, spec?.replicas ?? 1];
    return ready >= wanted ? undefined : `has ${ready} of ${wanted} pods ready`;
  }
  const ready = conditionOf(status?.conditions, 'Ready');
  if (ready !== undefined)
    return ready.status === 'True' ? undefined : `is not ready: ${(ready.message ?? ready.reason ?? 'no reason').slice(0, 200)}`;
  if (typeof status?.ready === 'boolean') return status.ready ? undefined : 'is not ready';
  const willSay = SAY_READY.has(kind) || annotations?.[SAYS_READY] === 'true';
  return willSay ? `does not say that it is ready${status?.phase ? ` (${status.phase})` : ''}` : undefined;
}
