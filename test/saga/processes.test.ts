import path from 'node:path';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { ATTRIBUTES } from '../../src/adapters/temporal/attributes.ts';
import { type TemporalClient, temporalClient } from '../../src/adapters/temporal/connection.ts';
import { prepareNamespace } from '../../src/adapters/temporal/namespace.ts';
import { temporalProcesses } from '../../src/adapters/temporal/processes.ts';
import { acquisitionOf, clusterId, contractId, intentName, taskQueues, transactionId } from '../../src/domain/ids.ts';
import type { Processes } from '../../src/ports/processes.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {} };
const namespace = `processes-${Date.now()}`;
let temporal: TemporalClient;
let processes: Processes;
let stop: () => Promise<void>;

beforeAll(async () => {
  const address = inject('temporalAddress');
  temporal = temporalClient({ address, namespace });
  const prepared = { temporal, namespace, node: 'alice', retentionDays: 1, log: quiet };
  await Promise.all([prepareNamespace(prepared), prepareNamespace(prepared)]);
  await prepareNamespace(prepared);
  processes = temporalProcesses({ temporal, node: 'alice', log: quiet, callMs: 20_000 });
  const connection = await NativeConnection.connect({ address });
  const workflowsPath = path.resolve(import.meta.dirname, 'stand-in-workflows.ts');
  const worker = await Worker.create({ connection, namespace, taskQueue: taskQueues.forward, workflowsPath });
  const run = worker.run();
  stop = async () => {
    worker.shutdown();
    await run;
    await connection.close();
  };
});
afterAll(async () => {
  await stop();
  await temporal.close();
});

/** A document that is valid; `cpu` makes it another one. */
const intentOf = (name: string, cpu = '100m') => ({
  apiVersion: 'rearguard.dev/v1',
  kind: 'Intent',
  metadata: { name },
  spec: { workload: { namespace: 'shop' }, resources: { cpu, memory: '64Mi', pods: 1 } },
});
const fault = (code: string) => expect.objectContaining({ name: 'Fault', code });
const resultOf = (workflowId: string): Promise<unknown> => temporal.client.workflow.getHandle(workflowId).result();

test('an intent starts once per document, and its name is free again when it ended', async () => {
  const name = intentName('web');
  const document = intentOf(name);
  expect(await processes.startIntent({ name, document })).toEqual({ created: true });
  const respelt = { spec: intentOf(name, '0.1').spec, metadata: { name }, kind: 'Intent', apiVersion: 'rearguard.dev/v1' };
  expect(await processes.startIntent({ name, document: respelt })).toEqual({ created: false });
  await expect(processes.startIntent({ name, document: intentOf(name, '2') })).rejects.toEqual(fault('INTENT_EXISTS'));
  expect(await processes.readIntent(name)).toMatchObject({
    status: { name: 'web', state: 'in-use' },
    plan: [],
    document: { kind: 'Intent' },
  });
  expect((await processes.journal('intent/web')).map(({ step }) => step)).toEqual(['x']);

  const description = await temporal.client.workflow.getHandle('intent/web').describe();
  expect(await description.staticSummary()).toContain('Intent web of node alice');
  expect(await description.staticDetails()).toContain('"kind": "Intent"');

  await processes.endIntent(name, { reason: 'ended-by-user' });
  expect(await resultOf('intent/web')).toEqual({ reason: 'ended-by-user' });
  await processes.endIntent(name, { reason: 'ended-by-user' });
  expect(await processes.readIntent(name)).toMatchObject({ status: { name: 'web' } });
  expect(await processes.startIntent({ name, document: intentOf(name, '3') })).toEqual({ created: true });
  await processes.endIntent(name, { reason: 'ended-by-user' });
});

test('an intent that ended is told to all who ask at once', async () => {
  const name = intentName('asked');
  await processes.startIntent({ name, document: intentOf(name) });
  await processes.endIntent(name, { reason: 'ended-by-user' });
  await resultOf('intent/asked');
  const read = await Promise.all(Array.from({ length: 8 }, () => processes.readIntent(name)));
  expect(read.map((record) => record?.status.name)).toEqual(Array.from({ length: 8 }, () => 'asked'));
});

test('an intent that a plain Temporal client started is known by its input', async () => {
  const name = intentName('plain');
  const document = intentOf(name);
  await temporal.client.workflow.start('fulfilIntent', { workflowId: 'intent/plain', taskQueue: taskQueues.forward, args: [document] });
  expect(await processes.startIntent({ name, document })).toEqual({ created: false });
  expect((await processes.readIntent(name))?.document).toEqual(document);
  await processes.endIntent(name, { reason: 'ended-by-user' });
});

test('what never was is not there', async () => {
  const name = intentName('nobody');
  expect(await processes.readIntent(name)).toBeUndefined();
  expect(await processes.awaitIntent(name, { timeoutMs: 10 })).toBeUndefined();
  await expect(processes.endIntent(name, { reason: 'ended-by-user' })).rejects.toEqual(fault('NOT_FOUND'));
  await expect(processes.retryTeardown('intent/nobody')).rejects.toEqual(fault('NOT_FOUND'));
  await expect(processes.endContract(transactionId('nobody'), { reason: 'drained' })).rejects.toEqual(fault('NOT_FOUND'));
  expect(await processes.isOpen('intent/nobody')).toBe(false);
  await processes.noticeToAcquisition(acquisitionOf('nobody', 1));
  await processes.releaseAcquisition(acquisitionOf('nobody', 1), { reason: 'done' });
  await processes.noticeOfSlice(transactionId('nobody'), 'gone');
});

test('a watch wakes when something happens to the intent or to its acquisition, and only then', async () => {
  const name = intentName('watched');
  await processes.startIntent({ name, document: intentOf('x') });
  const { firstExecutionRunId } = { firstExecutionRunId: (await temporal.client.workflow.getHandle('intent/watched').describe()).runId };
  const acquisition = acquisitionOf(firstExecutionRunId, 1);
  await temporal.client.workflow.start('acquireFlavor', { workflowId: `acquisition/${acquisition}`, taskQueue: taskQueues.forward });
  await processes.readIntent(name);
  expect(await processes.acquisitionsOf(name)).toEqual([acquisition]);
  const settled = async (): Promise<string> => {
    let mark = (await processes.awaitIntent(name, { timeoutMs: 100 }))?.mark ?? '';
    for (;;) {
      const next = await processes.awaitIntent(name, { after: mark, timeoutMs: 300 });
      if (next?.mark === mark) return mark;
      mark = next?.mark ?? '';
    }
  };
  const mark = await settled();
  const started = Date.now();
  const waiting = processes.awaitIntent(name, { after: mark, timeoutMs: 20_000 });
  await processes.noticeOfWorkload(name);
  const woken = await waiting;
  expect(woken?.mark).not.toBe(mark);
  expect(Date.now() - started).toBeLessThan(10_000);

  const again = await settled();
  const child = processes.awaitIntent(name, { after: again, timeoutMs: 20_000 });
  await processes.releaseAcquisition(acquisition, { reason: 'done' });
  expect((await child)?.mark).not.toBe(again);

  const caller = new AbortController();
  const given = processes.awaitIntent(name, { after: await settled(), timeoutMs: 20_000, signal: caller.signal });
  caller.abort();
  expect((await given)?.open).toBe(true);
  await processes.endIntent(name, { reason: 'ended-by-user' });
  await resultOf('intent/watched');
  expect(await processes.awaitIntent(name, { after: 'x', timeoutMs: 20_000 })).toMatchObject({ open: false });
});

test('PURCHASE sells once; a repeat joins, and after the end gets the same answer', async () => {
  const transaction = transactionId('a'.repeat(32));
  const expected = `contract-${'a'.repeat(32)}`;
  expect(await Promise.all(Array.from({ length: 5 }, () => processes.purchase({ transaction }, 10_000)))).toEqual(Array(5).fill(expected));
  await processes.endContract(transaction, { reason: 'drained' }, 'seller');
  expect(await resultOf(`contract/${transaction}`)).toBe('seller: drained');
  expect(await processes.purchase({ transaction }, 10_000)).toBe(expected);
  await processes.endContract(transaction, { reason: 'drained' });
});

test('PURCHASE passes on why it is refused, and says so when it takes too long', async () => {
  const expired = transactionId(`expired${'0'.repeat(25)}`);
  await expect(processes.purchase({ transaction: expired }, 10_000)).rejects.toEqual(fault('HOLD_EXPIRED'));
  await processes.endContract(expired, { reason: 'failed' });
  await resultOf(`contract/${expired}`);
  await expect(processes.purchase({ transaction: expired }, 10_000)).rejects.toEqual(fault('HOLD_EXPIRED'));

  const slow = transactionId(`slow${'0'.repeat(28)}`);
  await expect(processes.purchase({ transaction: slow }, 300)).rejects.toEqual(fault('PROCESSES_UNAVAILABLE'));
  await processes.endContract(slow, { reason: 'failed' });
});

test('peering is started by whoever comes first, and again after it ended', async () => {
  const peer = clusterId('milan');
  const user = { contract: contractId('contract-1'), direction: 'sold', replyTo: 'nobody' } as const;
  for (let round = 0; round < 2; round++) {
    await processes.joinPeering(peer, user);
    await processes.leavePeering(peer, user);
    expect(await resultOf('peering/milan')).toEqual(['join contract-1', 'leave contract-1']);
  }
});

test('open workflows are listed with phase', async () => {
  await processes.startIntent({ name: intentName('listed'), document: intentOf('x') });
  await expect
    .poll(() => processes.open(), { timeout: 10_000 })
    .toContainEqual(expect.objectContaining({ workflowId: 'intent/listed', type: 'fulfilIntent', phase: 'intent', stuck: false }));
  await processes.endIntent(intentName('listed'), { reason: 'ended-by-user' });
});

test('those that are stuck are asked for by themselves: they may be older than all that a list shows', async () => {
  await temporal.client.workflow.start('fulfilIntent', {
    taskQueue: 'nobody',
    workflowId: 'intent/stuck',
    typedSearchAttributes: [{ key: ATTRIBUTES.stuck, value: true }],
  });
  await processes.startIntent({ name: intentName('free'), document: intentOf('free') });
  await expect
    .poll(async () => (await processes.open()).map(({ workflowId }) => workflowId), { timeout: 10_000 })
    .toEqual(expect.arrayContaining(['intent/free', 'intent/stuck']));
  expect(await processes.open({ stuck: true })).toEqual([expect.objectContaining({ workflowId: 'intent/stuck', stuck: true })]);
  await temporal.client.workflow.getHandle('intent/stuck').terminate();
  await processes.endIntent(intentName('free'), { reason: 'ended-by-user' });
});

test('a namespace belongs to the node that made it, or to the first that came', async () => {
  const prepare = (where: string, node: string): Promise<void> =>
    prepareNamespace({ temporal, namespace: where, node, retentionDays: 1, log: quiet });
  await expect(prepare(namespace, 'a-lice')).rejects.toMatchObject({
    code: 'CONFIGURATION_INVALID',
    message: `the Temporal namespace ${namespace} belongs to node alice: set temporal.namespace of node a-lice to another name`,
  });
  const anybodys = `${namespace}-given`;
  const workflowExecutionRetentionPeriod = { seconds: 86_400 as never };
  await temporal.connection.workflowService.registerNamespace({
    namespace: anybodys,
    description: 'kept',
    workflowExecutionRetentionPeriod,
  });
  await prepare(anybodys, 'alice');
  await expect(prepare(anybodys, 'bob')).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  const { namespaceInfo } = await temporal.connection.workflowService.describeNamespace({ namespace: anybodys });
  expect(namespaceInfo?.description).toBe('kept');
}, 60_000);

test('a Temporal that is away is a passing fault', async () => {
  const away = temporalClient({ address: '127.0.0.1:1', namespace });
  const unreachable = temporalProcesses({ temporal: away, node: 'alice', log: quiet, callMs: 500 });
  await expect(unreachable.startIntent({ name: intentName('x'), document: intentOf('x') })).rejects.toEqual(fault('PROCESSES_UNAVAILABLE'));
  await expect(unreachable.isOpen('intent/x')).rejects.toEqual(fault('PROCESSES_UNAVAILABLE'));
  await away.close();
});

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of a Temporal dev server. */
    temporalAddress: string;
  }
}
