import type { ResourceRequest } from '../src/domain/candidate.ts';
import { type Intent, reduceIntent } from '../src/domain/intent.ts';
import { gpuResourceOf } from '../src/domain/gpu.ts';
import { NOTHING, type Resources, add, lacking, withoutGpu } from '../src/domain/resources.ts';
import { rest } from '../src/domain/stock.ts';
import type { IntentRecord } from '../src/domain/status.ts';
import type { WrongField } from '../src/domain/wrong-fields.ts';
import type { NodeFacts } from './configuration.ts';
import { within } from './deadline.ts';
import type { ActivityDeps } from './deps.ts';

/** One try of an API server that answers; the longest that an intent can be neither seen nor ended. */
const FIRST_LOOK_MS = 2_000;

/** Whether an intent fits at home, and why not. */
export interface Home {
  readonly fits: boolean;
  readonly detail: string;
}

/** Who we are, and the intent in lowest terms or everything that is wrong with it; `home` is absent when our own API server did not say in time. */
export interface Opened {
  readonly facts: NodeFacts;
  readonly verdict: { readonly intent: Intent; readonly home?: Home } | { readonly problems: readonly WrongField[] };
}

/** Phase 1: is it an intent, does it fit at home, and what is kept of it. */
export const intentActivities = ({
  cluster,
  inventory,
  intents,
  self,
  timing,
}: Pick<ActivityDeps, 'cluster' | 'inventory' | 'intents' | 'self' | 'timing'>) => {
  /** What is sold is not ours to use, also while its buyer does not use it. */
  const soldHere = async ({ architecture, resources, gpu }: ResourceRequest): Promise<Resources> =>
    (await inventory.ledgers())
      // What instances of blueprints use, their pods say.
      .filter(({ flavor: { offer } }) => offer.kind === 'k8slice' && (architecture === undefined || offer.architecture === architecture))
      .map(({ sold, flavor: { offer } }) => {
        const same = offer.kind === 'k8slice' && (gpu?.resource ?? gpuResourceOf(offer)) === gpuResourceOf(offer);
        return resources.gpu !== undefined && same ? sold : withoutGpu(sold);
      })
      .reduce(add, NOTHING);
  /** Limits on price, latency and place are met at home: it is free, near and ours. */
  const lookAtHome = async ({ request }: { request: ResourceRequest }): Promise<Home> => {
    const wish = request.resources.gpu === undefined ? undefined : (request.gpu ?? {});
    const [{ total: unused, guests }, sold] = await Promise.all([cluster.free(request.architecture, wish), soldHere(request)]);
    const total = rest(unused, rest(sold, guests));
    const short = lacking(total, request.resources);
    return short.length === 0
      ? { fits: true, detail: 'fits locally' }
      : { fits: false, detail: short.map((name) => `${name}: ${request.resources[name]} wanted, ${total[name] ?? '0'} free`).join('; ') };
  };
  const firstLook = async ({ placement, workload, request }: Intent): Promise<Home | undefined> => {
    if (placement === 'remote') return { fits: false, detail: 'the intent wants a remote place' };
    if (workload.kind === 'namespace') return { fits: false, detail: 'a namespace is offloaded, not placed' };
    try {
      return await within(FIRST_LOOK_MS, lookAtHome({ request }));
    } catch {
      // Whatever it was: the next look shows it, where it can be seen and ended.
      return undefined;
    }
  };
  /** Before anything is bought for a user's own namespace: whether we are let into it. */
  const whyNotThere = async ({ workload }: Intent): Promise<string | undefined> => {
    if (workload.kind !== 'namespace') return undefined;
    try {
      return await within(FIRST_LOOK_MS, cluster.whyNotOffload({ namespace: workload.namespace }));
    } catch {
      // Whatever it was: the offloading tells.
      return undefined;
    }
  };
  return {
    /**
     * Everything that an intent's workflow has to know before its first step, in one read. An intent can be seen and ended once this has answered, so nothing that is away keeps it for longer
     * than a moment. `now` is the workflow's own time, so that a relative deadline is counted from its start.
     */
    async openIntent({ document, now }: { document: unknown; now: number }): Promise<Opened> {
      const facts = { self, timing };
      const reduced = reduceIntent(document, now);
      if ('problems' in reduced) return { facts, verdict: reduced };
      const why = await whyNotThere(reduced.ok);
      if (why !== undefined) return { facts, verdict: { problems: [{ field: 'spec.workload.namespace', problem: why }] } };
      const home = await firstLook(reduced.ok);
      return { facts, verdict: { intent: reduced.ok, ...(home && { home }) } };
    },
    lookAtHome,
    async saveIntent({ record }: { record: IntentRecord }): Promise<void> {
      await intents.save(record);
    },
  };
};
