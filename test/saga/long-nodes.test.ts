/** Every workflow of two whole nodes in new runs of itself: in use, and while the seller is stuck in teardown. */
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { clusterId } from '../../src/domain/ids.ts';
import * as messages from '../../workflows/messages.ts';
import { runsOf, saysStuck, startForgetfulTemporal, stepsOf } from './forgetful-temporal.ts';
import { type NodeName, type Pair, openPair } from './pair.ts';
import { document } from './trade.ts';

const WITHIN = { timeout: 40_000, interval: 100 } as const;
const refused = new Fault('CLUSTER_REFUSED', 'forbidden');
let temporal: Awaited<ReturnType<typeof startForgetfulTemporal>>;
let pair: Pair;
beforeAll(async () => {
  temporal = await startForgetfulTemporal(12);
  pair = await openPair({ sellers: ['north'], temporalAddress: temporal.address });
  await pair.untilReady();
});
afterAll(async () => {
  await pair.stop();
  await temporal.stop();
});
const clientOf = (node: NodeName): Client => pair.temporal[node].client;
const buy = async (name: string): Promise<Readonly<Record<NodeName, readonly string[]>>> => {
  const run = await pair.rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], document(name));
  expect([run.exit, run.err]).toEqual([0, '']);
  const ids = async (node: NodeName) => (await pair.open(node)).map(({ workflowId }) => workflowId);
  return { south: await ids('south'), north: await ids('north') };
};
const end = async (name: string): Promise<void> => {
  const ended = await pair.rearguard('south', ['intent', 'end', name, '--watch']);
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await pair.allOverAndReplayed();
};

test('intent, acquisition, contract and both peerings go on in new runs while in use, with the journal of the first', async () => {
  const open = await buy('shop');
  const first = { intent: 'fits', acquisition: 'reserve', contract: 'sell', peering: /tenant|identity/ } as const;
  for (const node of ['south', 'north'] as const)
    for (const id of open[node]) {
      const kind = id.split('/')[0] as keyof typeof first;
      await expect.poll(() => runsOf(clientOf(node), id), WITHIN).toBeGreaterThan(1);
      await expect.poll(async () => (await stepsOf(clientOf(node), id))[0], WITHIN).toMatch(first[kind]);
    }
  expect(open.south.map((id) => id.split('/')[0]).sort()).toEqual(['acquisition', 'intent', 'peering']);
  expect(open.north.map((id) => id.split('/')[0]).sort()).toEqual(['contract', 'peering']);
  await end('shop');
});

test('a second contract joins peerings that went on in a new run, and outlives the first', async () => {
  const before = pair.fabric.north.called('ensureTenant');
  await buy('one');
  await buy('two');
  expect(pair.fabric.north.called('ensureTenant')).toBe(before + 1);
  const ended = await pair.rearguard('south', ['intent', 'end', 'one', '--watch']);
  expect(ended.exit).toBe(0);
  expect(pair.liqo.cluster(clusterId('north')).tenants.has(clusterId('south'))).toBe(true);
  await end('two');
});

test('a sale that was never signed is not taken for signed by a later run', async () => {
  for (const call of ['ensureTenant', 'removeTenant'] as const)
    pair.fabric.north.plan(call, { kind: 'refuse', fault: refused }, Number.POSITIVE_INFINITY);
  expect((await pair.rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], document('unsigned', { patience: '0s' }))).exit).not.toBe(
    0,
  );
  const id = (await pair.open('north')).find(({ workflowId }) => workflowId.startsWith('contract/'))?.workflowId ?? '';
  await expect.poll(() => runsOf(clientOf('north'), id), WITHIN).toBeGreaterThan(1);
  const again = clientOf('north').workflow.getHandle(id).executeUpdate(messages.signed);
  await expect(again).rejects.toMatchObject({ cause: { type: 'CONTRACT_OVER' } });
  pair.fabric.north.heal();
  for (const { workflowId, stuck } of await pair.open('north'))
    if (stuck) await pair.rearguard('north', ['processes', 'retry', workflowId]);
  await pair.allOverAndReplayed();
});

test.each([
  ['the contract', 'stopSlice', 'contract/'],
  ['its peering', 'removeTenant', 'peering/'],
] as const)('the seller’s teardown: %s is stuck through new runs, shows it, and is mended', async (_who, call, kind) => {
  const name = `stuck-${call.toLowerCase()}`;
  const { north } = await buy(name);
  const id = north.find((each) => each.startsWith(kind)) ?? '';
  pair.fabric.north.plan(call, { kind: 'refuse', fault: refused }, Number.POSITIVE_INFINITY);
  const before = await runsOf(clientOf('north'), id);
  expect((await pair.rearguard('south', ['intent', 'end', name])).exit).toBe(0);
  await expect.poll(() => runsOf(clientOf('north'), id), WITHIN).toBeGreaterThan(before + 1);
  const stuck = async () => (await pair.open('north')).flatMap((each) => (each.stuck ? [each.workflowId] : []));
  await expect.poll(stuck, WITHIN).toContain(id);
  pair.fabric.north.heal();
  for (const each of await stuck()) await pair.rearguard('north', ['processes', 'retry', each]);
  await pair.allOverAndReplayed();
  expect(await saysStuck(clientOf('north'), id)).toBe(false);
});
