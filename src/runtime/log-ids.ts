import { AsyncLocalStorage } from 'node:async_hooks';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { contractOf, transactionId } from '../domain/ids.ts';

/** What a log line is about. */
export interface LogIds {
  readonly intent?: string;
  readonly acquisition?: string;
  readonly contract?: string;
  readonly transaction?: string;
  readonly peering?: string;
  /** The activity that caused it. */
  readonly activity?: string;
}

const LONGEST = 128;
const current = new AsyncLocalStorage<LogIds>();

/** The ids that every line of the log carries at this moment. */
export const currentIds = (): LogIds => current.getStore() ?? {};

const ofTransaction = (transaction: string): LogIds => ({ transaction, contract: contractOf(transactionId(transaction)) });

/** `intent/web` → intent web; a contract's workflow is named by its transaction. */
export function idsOfWorkflow(workflowId: string | undefined): LogIds {
  const [, kind, id] = /^(intent|acquisition|contract|peering)\/(.+)$/.exec(workflowId ?? '') ?? [];
  if (kind === undefined || id === undefined) return {};
  return kind === 'contract' ? ofTransaction(id) : { [kind]: id };
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of an activity's input: its own fields, and those of the user that a peering is joined for. */
function idsOfInput(input: unknown): LogIds {
  if (!isFields(input)) return {};
  const text = (name: string): string | undefined => {
    const value = input[name];
    return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST) : undefined;
  };
  const [transaction, replyTo] = [text('transaction'), text('replyTo')];
  const named = (['intent', 'acquisition', 'contract'] as const).flatMap((name) => {
    const value = text(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...idsOfInput(input['user']),
    ...idsOfWorkflow(replyTo),
    ...(transaction !== undefined && ofTransaction(transaction)),
    ...Object.fromEntries(named),
  };
}

/**
 * Whatever an activity logs, however deep in an adapter, says whose it is: intent, acquisition and contract, from the workflow's id and the activity's input. One place for all adapters, none of
 * which knows of it.
 */
export const idsInterceptor: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute: async (input, next) => {
      const ids = { ...idsOfWorkflow(info.workflowExecution?.workflowId), ...idsOfInput(input.args[0]), activity: info.activityType };
      return await current.run(ids, () => next(input));
    },
  },
});
