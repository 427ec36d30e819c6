import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { intentName, workflowIds } from '../../src/domain/ids.ts';
import { type TestDatabase, cloneDatabase } from '../store/database.ts';
import { type TestNode, type Workers, openTestNode } from './node.ts';
import { document, openTrade } from './trade.ts';

let node: TestNode;
let database: TestDatabase;
let workers: Workers | undefined;
beforeAll(async () => {
  [node, database] = await Promise.all([openTestNode('south'), cloneDatabase(inject('databases'))]);
});
afterEach(async () => {
  await workers?.stop();
  await database.clear();
});
afterAll(async () => {
  await node.close();
  await database.drop();
});

test('the cheapest seller wins, and nothing is left after the end', async () => {
  const trade = await openTrade(database);
  workers = await node.work(trade.deps);
  const name = intentName('shop');
  await node.processes.startIntent({ name, document: document('shop') });
  const handle = node.temporal.client.workflow.getHandle(workflowIds.intent(name));
  await expect
    .poll(async () => (await node.processes.readIntent(name))?.status, { timeout: 20_000, interval: 100 })
    .toMatchObject({ state: 'in-use', place: { kind: 'remote', seller: 'north.example' } });
  await node.processes.endIntent(name, { reason: 'ended-by-user' });
  await expect(handle.result()).resolves.toEqual({ ending: { reason: 'ended-by-user' } });
  await expect.poll(() => trade.leaks(), { timeout: 10_000 }).toEqual([]);
  console.log(
    (await node.processes.journal(workflowIds.intent(name)))
      .map((l) => `${l.direction} ${l.step} ${l.outcome} ${(l.endedAt ?? 0) - l.startedAt} ${l.detail ?? ''}`)
      .join('\n'),
  );
  for await (const w of node.temporal.client.workflow.list()) {
    const h = await node.temporal.client.workflow.getHandle(w.workflowId, w.runId).fetchHistory();
    console.log(w.workflowId, h.events?.length);
    if (w.workflowId.startsWith('intent') || w.workflowId.startsWith('acq'))
      console.log(
        h.events
          ?.map(
            (e) =>
              String(e.eventType) +
              ':' +
              (e.activityTaskScheduledEventAttributes?.activityType?.name ?? e.workflowExecutionSignaledEventAttributes?.signalName ?? ''),
          )
          .join(' '),
      );
  }
});
