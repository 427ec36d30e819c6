import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection, type QueryDefinition, WorkflowNotFoundError } from '@temporalio/client';
import type { PlanEntry } from '../../src/domain/candidate.ts';
import type { JournalEntry } from '../../src/domain/journal.ts';
import type { IntentStatus } from '../../src/domain/status.ts';
import * as messages from '../../workflows/messages.ts';
import { type HistoryEvent, type Purpose, leadsTo } from './leading.ts';

/** One run of a workflow as far as it was followed. */
export interface Followed extends Purpose {
  readonly node: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly open: boolean;
  /** Whether its journal was read after its last event so far; a worker that is away cannot be asked. */
  readonly read: boolean;
  readonly journal: readonly JournalEntry[];
  /** Of an intent. */
  readonly status?: IntentStatus;
  readonly plan?: readonly PlanEntry[];
}

/** Reads the workflows of all nodes along, by their histories: Temporal holds each call until something happens, so nothing is polled. */
export interface Following {
  /** Follows a workflow and every one that it leads to, on whichever node; one that is followed already goes on. */
  follow(node: string, workflowId: string): void;
  all(): readonly Followed[];
  latest(node: string, workflowId: string): Followed | undefined;
  /** Waits until `wanted` answers something about what is followed; throws at the deadline, with what `last` says. */
  until<T>(what: string, seconds: number, wanted: (following: Following) => T | undefined, last?: () => string): Promise<T>;
  /** Waits until the journals of all that has ended are read whole, or the deadline (seconds) comes. */
  complete(seconds: number): Promise<void>;
  /** Forgets what has ended, before the next scenario. */
  forget(): void;
  client(node: string): Client;
  stop(): Promise<void>;
}

/** A query is answered by a worker; a dead one does not. */
const QUERY_MS = 4_000;

export async function openFollowing(input: {
  readonly address: string;
  readonly namespaces: Readonly<Record<string, string>>;
  readonly onChange: (before: Followed | undefined, now: Followed) => void;
  /** Of a workflow that can be followed no more. */
  readonly onTrouble: (words: string) => void;
}): Promise<Following> {
  const connection = await Connection.connect({ address: input.address });
  const clients = new Map(Object.entries(input.namespaces).map(([node, namespace]) => [node, new Client({ connection, namespace })]));
  const seen = new Map<string, Followed>();
  const active = new Set<string>();
  const listeners = new Set<() => void>();
  const stopped = new AbortController();
  // One call under way per workflow that is followed.
  setMaxListeners(0, stopped.signal);

  const clientOf = (node: string): Client => {
    const client = clients.get(node);
    if (!client) throw new Error(`no node ${node}`);
    return client;
  };
  const put = (now: Followed): void => {
    const key = `${now.node} ${now.workflowId} ${now.runId}`;
    const before = seen.get(key);
    // Re-inserted, so that the newest run of a workflow id comes last.
    seen.delete(key);
    seen.set(key, now);
    input.onChange(before, now);
    for (const listener of new Set(listeners)) listener();
  };

  const looks = new Map<string, number>();
  /** At each event. A worker that is away is asked until it answers: before the workflow's end, until the next event asks it. */
  const look = async (node: string, workflowId: string, runId: string, open: boolean): Promise<void> => {
    const key = `${node} ${workflowId} ${runId}`;
    const turn = (looks.get(key) ?? 0) + 1;
    looks.set(key, turn);
    const handle = clientOf(node).workflow.getHandle(workflowId, runId);
    const ask = <T>(query: QueryDefinition<T>) => connection.withDeadline(Date.now() + QUERY_MS, () => handle.query(query));
    const tell = (told: Pick<Followed, 'read' | 'journal' | 'status' | 'plan'>): void => {
      if (looks.get(key) === turn) put({ node, workflowId, runId, open, ...purposes.get(`${node} ${workflowId}`), ...told });
    };
    /** False when nobody answers. */
    const read = async (): Promise<boolean> => {
      try {
        const journal = await ask(messages.journal);
        if (workflowId.startsWith('intent/')) {
          const [status, { entries }] = await Promise.all([ask(messages.status), ask(messages.plan)]);
          tell({ read: true, journal, status, plan: entries });
        } else tell({ read: true, journal });
        return true;
      } catch {
        const { open: was, journal = [], status, plan } = seen.get(key) ?? {};
        if (was !== open) tell({ read: false, journal, ...(status && { status }), ...(plan && { plan }) });
        return false;
      }
    };
    if (await read()) return;
    const later = async (): Promise<void> => {
      for (let wait = 200; ; wait = Math.min(wait * 1.5, 2_000)) {
        await pause(wait, undefined, { signal: stopped.signal }).catch(() => undefined);
        if (stopped.signal.aborted || looks.get(key) !== turn || (await read())) return;
      }
    };
    const asked = later();
    if (!open) await asked;
  };

  const run = async (node: string, workflowId: string): Promise<void> => {
    const client = clientOf(node);
    let runId = (await client.workflow.getHandle(workflowId).describe()).runId;
    const scheduled = new Map<string, HistoryEvent>();
    while (runId !== '') {
      let nextPageToken: Uint8Array | undefined;
      let nextRun = '';
      for (;;) {
        const page = await connection.withAbortSignal(stopped.signal, () =>
          connection.workflowService.getWorkflowExecutionHistory({
            namespace: client.options.namespace,
            execution: { workflowId, runId },
            waitNewEvent: true,
            ...(nextPageToken && { nextPageToken }),
          }),
        );
        const events = page.history?.events ?? [];
        for (const event of events) {
          for (const { workflowId: other, at = node, purpose } of leadsTo(event, scheduled))
            follow(at, other, purpose === 'same' ? purposes.get(`${node} ${workflowId}`) : purpose);
          nextRun = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? nextRun;
        }
        const open = (page.nextPageToken?.length ?? 0) > 0;
        if (events.length > 0 || !open) await look(node, workflowId, runId, open);
        if (!open) break;
        nextPageToken = page.nextPageToken;
      }
      runId = nextRun;
    }
  };

  const purposes = new Map<string, Purpose>();
  function follow(node: string, workflowId: string, purpose?: Purpose): void {
    const key = `${node} ${workflowId}`;
    if (active.has(key) || !clients.has(node)) return;
    active.add(key);
    const [kind, name = ''] = workflowId.split('/');
    purposes.set(key, purpose ?? (kind === 'intent' ? { intent: name } : {}));
    void run(node, workflowId)
      .catch((error: unknown) => {
        // What was never started, or a server that is going away, has nothing to tell.
        if (!stopped.signal.aborted && !(error instanceof WorkflowNotFoundError))
          input.onTrouble(`${key}: ${error instanceof Error ? error.message : error}`);
      })
      .finally(() => {
        active.delete(key);
        for (const listener of new Set(listeners)) listener();
      });
  }

  const following: Following = {
    follow: (node, workflowId) => follow(node, workflowId),
    all: () => [...seen.values()],
    latest: (node, workflowId) => [...seen.values()].filter((one) => one.node === node && one.workflowId === workflowId).at(-1),
    until: (what, seconds, wanted, last = () => '') =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          try {
            const found = wanted(following);
            if (found === undefined) return;
            finish();
            resolve(found);
          } catch (error) {
            finish();
            reject(error);
          }
        };
        const timer = setTimeout(() => {
          finish();
          reject(new Error(`${what}: not within ${seconds} s${last() === '' ? '' : `; last seen: ${last()}`}`));
        }, seconds * 1000);
        const finish = (): void => {
          clearTimeout(timer);
          listeners.delete(check);
        };
        listeners.add(check);
        check();
      }),
    async complete(seconds) {
      const whole = (): true | undefined =>
        active.size === 0 && [...seen.values()].every(({ open, read }) => !open && read) ? true : undefined;
      await following.until('the journals of what has ended', seconds, whole).catch(() => undefined);
    },
    forget() {
      for (const [key, { open }] of seen) {
        if (open) continue;
        seen.delete(key);
        looks.delete(key);
      }
    },
    client: clientOf,
    async stop() {
      stopped.abort();
      await connection.close();
    },
  };
  return following;
}
