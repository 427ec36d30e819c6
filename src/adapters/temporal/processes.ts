import { WithStartWorkflowOperation, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { ApplicationFailure, type QueryDefinition } from '@temporalio/common';
import * as messages from '../../../workflows/messages.ts';
import { Fault } from '../../domain/faults.ts';
import { type ContractId, contractOf, taskQueues, workflowIds } from '../../domain/ids.ts';
import type { Timing } from '../../domain/timing.ts';
import type { Processes } from '../../ports/processes.ts';
import { ATTRIBUTES } from './attributes.ts';
import type { Log, TemporalClient } from './connection.ts';
import { isLate, isNotFound, translated } from './errors.ts';
import { intentProcesses } from './intents.ts';
import { attributes, saleAttributes } from './starting.ts';
import { standOf } from './watching.ts';

/** What every call needs: the client, whose node this is, and one way to call with a deadline and to translate what goes wrong. */
export interface Calls {
  readonly temporal: TemporalClient;
  /** The node's id, for search attributes and words. */
  readonly node: string;
  readonly call: <T>(doing: string, work: () => Promise<T>, milliseconds?: number) => Promise<T>;
  /**
   * Asks a workflow, within a call, and once more when half of the time is over: the SDK's core (1.24) drops the queries that wait for one whose workflow ended
   * ("leftover buffered tasks when evicting run"), and the server waits for an answer until the deadline. For the same reason one reader asks one thing at a time.
   */
  readonly ask: <T>(workflowId: string, query: QueryDefinition<T>) => Promise<T>;
}

/** How many open workflows a window shows at most. */
const MOST_OPEN = 10_000;

/** The port {@link Processes} on Temporal. Every call has a deadline; 5 s unless it waits for something by its nature. */
export function temporalProcesses(input: {
  readonly temporal: TemporalClient;
  readonly node: string;
  readonly log: Log;
  readonly callMs?: number;
  /** What the sales that are started here are started with; they read it themselves when absent. */
  readonly timing?: Timing;
}): Processes {
  const { temporal, node, log, callMs = 5_000, timing } = input;
  const { client } = temporal;
  const call: Calls['call'] = async (doing, work, milliseconds = callMs) => {
    try {
      return await temporal.within(milliseconds, work);
    } catch (error) {
      throw translated(error, doing, log);
    }
  };
  const ask: Calls['ask'] = async (workflowId, query) => {
    const answer = () => client.workflow.getHandle(workflowId).query(query);
    try {
      return await temporal.within(callMs / 2, answer);
    } catch (error) {
      if (!isLate(error)) throw error;
      log.debug({ workflowId, query: query.name }, 'a query that was not answered is asked again');
      return await answer();
    }
  };
  /** A signal that is a hint, or asks for an end: nobody left to hear it is success. */
  const tell = (workflowId: string, doing: string, send: (handle: ReturnType<typeof client.workflow.getHandle>) => Promise<void>) =>
    call(doing, async () => {
      try {
        await send(client.workflow.getHandle(workflowId));
      } catch (error) {
        if (!isNotFound(error)) throw error;
        log.debug({ workflowId, doing }, 'nobody there to be told');
      }
    });
  const meet =
    (signal: typeof messages.join): Processes['joinPeering'] =>
    (peer, user) =>
      call(`${signal.name} of the peering with ${peer}`, async () => {
        await client.workflow.signalWithStart(messages.workflowTypes.peering, {
          workflowId: workflowIds.peering(peer),
          taskQueue: taskQueues.forward,
          args: [peer],
          signal,
          signalArgs: [user],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: `Peering of node ${node} with cluster ${peer}`,
          typedSearchAttributes: attributes(node, 'peering'),
        });
      });
  const calls = { temporal, node, call, ask };

  return {
    ...intentProcesses(calls),
    retryTeardown: (workflowId) =>
      call(`retrying the teardown of ${workflowId}`, () => client.workflow.getHandle(workflowId).executeUpdate(messages.retryTeardown)),
    purchase: purchasing(calls, timing),
    async endContract(transaction, ending, by = 'buyer') {
      const workflowId = workflowIds.contract(transaction);
      await call(`ending the contract of ${transaction}`, async () => {
        try {
          await client.workflow.getHandle(workflowId).signal(messages.endContract, { by, ending });
        } catch (error) {
          if (!isNotFound(error) || !(await standOf(temporal, workflowId))) throw error;
        }
      });
    },
    noticeOfRenewal: (transaction, expiresAt) =>
      tell(workflowIds.contract(transaction), 'a later end', (handle) => handle.signal(messages.renewed, { expiresAt })),
    releaseAcquisition: (acquisition, ending) =>
      tell(workflowIds.acquisition(acquisition), `releasing acquisition ${acquisition}`, (handle) =>
        handle.signal(messages.release, ending),
      ),
    noticeToAcquisition: (acquisition) =>
      tell(workflowIds.acquisition(acquisition), 'a notice of end', (handle) => handle.signal(messages.contractNotice)),
    noticeOfSlice: (transaction, what) =>
      tell(workflowIds.contract(transaction), `a slice that is ${what}`, (handle) =>
        handle.signal(what === 'offered' ? messages.sliceOffered : messages.sliceGone),
      ),
    noticeOfNode: (acquisition, ready) =>
      tell(workflowIds.acquisition(acquisition), 'a node that changed', (handle) => handle.signal(messages.nodeChanged, { ready })),
    noticeOfWorkload: (intent) =>
      tell(workflowIds.intent(intent), 'a workload that changed', (handle) => handle.signal(messages.workloadChanged)),
    joinPeering: meet(messages.join),
    leavePeering: meet(messages.leave),
    answerUser: ({ replyTo, report }) =>
      tell(replyTo, `the answer of the peering about ${report.contract}`, (handle) => handle.signal(messages.peeringReport, report)),
    open: ({ all = false, stuck = false } = {}) =>
      call(
        'listing open workflows',
        async () => {
          const found: Awaited<ReturnType<Processes['open']>>[number][] = [];
          for await (const { workflowId, type, startTime, typedSearchAttributes } of client.workflow.list({
            query: `ExecutionStatus = "Running"${stuck ? ` AND ${ATTRIBUTES.stuck.name} = true` : ''}`,
          })) {
            const inPhase = typedSearchAttributes.get(ATTRIBUTES.phase);
            const peer = typedSearchAttributes.get(ATTRIBUTES.peer);
            found.push({
              workflowId,
              type,
              startedAt: startTime.toISOString(),
              ...(inPhase !== undefined && { phase: inPhase }),
              ...(peer && { peer }),
              stuck: typedSearchAttributes.get(ATTRIBUTES.stuck) ?? false,
            });
            if (!all && found.length >= MOST_OPEN) break;
          }
          return found;
        },
        all ? 60_000 : 15_000,
      ),
    isOpen: (workflowId) => call(`looking for ${workflowId}`, async () => (await standOf(temporal, workflowId))?.open ?? false),
    peeringUsers: (peer) =>
      call(`reading the users of the peering with ${peer}`, async () => [...(await ask(workflowIds.peering(peer), messages.peeringUsers))]),
    journal: (workflowId) => call(`reading the journal of ${workflowId}`, async () => [...(await ask(workflowId, messages.journal))]),
  };
}

/**
 * PURCHASE as update-with-start: the first one starts the sale, a repeat joins it, and one that comes after the end gets the answer that was given then. The update
 * id is fixed, so that all of them wait for one answer.
 */
function purchasing({ temporal, node, call }: Calls, timing: Timing | undefined): Processes['purchase'] {
  const { client } = temporal;
  return ({ transaction, buyer, instance = false }, timeoutMs) =>
    call(
      `selling ${transaction}`,
      async () => {
        const workflowId = workflowIds.contract(transaction);
        const startWorkflowOperation = new WithStartWorkflowOperation(messages.workflowTypes.contract, {
          workflowId,
          taskQueue: taskQueues.forward,
          args: [{ transaction, ...(buyer && { buyer }), ...(instance && { instance }), ...(timing && { timing }) }],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          memo: { transaction },
          staticSummary: `Sale of node ${node}: transaction ${transaction}`,
          typedSearchAttributes: saleAttributes(node, contractOf(transaction), buyer),
        });
        try {
          return await client.workflow.executeUpdateWithStart(messages.signed, {
            startWorkflowOperation,
            updateId: messages.SIGNED_UPDATE_ID,
          });
        } catch (error) {
          if (endedBeforeItAnswered(error))
            throw new Fault('PROCESSES_UNAVAILABLE', `the sale of ${transaction} ended before it was signed`);
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        }
        const ended = client.workflow.getHandle(workflowId).getUpdateHandle<ContractId>(messages.SIGNED_UPDATE_ID);
        try {
          return await ended.result();
        } catch (error) {
          if (!isNotFound(error)) throw error;
          throw new Fault('CONTRACT_OVER', `the sale of ${transaction} is over`, { transaction });
        }
      },
      timeoutMs,
    );
}

/** What the server says of an update whose workflow ended first. */
const endedBeforeItAnswered = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof ApplicationFailure && error.cause.type === 'AcceptedUpdateCompletedWorkflow';
