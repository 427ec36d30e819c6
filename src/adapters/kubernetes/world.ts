import { type AcquisitionId, acquisitionId, clusterId, contractId, intentName, sliceName } from '../../domain/ids.ts';
import { isFault } from '../../domain/faults.ts';
import type { World, WorldEvent } from '../../ports/world.ts';
import type { Api } from './api.ts';
import { type Told, tellBroken } from './breaking.ts';
import type { Log } from './faults.ts';
import { isBroken, verdictOf } from './health.ts';
import { KINDS } from './kinds.ts';
import { LIQO_KEYS, OURS, VIRTUAL_NODE } from './labels.ts';
import { holding } from './lease.ts';
import { contractOfSlice } from './meeting.ts';
import { type JobObject, type KubeObject, type NodeObject, type PodObject, isOfJob, isReady, label } from './objects.ts';
import { type Look, follow, rest } from './watching.ts';

const LEASE = 'world';
const AGAIN_MS = 1_000;

interface Known {
  readonly fact: string;
  readonly gone: WorldEvent;
  /** Of a pod that broke. */
  readonly told?: Told | undefined;
}

/** What is as it should be, or on the ordinary way there. Each event costs a history, so only what leaves it, or comes back to it, is told. */
const ORDINARY: readonly (string | undefined)[] = [undefined, 'coming', 'well'];

/** What each watched object means to a workflow, as text: an event is told when it changes. */
interface Subject {
  readonly look: Look;
  readonly facts: (
    object: KubeObject,
    /** What it was before; absent for one that is new. */
    was: Known | undefined,
    /** Milliseconds since the epoch. */
    now: number,
  ) => (Known & { readonly key: string; readonly event: WorldEvent }) | undefined;
}

const acquisitionOfNode = (name: string): AcquisitionId | undefined => {
  const prefix = sliceName(acquisitionId(''));
  return name.startsWith(prefix) ? acquisitionId(name.slice(prefix.length)) : undefined;
};

const SUBJECTS: readonly Subject[] = [
  {
    look: { kind: KINDS.resourceSlice, labels: `${LIQO_KEYS.replicated}=true` },
    facts: (slice) => {
      const contract = contractOfSlice(slice);
      const buyer = label(slice, LIQO_KEYS.origin) ?? label(slice, LIQO_KEYS.remoteCluster);
      if (contract === undefined || buyer === undefined) return undefined;
      const about = { buyer: clusterId(buyer), contract: contractId(contract) };
      return {
        key: `slice ${slice.metadata.uid}`,
        fact: 'offered',
        event: { kind: 'slice-offered', ...about },
        gone: { kind: 'slice-gone', ...about },
      };
    },
  },
  {
    look: { kind: KINDS.node, labels: `${LIQO_KEYS.nodeType}=${VIRTUAL_NODE}` },
    facts: (node: NodeObject, was) => {
      const acquisition = acquisitionOfNode(node.metadata.name);
      if (acquisition === undefined) return undefined;
      const ready = isReady(node);
      const about = { kind: 'node-changed', acquisition } as const;
      return {
        key: `node ${node.metadata.name}`,
        fact: ready ? 'well' : was === undefined || was.fact === 'coming' ? 'coming' : 'lost',
        event: { ...about, ready },
        gone: { ...about, ready: false },
      };
    },
  },
  {
    look: { kind: KINDS.pod, labels: OURS.intent },
    facts: (pod: PodObject, was, now) => {
      const intent = label(pod, OURS.intent);
      // At a seller the copies of a buyer's pods carry its intent's name: they are not ours.
      if (intent === undefined || label(pod, LIQO_KEYS.podOrigin) !== undefined) return undefined;
      const event: WorldEvent = { kind: 'workload-changed', intent: intentName(intent) };
      const told = tellBroken(was?.told, isBroken(pod), now);
      // What the end of a Job's pod means its Job says, a second later: there may be thousands of them.
      const over = isOfJob(pod) ? undefined : ['Failed', 'Succeeded'].find((phase) => phase === pod.status?.phase);
      return {
        key: `pod ${pod.metadata.uid}`,
        fact: over ?? (told ? `broken, told at ${told.at}` : 'well'),
        told,
        event,
        gone: event,
      };
    },
  },
  {
    // Also where its pods run at a seller the Job itself stands at home.
    look: { kind: KINDS.job, labels: OURS.intent },
    facts: (job: JobObject) => {
      const intent = label(job, OURS.intent);
      if (intent === undefined) return undefined;
      const event: WorldEvent = { kind: 'workload-changed', intent: intentName(intent) };
      return { key: `job ${job.metadata.uid}`, fact: verdictOf(job)?.state ?? 'well', event, gone: event };
    },
  },
];

/**
 * The port World: one shared watch per cluster, under the Lease `world`. Sinks are called one after the other; one that fails ends the watch. What was known and what was not told
 * stays with the process: a watch that begins again tells the present state, and of what went away in between.
 */
export function kubernetesWorld({
  api,
  log,
  now = Date.now,
}: {
  readonly api: Api;
  readonly log: Log;
  readonly now?: () => number;
}): World {
  const waiting = new Map<string, WorldEvent>();
  const known = new Map<Subject, ReadonlyMap<string, Known>>();
  return {
    async watch(sink, signal) {
      const work = async (held: AbortSignal): Promise<void> => {
        log.info({}, 'this process watches the cluster');
        const ending = new AbortController();
        const stop = (): void => ending.abort();
        held.addEventListener('abort', stop, { once: true });
        const teller = openTeller(waiting, sink, now);
        try {
          await Promise.race([
            teller.failed,
            ...SUBJECTS.map((subject) =>
              follow({
                api,
                look: subject.look,
                signal: ending.signal,
                onState: teller.compare(subject, known),
                onTrouble: (fault) => log.warn({ code: fault.code, why: fault.message }, 'the watch is interrupted'),
              }),
            ),
          ]);
        } finally {
          stop();
          held.removeEventListener('abort', stop);
        }
      };
      while (!signal.aborted) {
        try {
          await holding({ api, name: LEASE, signal, log, work });
        } catch (error) {
          if (!isFault(error) || error.code !== 'CLUSTER_UNREACHABLE') throw error;
          await rest(AGAIN_MS, signal);
        }
      }
    },
  };
}

/** Tells what changed between two states; what is told twice before anybody listened is told once. */
function openTeller(waiting: Map<string, WorldEvent>, sink: (event: WorldEvent) => Promise<void>, clock: () => number) {
  let telling = false;
  let fail: (why: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  const tell = async (): Promise<void> => {
    if (telling) return;
    telling = true;
    try {
      for (let next = waiting.entries().next().value; next; next = waiting.entries().next().value) {
        const [key, event] = next;
        await sink(event);
        if (waiting.get(key) === event) waiting.delete(key);
      }
      telling = false;
    } catch (error) {
      fail(error); // and tells no more: what waits is told by the next watch
    }
  };
  const say = (event: WorldEvent): void => {
    const { kind, ...about } = event;
    waiting.set(event.kind === 'node-changed' ? `${kind} ${event.acquisition}` : `${kind} ${JSON.stringify(about)}`, event);
    void tell();
  };
  return {
    failed,
    compare(subject: Subject, all: Map<Subject, ReadonlyMap<string, Known>>) {
      let first = true;
      return (objects: ReadonlyMap<string, KubeObject>): void => {
        const before = all.get(subject);
        const now = new Map<string, Known>();
        const at = clock();
        for (const object of objects.values()) {
          const key = subject.facts(object, undefined, at)?.key;
          if (key === undefined) continue;
          const known = before?.get(key);
          const was = known?.fact;
          const found = subject.facts(object, known, at);
          if (!found) continue;
          now.set(key, found);
          if (was !== found.fact && !(ORDINARY.includes(was) && ORDINARY.includes(found.fact))) say(found.event);
          else if (first && found.fact !== 'well') say(found.event);
        }
        for (const [key, { gone }] of before ?? []) if (!now.has(key)) say(gone);
        all.set(subject, now);
        first = false;
      };
    },
  };
}
