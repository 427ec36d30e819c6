import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { Fault } from '../../domain/faults.ts';
import { type AcquisitionId, type IntentName, acquisitionOf, isAttemptOf, taskQueues, workflowIds } from '../../domain/ids.ts';
import { sameIntent } from '../../domain/intent.ts';
import type { Ending } from '../../domain/reasons.ts';
import type { Processes } from '../../ports/processes.ts';
import * as messages from '../../../workflows/messages.ts';
import type { Calls } from './processes.ts';
import { isNotFound } from './errors.ts';
import { shownIntent } from './starting.ts';
import { type Stand, standOf, untilEventAfter } from './watching.ts';

/** How many of an intent's newest acquisitions are watched with it. */
const WATCHED = 3;

type IntentProcesses = Pick<
  Processes,
  'startIntent' | 'readIntent' | 'readStatus' | 'awaitIntent' | 'acquisitionsOf' | 'endIntent' | 'runsIntent' | 'isWanted'
>;

/** Intents as workflows: started once per name and document, read by queries, watched by their history. */
export function intentProcesses({ temporal, node, call, ask }: Calls): IntentProcesses {
  const { client } = temporal;
  const handleOf = (name: IntentName) => client.workflow.getHandle(workflowIds.intent(name));
  /** The document that a workflow was started with: its memo, or its first event when a plain Temporal client started it. */
  const documentOf = async (name: IntentName): Promise<unknown> => {
    const { memo, raw } = await handleOf(name).describe();
    if (memo?.['document'] !== undefined) return memo['document'];
    const runId = raw.workflowExecutionInfo?.firstRunId ?? raw.workflowExecutionInfo?.execution?.runId ?? '';
    const { history } = await temporal.connection.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: workflowIds.intent(name), runId },
      maximumPageSize: 1,
    });
    const payload = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
    const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
    let payloads = payload ? [payload] : [];
    for (const codec of payloadCodecs) payloads = await codec.decode(payloads);
    const [first] = payloads;
    return first ? payloadConverter.fromPayload(first) : undefined;
  };
  const attemptsOf = async (name: IntentName): Promise<readonly AcquisitionId[]> => {
    const [{ raw }, { attempts, serviceAttempts = 0 }] = await Promise.all([
      handleOf(name).describe(),
      ask(workflowIds.intent(name), messages.status),
    ]);
    const firstRunId = raw.workflowExecutionInfo?.firstRunId ?? raw.workflowExecutionInfo?.execution?.runId ?? '';
    return Array.from({ length: attempts + serviceAttempts }, (_, index) => acquisitionOf(firstRunId, index + 1));
  };
  const stands = async (name: IntentName): Promise<readonly (readonly [string, Stand])[]> => {
    const intent = await standOf(temporal, workflowIds.intent(name));
    if (!intent) return [];
    // Without a worker no query answers; the intent itself can be watched all the same.
    const attempts = intent.open ? await attemptsOf(name).catch(() => []) : [];
    const ids = attempts.slice(-WATCHED).map((id) => workflowIds.acquisition(id));
    const others = await Promise.all(ids.map(async (id) => [id, await standOf(temporal, id)] as const));
    return [[workflowIds.intent(name), intent], ...others.flatMap(([id, stand]) => (stand ? [[id, stand] as const] : []))];
  };
  const markOf = (all: readonly (readonly [string, Stand])[]): string =>
    all.map(([, { runId, last }]) => `${runId.slice(-12)}:${last}`).join('_');

  return {
    startIntent: ({ name, document }) =>
      call(`starting intent ${name}`, async () => {
        try {
          await client.workflow.start(messages.workflowTypes.intent, {
            workflowId: workflowIds.intent(name),
            taskQueue: taskQueues.forward,
            args: [document],
            workflowIdConflictPolicy: 'FAIL',
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            memo: { document },
            ...shownIntent(name, document, node),
          });
          return { created: true };
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        }
        if (sameIntent(await documentOf(name), document)) return { created: false };
        throw new Fault('INTENT_EXISTS', `an intent named ${name} lives with another document; end it first, or choose another name`, {
          name,
        });
      }),
    readIntent: (name) =>
      call(`reading intent ${name}`, async () => {
        const id = workflowIds.intent(name);
        try {
          const status = await ask(id, messages.status);
          const { entries, silent } = await ask(id, messages.plan);
          const journal = await ask(id, messages.journal);
          const document = await documentOf(name);
          return { status, document, plan: entries, silent, journal };
        } catch (error) {
          if (isNotFound(error)) return undefined;
          throw error;
        }
      }),
    readStatus: (name) =>
      call(`reading the status of intent ${name}`, async () => {
        try {
          return await ask(workflowIds.intent(name), messages.status);
        } catch (error) {
          if (isNotFound(error)) return undefined;
          throw error;
        }
      }),
    async awaitIntent(name, { after, timeoutMs, signal }) {
      const until = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
      const now = await call(`watching intent ${name}`, () => stands(name));
      const open = now.some(([, stand]) => stand.open);
      if (now.length === 0) return undefined;
      if (after === undefined || after !== markOf(now) || !open) return { mark: markOf(now), open };
      const stop = new AbortController();
      const either = AbortSignal.any([until, stop.signal]);
      const waits = now.map(([id, stand]) =>
        untilEventAfter(temporal, id, stand, either).catch((error: unknown) => {
          if (!either.aborted) throw error;
        }),
      );
      try {
        await call(`watching intent ${name}`, () => Promise.race(waits), timeoutMs + 5_000);
      } finally {
        stop.abort();
        await Promise.allSettled(waits);
      }
      const later = await call(`watching intent ${name}`, () => stands(name));
      return later.length === 0 ? undefined : { mark: markOf(later), open: later.some(([, stand]) => stand.open) };
    },
    runsIntent: (name, runId) =>
      call(`looking for a run of intent ${name}`, async () => {
        const stand = await standOf(temporal, workflowIds.intent(name));
        return stand?.open === true && (stand.firstRunId === undefined || stand.firstRunId === runId);
      }),
    isWanted: (acquisition) =>
      call(`looking for the intent of acquisition ${acquisition}`, async () => {
        const parent = (await standOf(temporal, workflowIds.acquisition(acquisition)))?.parent;
        if (parent === undefined) return true;
        const stand = await standOf(temporal, parent);
        // One that cannot be told from another run of its name is left alone: what lives must never be released.
        return stand?.open === true && (stand.firstRunId === undefined || isAttemptOf(stand.firstRunId, acquisition));
      }),
    acquisitionsOf: (name) => call(`reading intent ${name}`, () => attemptsOf(name)),
    endIntent: (name: IntentName, ending: Ending) =>
      call(`ending intent ${name}`, async () => {
        try {
          await handleOf(name).executeUpdate(messages.end, { args: [ending] });
        } catch (error) {
          if (!isNotFound(error)) throw error;
          // Over already, or never there: only the second is a fault.
          if (!(await standOf(temporal, workflowIds.intent(name))))
            throw new Fault('NOT_FOUND', `there is no intent named ${name}`, { name });
        }
      }),
  };
}
