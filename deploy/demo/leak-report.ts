import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { SnapshotEntry } from '../../src/adapters/kubernetes/snapshot.ts';
import { waitFor } from '../playground/wait.ts';
import type { Ledger } from './ledger.ts';

/** Where one node's traces are. */
export interface Traced {
  readonly name: string;
  /** Every object of the kinds that we or Liqo make. */
  readonly snapshot: () => Promise<readonly SnapshotEntry[]>;
  readonly ledger: Ledger;
  readonly temporal: Client;
}

/** Everything that stands, by name, as `node: what`. */
export type Inspection = ReadonlyMap<string, string>;

/** Looks at every node's cluster, ledger and workflows. Throws when one of them does not answer: what is not seen is not proved to be gone. */
export async function inspect(nodes: readonly Traced[]): Promise<Inspection> {
  const all = await Promise.all(
    nodes.map(async ({ name, snapshot, ledger, temporal }) => {
      const [objects, facts, open] = await Promise.all([snapshot(), ledger.facts(), openWorkflows(temporal)]);
      return [
        ...objects.map((object) => [titleOf(object), 'there'] as const),
        ...facts,
        ...open.map((id) => [`open workflow ${id}`, 'running'] as const),
      ].map(([what, value]) => [`${name}: ${what}`, value] as const);
    }),
  );
  return new Map(all.flat());
}

const titleOf = ({ kind, namespace, name }: SnapshotEntry): string => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

/** What is there now and was not before, what changed, and what is missing that was there before. */
export function leaksBetween(before: Inspection, after: Inspection): readonly string[] {
  const more = [...after].flatMap(([what, value]) => {
    const was = before.get(what);
    if (was === value) return [];
    return [was === undefined ? `${what}${value === 'there' ? '' : ` (${value})`}` : `${what}: was ${was}, is ${value}`];
  });
  const less = [...before.keys()].filter((what) => !after.has(what)).map((what) => `${what}: is missing`);
  return [...more, ...less].sort();
}

/**
 * Waits until nothing is left, or says what is. First for every workflow that is still open, by its own history; then for what Kubernetes and Liqo still
 * clean up behind them, which nothing announces as a whole.
 */
export async function awaitNoLeaks(nodes: readonly Traced[], before: Inspection, seconds: number): Promise<readonly string[]> {
  const deadline = Date.now() + seconds * 1000;
  const left = (): number => Math.max(1, (deadline - Date.now()) / 1000);
  await Promise.all(
    nodes.map(async ({ name, temporal }) => {
      for (const id of await openWorkflows(temporal))
        if (!before.has(`${name}: open workflow ${id}`)) await untilClosed(temporal, id, deadline);
    }),
  );
  let leaks: readonly string[] = ['nothing could be looked at'];
  await waitFor('an empty leak report', left(), async () => {
    leaks = leaksBetween(before, await inspect(nodes));
    return leaks.length === 0;
  }).catch((error: unknown) => {
    if (leaks.length === 0) leaks = [error instanceof Error ? error.message : String(error)];
  });
  return leaks;
}

/** But the reconciliation, which a schedule starts every minute whatever anybody does: a run that was open at the first look would be missing at the second. */
async function openWorkflows({ workflow }: Client): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of workflow.list({ query: 'ExecutionStatus = "Running" AND WorkflowType != "reconcile"' }))
    ids.push(workflowId);
  return ids;
}

/** Temporal holds the call until the workflow closes, or the deadline comes. */
async function untilClosed(client: Client, workflowId: string, deadline: number): Promise<void> {
  try {
    await client.connection.withDeadline(deadline, () => client.workflow.getHandle(workflowId).result());
  } catch (error) {
    // However it closed, it is closed; what is open at the deadline is told by the report.
    if (error instanceof WorkflowNotFoundError) return;
  }
}
