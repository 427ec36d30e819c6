import proto from '@temporalio/proto';
import type { TemporalClient } from './connection.ts';
import { isNotFound } from './errors.ts';

// CommonJS: Node finds no named exports in it.
const { temporal } = proto;

/** Where a workflow's history stands. */
export interface Stand {
  readonly runId: string;
  /** The id of its last event: grows with everything that happens to it. */
  readonly last: number;
  readonly open: boolean;
  /** Of the first run of the chain, which continue-as-new keeps; older servers do not tell. */
  readonly firstRunId?: string;
  /** The workflow that started it as its child. */
  readonly parent?: string;
}

const RUNNING = temporal.api.enums.v1.WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING;

/** `undefined` when there is no such workflow. */
export async function standOf({ client }: TemporalClient, workflowId: string): Promise<Stand | undefined> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    const info = raw.workflowExecutionInfo;
    const runId = info?.execution?.runId ?? '';
    const parent = info?.parentExecution?.workflowId;
    return {
      runId,
      last: Number(info?.historyLength ?? 0),
      open: info?.status === RUNNING,
      ...(info?.firstRunId && { firstRunId: info.firstRunId }),
      ...(parent && { parent }),
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Resolves when the workflow has an event beyond `stand`, or the signal aborts. Temporal holds the call until there is one, so that watching costs neither polls nor
 * events of the history (an update would cost five of them each time).
 */
export async function untilEventAfter(
  { client, connection }: TemporalClient,
  workflowId: string,
  stand: Stand,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  if (!stand.open) return await new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const execution = { workflowId, runId: stand.runId };
  const { namespace } = client.options;
  await connection.withAbortSignal(signal, async () => {
    let nextPageToken: Uint8Array | undefined;
    for (;;) {
      const page = await connection.workflowService.getWorkflowExecutionHistory({
        namespace,
        execution,
        waitNewEvent: true,
        ...(nextPageToken && { nextPageToken }),
      });
      if ((page.history?.events ?? []).some(({ eventId }) => Number(eventId) > stand.last)) return;
      if (!page.nextPageToken || page.nextPageToken.length === 0) return;
      nextPageToken = page.nextPageToken;
    }
  });
}
