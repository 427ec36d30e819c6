import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, intentName, workflowIds } from '../../src/domain/ids.ts';
import { type Stage, openStage } from './stage.ts';
import { toldOf } from './summaries.ts';
import { document, openTrade } from './trade.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage('south');
});
afterAll(() => stage.close());

test('a history tells what each call does to whom, and what each timer waits for; also of what is stuck', async () => {
  const trade = await openTrade(stage.database);
  trade.fabric.plan('awaitSliceGone', { kind: 'refuse', fault: new Fault('CLUSTER_REFUSED', 'forbidden') }, 1);
  await stage.play(trade.deps);
  const name = intentName('told');
  await stage.node.processes.startIntent({ name, document: document(name) });
  const { place } = await stage.untilInUse(name);
  if (place?.kind !== 'remote') throw new Error('it was bought');
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await stage.resultOf(name);
  await stage.allOverAndReplayed();

  const told = async (workflowId: string) =>
    new Map(
      toldOf(await stage.node.temporal.client.workflow.getHandle(workflowId).fetchHistory()).map(({ what, summary }) => [what, summary]),
    );
  const acquisition = await told(workflowIds.acquisition(acquisitionId(place.acquisition)));
  expect(acquisition.get('reserve')).toMatch(/^reserve north\.example-k8slice-\w+ at north\.example$/);
  expect(acquisition.get('giveUp')).toContain(`${place.acquisition} has at north:3004: ended-by-user`);
  expect([...acquisition.values()]).toContainEqual(expect.stringMatching(/^stuck: the next try to undo .*extend/));
  const intent = await told(workflowIds.intent(name));
  expect(intent.get('deploy')).toContain('deploy told to');
  expect([...intent.values()]).toContainEqual('the workload, until its next look');
  const peering = await told(workflowIds.peering(clusterId('north')));
  expect(peering.get('removeIdentity')).toBe('remove our identity at seller north');
});
