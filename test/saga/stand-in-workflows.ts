/** The least that answers our messages, so that the adapter for Temporal can be tried alone. */
import { ApplicationFailure, condition, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import { type ContractId, type TransactionId, contractOf } from '../../src/domain/ids.ts';
import type { PeeringUser } from '../../src/domain/peering.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import * as messages from '../../workflows/messages.ts';

export async function fulfilIntent(_document: unknown): Promise<Ending> {
  let ending: Ending | undefined;
  let looks = 0;
  const startedAt = Date.now();
  setHandler(messages.end, (wanted) => {
    ending ??= wanted;
  });
  setHandler(messages.workloadChanged, () => {
    looks += 1;
  });
  setHandler(messages.status, () => {
    const name = workflowInfo().workflowId.slice('intent/'.length);
    return { name, phase: 'usage', state: 'in-use', since: startedAt, attempts: 1, startedAt, waitingFor: `${looks} looks` };
  });
  setHandler(messages.plan, () => ({ entries: [], silent: [] }));
  setHandler(messages.journal, () => [{ step: 'x', phase: 'usage', direction: 'do', startedAt, outcome: 'running' }]);
  await condition(() => ending !== undefined);
  return ending ?? { reason: 'done' };
}

export async function acquireFlavor(): Promise<Ending> {
  let ending: Ending | undefined;
  setHandler(messages.release, (wanted) => {
    ending = wanted;
  });
  await condition(() => ending !== undefined);
  return ending ?? { reason: 'done' };
}

export async function serveContract({ transaction }: { readonly transaction: TransactionId }): Promise<string> {
  let end: string | undefined;
  let ready: ContractId | undefined;
  setHandler(messages.endContract, ({ by, ending }) => {
    end = `${by}: ${ending.reason}`;
  });
  setHandler(messages.signed, async () => {
    if (transaction.startsWith('expired')) throw ApplicationFailure.nonRetryable('too late', 'HOLD_EXPIRED', { transaction });
    if (transaction.startsWith('slow')) await condition(() => end !== undefined);
    await condition(() => ready !== undefined);
    return contractOf(transaction);
  });
  await sleep(1);
  ready = contractOf(transaction);
  await condition(() => end !== undefined);
  return end ?? '';
}

export async function peering(_peer: string): Promise<readonly string[]> {
  const heard: string[] = [];
  const note = (what: string) => (user: PeeringUser) => {
    heard.push(`${what} ${user.contract}`);
  };
  setHandler(messages.join, note('join'));
  setHandler(messages.leave, note('leave'));
  await condition(() => heard.some((line) => line.startsWith('leave')));
  return heard;
}
