import type { Client } from '@temporalio/client';
import { startTemporal } from '../../deploy/playground/temporal.ts';
import * as messages from '../../workflows/messages.ts';

/**
 * A Temporal that finds a history long after `events`, so that a workflow goes on in new runs of itself: choose fewer than it needs to get into use, and more than one round of
 * its teardown.
 */
export const startForgetfulTemporal = (events: number) =>
  startTemporal({ settings: { 'limit.historyCount.suggestContinueAsNew': events } });

/** Runs of a workflow so far. */
export const runsOf = async (client: Client, workflowId: string): Promise<number> =>
  (await client.workflow.count(`WorkflowId = "${workflowId}"`)).count;
export const stepsOf = async (client: Client, workflowId: string): Promise<readonly string[]> =>
  (await client.workflow.getHandle(workflowId).query(messages.journal)).map(({ step }) => step);
/** Search attributes ride continue-as-new: what a run before found stuck must not stay so. */
export async function saysStuck(client: Client, workflowId: string): Promise<unknown> {
  const { searchAttributes } = await client.workflow.getHandle(workflowId).describe();
  return searchAttributes['RearguardStuck']?.[0];
}
