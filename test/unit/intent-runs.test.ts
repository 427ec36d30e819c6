/** Whose an acquisition is: a wrong answer would have the reconciliation release what lives. */
import proto from '@temporalio/proto';
import { expect, test } from 'vitest';
import { intentProcesses } from '../../src/adapters/temporal/intents.ts';
import { acquisitionOf, intentName } from '../../src/domain/ids.ts';

const { WORKFLOW_EXECUTION_STATUS_RUNNING: RUNNING, WORKFLOW_EXECUTION_STATUS_TERMINATED: TERMINATED } =
  proto.temporal.api.enums.v1.WorkflowExecutionStatus;
const FIRST = '01890a5d-0000-7000-8000-00000000000a';
const LATER = '01890a5d-0000-7000-8000-00000000000b';
const attempt = acquisitionOf(FIRST, 3);

interface Described {
  readonly status: number;
  readonly runId: string;
  readonly firstRunId?: string;
}
/** An intent as the server describes it, and an acquisition that it, or nobody, started. */
function processes(intent: Described, parent: boolean) {
  const describe = (workflowId: string) => async () => {
    const { status, runId, firstRunId = '' } = workflowId === 'intent/shop' ? intent : { status: RUNNING, runId: 'x', firstRunId: 'x' };
    const parentExecution = parent && workflowId !== 'intent/shop' ? { workflowId: 'intent/shop' } : undefined;
    return { raw: { workflowExecutionInfo: { status, firstRunId, execution: { runId }, historyLength: 1, parentExecution } } };
  };
  const temporal = { client: { workflow: { getHandle: (workflowId: string) => ({ describe: describe(workflowId) }) } } };
  return intentProcesses({
    temporal: temporal as never,
    node: 'south',
    call: (_, work) => work(),
    ask: () => Promise.reject(new Error('nobody is asked')),
  });
}

test.each<[string, Described, boolean, boolean]>([
  ['its first run goes on', { status: RUNNING, runId: FIRST, firstRunId: FIRST }, true, true],
  ['it went on as new', { status: RUNNING, runId: LATER, firstRunId: FIRST }, true, true],
  ['another run of its name goes on', { status: RUNNING, runId: LATER, firstRunId: LATER }, true, false],
  ['it was terminated', { status: TERMINATED, runId: FIRST, firstRunId: FIRST }, true, false],
  ['the server does not tell which run was the first', { status: RUNNING, runId: LATER }, true, true],
  ['nobody started it', { status: TERMINATED, runId: FIRST, firstRunId: FIRST }, false, true],
])('an acquisition is wanted or not when %s', async (_, intent, parent, wanted) => {
  const { isWanted, runsIntent } = processes(intent, parent);
  expect(await isWanted(attempt)).toBe(wanted);
  if (parent) expect(await runsIntent(intentName('shop'), FIRST)).toBe(wanted);
});
