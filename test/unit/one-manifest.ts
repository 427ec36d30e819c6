/** Intents with one manifest that is looked at, and parts of such manifests. */
import { reduceIntent } from '../../src/domain/intent.ts';
import { container, document, pod } from './documents.ts';

/** What is wrong with a manifest that stands second in an intent. */
export const wrong = (manifest: unknown, more: object = {}): readonly string[] => {
  const result = reduceIntent(document({ workload: { manifests: [pod('other'), manifest] }, ...more }), 0);
  return 'ok' in result
    ? []
    : result.problems.map(({ field, problem }) => `${field.replace('spec.workload.manifests[1].', '')}: ${problem}`);
};
export const withMeta = (more: object) => ({ ...pod('a'), metadata: { name: 'a', ...more } });
export const init = (name: string, cpu: string, more = {}) => ({ ...container({ requests: { cpu, memory: `${cpu}Gi` } }), name, ...more });
export const sidecar = (cpu: string) => init('proxy', cpu, { restartPolicy: 'Always' });
