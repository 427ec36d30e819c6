import type { ResourceRequest } from '../src/domain/candidate.ts';
import { lacking } from '../src/domain/resources.ts';
import type { IntentRecord } from '../src/domain/status.ts';
import type { ActivityDeps } from './deps.ts';

/** Phase 1: does it fit at home, and what is kept of an intent. */
export const intentActivities = ({ cluster, intents }: Pick<ActivityDeps, 'cluster' | 'intents'>) => ({
  /** A read. Limits on price, latency and place are met at home: it is free, near and ours. */
  async fitsHere({ request }: { request: ResourceRequest }): Promise<{ fits: boolean; detail: string }> {
    const { total } = await cluster.free(request.architecture);
    const short = lacking(total, request.resources);
    return short.length === 0
      ? { fits: true, detail: 'fits locally' }
      : { fits: false, detail: short.map((name) => `${name}: ${request.resources[name]} wanted, ${total[name] ?? '0'} free`).join('; ') };
  },
  async saveIntent({ record }: { record: IntentRecord }): Promise<void> {
    await intents.save(record);
  },
});
