import { setTimeout as pause } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import { Fault } from '../../domain/faults.ts';
import { ATTRIBUTE_TYPES } from './attributes.ts';
import type { Log, TemporalClient } from './connection.ts';
import { translated } from './errors.ts';

const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;
const CALL_MS = 10_000;
/** Where a namespace says whose it is. */
const OWNER = 'rearguard.dev/node';
const has = (error: unknown, code: number): boolean => isGrpcServiceError(error) && Number(error.code) === code;

/**
 * Makes the node's namespace and registers our search attributes, and waits until both can be used: a Temporal cluster takes up to ten seconds to notice a new
 * namespace. May be repeated, by several processes at once. PROCESSES_UNAVAILABLE; CONFIGURATION_INVALID when it is another node's: two node ids may derive one name, and would answer
 * for each other's workflows.
 */
export async function prepareNamespace(input: {
  readonly temporal: TemporalClient;
  readonly namespace: string;
  /** Whose namespace it is from now on. */
  readonly node: string;
  readonly retentionDays: number;
  readonly timeoutMs?: number;
  readonly log: Log;
}): Promise<void> {
  const { connection, within } = input.temporal;
  const { namespace, node, log } = input;
  const until = Date.now() + (input.timeoutMs ?? 30_000);
  /** Whose it is: nobody's when somebody else made it, `undefined` when there is none. */
  const ownerNow = async (): Promise<{ readonly owner?: string } | undefined> => {
    try {
      const { namespaceInfo } = await within(CALL_MS, () => connection.workflowService.describeNamespace({ namespace }));
      const owner = namespaceInfo?.data?.[OWNER];
      return owner === undefined ? {} : { owner };
    } catch (error) {
      if (!has(error, NOT_FOUND)) throw error;
      return undefined;
    }
  };
  const claim = async (): Promise<void> => {
    try {
      await within(CALL_MS, () => connection.workflowService.updateNamespace({ namespace, updateInfo: { data: { [OWNER]: node } } }));
    } catch (error) {
      // Temporal Cloud lets nobody but its own API do so: there the operator alone keeps namespaces apart.
      if (!has(error, PERMISSION_DENIED) && !has(error, UNIMPLEMENTED)) throw error;
      log.info({ namespace }, 'the namespace cannot be marked as ours');
    }
  };
  const register = async (): Promise<void> => {
    const before = await ownerNow();
    if (before === undefined) await make();
    else if (before.owner === undefined) await claim();
    const { owner = node } = (await ownerNow()) ?? {};
    if (owner === node) return;
    throw new Fault(
      'CONFIGURATION_INVALID',
      `the Temporal namespace ${namespace} belongs to node ${owner}: set temporal.namespace of node ${node} to another name`,
    );
  };
  const make = async (): Promise<void> => {
    const workflowExecutionRetentionPeriod = { seconds: (input.retentionDays * 86_400) as never };
    const description = 'A Rearguard node: its intents, acquisitions, contracts and peerings';
    try {
      await within(CALL_MS, () =>
        connection.workflowService.registerNamespace({ namespace, description, workflowExecutionRetentionPeriod, data: { [OWNER]: node } }),
      );
      log.info({ namespace }, 'Temporal namespace made');
    } catch (error) {
      if (!has(error, ALREADY_EXISTS)) throw error;
    }
  };
  const addAttributes = async (): Promise<void> => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.entries(ATTRIBUTE_TYPES).filter(([name, type]) => {
      const present = customAttributes[name];
      if (present !== undefined && present !== type) {
        throw new Fault('PROCESSES_UNAVAILABLE', `search attribute ${name} of namespace ${namespace} has another type than ours`, {
          name,
        });
      }
      return present === undefined;
    });
    if (missing.length === 0) return;
    const searchAttributes = Object.fromEntries(missing);
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    } catch (error) {
      if (!has(error, ALREADY_EXISTS)) throw error;
    }
    log.info({ namespace, added: missing.map(([name]) => name) }, 'search attributes registered');
  };
  const usable = async (): Promise<void> => {
    const query = Object.keys(ATTRIBUTE_TYPES)
      .map((name) => `${name} IS NOT NULL`)
      .join(' OR ');
    await connection.workflowService.countWorkflowExecutions({ namespace, query });
  };

  try {
    await register();
  } catch (error) {
    throw translated(error, `making namespace ${namespace}`, log);
  }
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1_000)) {
    try {
      await within(CALL_MS, addAttributes);
      await within(CALL_MS, usable);
      return;
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (Date.now() + waitMs > until) throw translated(error, `waiting for namespace ${namespace}`, log);
    }
    await pause(waitMs);
  }
}

/** Whether the namespace can be reached at the moment. */
export async function namespaceAnswers({ connection, within }: TemporalClient, namespace: string): Promise<void> {
  await within(2_000, () => connection.workflowService.describeNamespace({ namespace }));
}
