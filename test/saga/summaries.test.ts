import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { clusterId, workflowIds } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';
import { toldOf } from './summaries.ts';

const { stage, trade, open, start, boughtPlace, finish } = playBuyer();

test('a history tells what each call does to whom, and what each timer waits for; also of what is stuck', async () => {
  await open();
  trade.fabric.plan('awaitSliceGone', { kind: 'refuse', fault: new Fault('CLUSTER_REFUSED', 'forbidden') }, 1);
  const name = await start('told');
  const { acquisition: held } = await boughtPlace(name);
  await finish(name);

  const told = async (workflowId: string) =>
    new Map(
      toldOf(await stage.node.temporal.client.workflow.getHandle(workflowId).fetchHistory()).map(({ what, summary }) => [what, summary]),
    );
  const acquisition = await told(workflowIds.acquisition(held));
  expect(acquisition.get('buy')).toMatch(/^buy north\.example-k8slice-\w+ of north\.example$/);
  expect(acquisition.get('giveUp')).toContain(`${held} has at north:3004: ended-by-user`);
  expect([...acquisition.values()]).toContainEqual(expect.stringMatching(/^stuck: the next try to undo .*extend/));
  const intent = await told(workflowIds.intent(name));
  expect(intent.get('deploy')).toContain('deploy told to');
  expect([...intent.values()]).toContainEqual('the workload, until its next look');
  const peering = await told(workflowIds.peering(clusterId('north')));
  expect(peering.get('removeIdentity')).toBe('remove our identity at seller north');
});
