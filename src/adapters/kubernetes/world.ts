import { type AcquisitionId, acquisitionId, clusterId, contractId, intentName, sliceName } from '../../domain/ids.ts';
import type { World, WorldEvent } from '../../ports/world.ts';
import type { Api } from './api.ts';
import { type Told, tellBroken } from './breaking.ts';
import type { Log } from './faults.ts';
import { isBroken, verdictOf } from './health.ts';
import { KINDS } from './kinds.ts';
import { LIQO_KEYS, OURS, VIRTUAL_NODE } from './labels.ts';
import { keepHolding } from './lease.ts';
import { contractOfSlice } from './meeting.ts';
import {
  type JobObject,
  type KubeObject,
  type Metadata,
  type NodeObject,
  type PodObject,
  type ResourceSliceObject,
  conditionOf,
  isGoing,
  isOfJob,
  isReady,
  label,
} from './objects.ts';
import { type Look, follow } from './following.ts';

const LEASE = 'world';

interface Known {
  readonly fact: string;
  readonly gone?: WorldEvent | undefined;
  /** Of a pod that broke. */
  readonly told?: Told | undefined;
}

/** What is as it should be, or on the ordinary way there. Each event costs a history, so only what leaves it, or comes back to it, is told. */
const ORDINARY: readonly (string | undefined)[] = [undefined, 'coming', 'well'];

/** What each watched object means to a workflow, as text: an event is told when it changes. */
interface Subject {
  readonly look: Look;
  /** Which one it is; absent for one that is not ours. */
  readonly key: (object: KubeObject) => string | undefined;
  /** Of one that has a key. */
  readonly facts: (
    object: KubeObject,
    /** What it was before; absent for one that is new. */
    was: Known | undefined,
    /** Milliseconds since the epoch. */
    now: number,
  ) => Known & { readonly event: WorldEvent };
}

/** What a process knows of a subject, by key, and under which key by the object's name. */
interface Memory {
  readonly keys: Map<string, string>;
  readonly known: Map<string, Known>;
}

/** Whether its cluster takes it off its node, as when that is dead: then it may stay there for ever, and what replaces it waits. */
const isTaken = ({ status }: PodObject): boolean => conditionOf(status?.conditions, 'DisruptionTarget')?.status === 'True';

const acquisitionOfNode = (name: string): AcquisitionId | undefined => {
  const prefix = sliceName(acquisitionId(''));
  return name.startsWith(prefix) ? acquisitionId(name.slice(prefix.length)) : undefined;
};

/** Whose slice it is that a buyer sent. */
const senderOf = (slice: KubeObject): string | undefined => label(slice, LIQO_KEYS.origin) ?? label(slice, LIQO_KEYS.remoteCluster);

/** What a slice asked for when it was told: each of the first changes counts, then only every doubling, since a tenant may change it as often as it likes. */
function askedAt({ generation = 0 }: Metadata): number {
  return generation <= EACH_CHANGE ? generation : 2 ** Math.floor(Math.log2(generation));
}
const EACH_CHANGE = 16;
const workloadChanged = (object: KubeObject): WorldEvent => ({
  kind: 'workload-changed',
  intent: intentName(label(object, OURS.intent) ?? ''),
});

const SUBJECTS: readonly Subject[] = [
  {
    look: { kind: KINDS.resourceSlice, labels: `${LIQO_KEYS.replicated}=true` },
    key: (slice) => senderOf(slice) && `slice ${slice.metadata.uid}`,
    facts: (slice: ResourceSliceObject, was) => {
      const buyer = clusterId(senderOf(slice) ?? '');
      const contract = contractOfSlice(slice);
      // Liqo writes its own verdict first; whoever writes at the same time makes it begin anew.
      const kind = conditionOf(slice.status?.conditions, 'Authentication') ? 'slice-offered' : 'slice-seen';
      // What it asks for may be changed after the verdict: then it is judged again. Its deletion counts as a change too, and is none.
      const fact = isGoing(slice) && was ? was.fact : `${kind} ${askedAt(slice.metadata)}`;
      if (contract === undefined) return { fact, event: { kind: 'slice-seen', buyer } };
      const about = { buyer, contract: contractId(contract) };
      const gone: WorldEvent = { kind: 'slice-gone', ...about };
      if (kind === 'slice-offered' || slice.spec?.csr) return { fact, event: { kind, ...about }, gone };
      return { fact, event: { kind, ...about, uncertified: true }, gone };
    },
  },
  {
    look: { kind: KINDS.node, labels: `${LIQO_KEYS.nodeType}=${VIRTUAL_NODE}` },
    key: ({ metadata }) => acquisitionOfNode(metadata.name) && `node ${metadata.name}`,
    facts: (node: NodeObject, was) => {
      const ready = isReady(node);
      const about = { kind: 'node-changed', acquisition: acquisitionOfNode(node.metadata.name) ?? acquisitionId('') } as const;
      return {
        fact: ready ? 'well' : was === undefined || was.fact === 'coming' ? 'coming' : 'lost',
        event: { ...about, ready },
        gone: { ...about, ready: false },
      };
    },
  },
  {
    look: { kind: KINDS.pod, labels: OURS.intent },
    // At a seller the copies of a buyer's pods carry its intent's name: they are not ours.
    key: (pod) =>
      label(pod, OURS.intent) === undefined || label(pod, LIQO_KEYS.podOrigin) !== undefined ? undefined : `pod ${pod.metadata.uid}`,
    facts: (pod: PodObject, was, now) => {
      const event = workloadChanged(pod);
      const told = tellBroken(was?.told, isBroken(pod), now);
      // What the end of a Job's pod means its Job says, a second later: there may be thousands of them.
      const over = isOfJob(pod) ? undefined : ['Failed', 'Succeeded'].find((phase) => phase === pod.status?.phase);
      return { fact: over ?? (isTaken(pod) ? 'taken away' : told ? `broken, told at ${told.at}` : 'well'), told, event, gone: event };
    },
  },
  {
    // Also where its pods run at a seller the Job itself stands at home.
    look: { kind: KINDS.job, labels: OURS.intent },
    key: (job) => (label(job, OURS.intent) === undefined ? undefined : `job ${job.metadata.uid}`),
    facts: (job: JobObject) => {
      const event = workloadChanged(job);
      return { fact: verdictOf(job)?.state ?? 'well', event, gone: event };
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
  const subjects = SUBJECTS.map((subject) => ({ subject, memory: { keys: new Map(), known: new Map() } satisfies Memory }));
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
            ...subjects.map(({ subject, memory }) =>
              follow({
                api,
                look: subject.look,
                signal: ending.signal,
                onState: teller.compare(subject, memory),
                onTrouble: (fault) => log.warn({ code: fault.code, why: fault.message }, 'the watch is interrupted'),
              }),
            ),
          ]);
        } finally {
          stop();
          held.removeEventListener('abort', stop);
        }
      };
      await keepHolding({ api, name: LEASE, signal, log, work });
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
    const key = event.kind === 'node-changed' ? `${kind} ${event.acquisition}` : `${kind} ${JSON.stringify(about)}`;
    // At the end, also what waits already: who says something all the time keeps nobody else waiting.
    waiting.delete(key);
    waiting.set(key, event);
    void tell();
  };
  return {
    failed,
    /** Looks at all objects once they are listed, and from then on at the one that changed. */
    compare(subject: Subject, { keys, known }: Memory) {
      let first = true;
      return (objects: ReadonlyMap<string, KubeObject>, changed?: string): void => {
        const at = clock();
        const look = (name: string): void => {
          const object = objects.get(name);
          const key = object && subject.key(object);
          const before = keys.get(name);
          if (before !== undefined && before !== key) {
            const gone = known.get(before)?.gone;
            known.delete(before);
            keys.delete(name);
            if (gone) say(gone);
          }
          if (object === undefined || key === undefined) return;
          const was = known.get(key);
          const found = subject.facts(object, was, at);
          keys.set(name, key);
          known.set(key, found);
          if (was?.fact !== found.fact && !(ORDINARY.includes(was?.fact) && ORDINARY.includes(found.fact))) say(found.event);
          else if (first && found.fact !== 'well') say(found.event);
        };
        for (const name of changed === undefined ? new Set([...keys.keys(), ...objects.keys()]) : [changed]) look(name);
        first = false;
      };
    },
  };
}
