import fs from 'node:fs';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { recordHistory } from './recording.ts';

/** Replays against a bundle every history of a namespace that was not replayed before, closed and open; answers what is wrong with which, and how many there were. */
export type Replay = (client: Client) => Promise<{ readonly failed: readonly string[]; readonly replayed: number }>;

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** `wrongIn` finds what else must not be in a history. */
export function openReplay(
  bundle: string,
  wrongIn: (history: History) => readonly string[] = () => [],
  dataConverter: DataConverter = {},
): Replay {
  const workflowBundle = { code: fs.readFileSync(bundle, 'utf8') };
  const done = new Set<string>();
  async function* histories(client: Client, failed: string[]) {
    for await (const { workflowId, runId, status } of client.workflow.list()) {
      if (done.has(runId)) continue;
      // An open one goes on, and is looked at again.
      if (status.name !== 'RUNNING') done.add(runId);
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      // Before its first task is done there is nothing to compare; a local activity would only be missed.
      if (status.name === 'RUNNING' && !history.events?.some((event) => event.workflowTaskCompletedEventAttributes)) continue;
      for (const wrong of wrongIn(history)) failed.push(`${workflowId} (${runId}): ${wrong}`);
      // What is sealed cannot be replayed without its keys.
      if (dataConverter.payloadCodecs === undefined) recordHistory({ runId, history });
      yield { workflowId, history };
    }
  }
  return async (client) => {
    const failed: string[] = [];
    let replayed = 0;
    for await (const { workflowId, runId, error } of Worker.runReplayHistories(
      { workflowBundle, dataConverter },
      histories(client, failed),
    )) {
      replayed += 1;
      if (error) failed.push(`${workflowId} (${runId}): ${error.message}`);
    }
    return { failed, replayed };
  };
}
