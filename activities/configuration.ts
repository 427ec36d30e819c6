import type { NodeIdentity } from '../src/domain/flavor.ts';
import type { Timing } from '../src/domain/timing.ts';
import type { ActivityDeps } from './deps.ts';

/** What a workflow has to know of the node it runs on. */
export interface NodeFacts {
  readonly self: NodeIdentity;
  readonly timing: Timing;
}

/** Read once per run, by a local activity, so that a changed configuration does not change a running history. */
export const configurationActivities = ({ self, timing }: Pick<ActivityDeps, 'self' | 'timing'>) => ({
  async configuration(): Promise<NodeFacts> {
    return { self, timing };
  },
});
