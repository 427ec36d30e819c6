/** Every line of the log that an activity causes, however deep in an adapter, says whose it is. */
import type { Context } from '@temporalio/activity';
import type { ActivityExecuteInput } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { openApi } from '../../src/adapters/kubernetes/api.ts';
import { foreignConnection } from '../../src/adapters/kubernetes/connection.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { openLog, temporalLog } from '../../src/runtime/log.ts';
import { idsInterceptor, idsOfWorkflow } from '../../src/runtime/log-ids.ts';

const lines: Record<string, unknown>[] = [];
const log = openLog('debug', 'alice', { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
const TRANSACTION = `${'0123456789abcdef'.repeat(2)}-1700000000000000000`;
const CONTRACT = `contract-${'0123456789abcdef'.repeat(2)}`;

/** Runs an activity as a worker does; answers what it logged about its cluster, which is away. */
async function run(workflowId: string | undefined, input: unknown, activityType = 'deploy'): Promise<Record<string, unknown>> {
  lines.length = 0;
  const context = { info: { activityType, ...(workflowId !== undefined && { workflowExecution: { workflowId, runId: 'r' } }) } };
  const { inbound } = idsInterceptor(context as Context);
  const api = openApi(foreignConnection({ server: 'https://127.0.0.1:1' }, 'anywhere'), log);
  const execute = { args: [input], headers: {} } as ActivityExecuteInput;
  await inbound?.execute?.(execute, async () => await api.list(KINDS.pod).catch(() => undefined));
  api.close();
  expect(lines).toHaveLength(1);
  const [line = {}] = lines;
  expect(line).toMatchObject({ level: 'warn', msg: 'the API server did not answer', method: 'GET' });
  const about = ['node', 'activity', 'intent', 'acquisition', 'contract', 'transaction', 'peering'];
  return Object.fromEntries(Object.entries(line).filter(([name]) => about.includes(name)));
}
const at = { node: 'alice', activity: 'deploy' };

describe('a line of the Kubernetes adapter', () => {
  test.each<readonly [string, string | undefined, unknown, object]>([
    ['of an intent', 'intent/web', { namespace: 'intent-web' }, { intent: 'web' }],
    ['of an intent’s workload at a seller', 'intent/web', { intent: 'web', acquisition: 'a-1' }, { intent: 'web', acquisition: 'a-1' }],
    ['of an acquisition', 'acquisition/a-1', { contract: CONTRACT }, { acquisition: 'a-1', contract: CONTRACT }],
    [
      'of a contract: also its id, not the transaction alone',
      `contract/${TRANSACTION}`,
      {},
      { transaction: TRANSACTION, contract: CONTRACT },
    ],
    ['of a sale', undefined, { transaction: TRANSACTION }, { transaction: TRANSACTION, contract: CONTRACT }],
    [
      'of a peering that is joined',
      'acquisition/a-1',
      { peer: 'north', user: { contract: CONTRACT, acquisition: 'a-1', replyTo: 'acquisition/a-1' } },
      { acquisition: 'a-1', contract: CONTRACT },
    ],
    ['of a peering', 'peering/north', { peer: 'north' }, { peering: 'north' }],
    ['of what has no ids', 'reconcile', undefined, {}],
    ['of an input in a form of its own', 'reconcile', { intent: 7, contract: { a: 1 }, user: [] }, {}],
  ])('%s', async (_, workflowId, input, ids) => {
    expect(await run(workflowId, input)).toEqual({ ...at, ...ids });
  });

  test('two activities at once do not mix', async () => {
    lines.length = 0;
    const api = openApi(foreignConnection({ server: 'https://127.0.0.1:1' }, 'anywhere'), log);
    await Promise.all(
      ['web', 'shop', 'mail'].map(async (intent) => {
        const { inbound } = idsInterceptor({ info: { activityType: 'deploy' } } as Context);
        const execute = { args: [{ intent }], headers: {} } as ActivityExecuteInput;
        const where = { namespace: intent, name: 'p' };
        await inbound?.execute?.(execute, async () => await api.get(KINDS.pod, where).catch(() => undefined));
      }),
    );
    api.close();
    expect(lines.map(({ intent, path }) => String(path).includes(`/${String(intent)}/`))).toEqual([true, true, true]);
  });

  test('outside of activities a line is as it was, and what a line says of itself counts', async () => {
    lines.length = 0;
    log.info({ contract: 'c' }, 'words');
    expect(lines[0]).toMatchObject({ contract: 'c', msg: 'words' });
    expect(lines[0]).not.toHaveProperty('intent');
  });
});

test('what Temporal’s SDK says of a contract’s workflow names the contract', () => {
  expect(idsOfWorkflow(`contract/${TRANSACTION}`)).toEqual({ transaction: TRANSACTION, contract: CONTRACT });
  expect(idsOfWorkflow('discovery')).toEqual({});
  expect(idsOfWorkflow(undefined)).toEqual({});
});

test('what Temporal’s SDK warns of is a warning, but for what is so on purpose at every start', () => {
  lines.length = 0;
  const told = temporalLog(log);
  told.warn('No workflows registered, not polling for workflow tasks', { taskQueue: 'rearguard-undo' });
  told.warn('Worker failed to connect', { taskQueue: 'rearguard-undo' });
  expect(lines.map(({ level }) => level)).toEqual(['debug', 'warn']);
});
