/** The comparison of peerings with those who use them, and with what stands in the cluster. */
import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import { NORTH, playComparison, running } from './comparison.ts';

const { at, world, fabric, memory, processes, sold, reconcile } = playComparison();

test('users of a peering whose contracts are over leave it; those that live, or whose workflow runs, stay', async () => {
  const [over, ending, living] = [await sold(), await sold(), await sold()];
  for (const transaction of [over, ending])
    await memory.inventory.giveBack({ contract: contractOf(transaction), ending: { reason: 'drained' } });
  at.users = [over, ending, living].map((transaction) => ({
    contract: contractOf(transaction),
    direction: 'sold',
    replyTo: workflowIds.contract(transaction),
  }));
  at.open = [running('peering/alice-1'), running(workflowIds.contract(ending)), running(workflowIds.contract(living))];
  await fabric.port.ensureTenant({ buyer: clusterId('alice-1') });
  expect(await reconcile()).toMatchObject({ mended: [expect.stringContaining(contractOf(over))], failed: [] });
  expect(at.asked).toEqual([`leave alice-1 ${contractOf(over)}`]);
});

test('a tenant that somebody took away is built again while a sale needs it; an API server that is away is no reason to', async () => {
  const living = await sold();
  at.users = [{ contract: contractOf(living), direction: 'sold', replyTo: workflowIds.contract(living) }];
  at.open = [running('peering/alice-1'), running(workflowIds.contract(living))];
  fabric.plan('meetingPlaces', { kind: 'refuse', fault: new Fault('CLUSTER_UNREACHABLE', 'no route') });
  expect(await reconcile()).toMatchObject({ mended: [], failed: [expect.stringContaining('no route')] });
  expect(await reconcile()).toMatchObject({ mended: [expect.stringContaining('the tenant of alice-1 was not whole')], failed: [] });
  expect(at.asked).toEqual([`join alice-1 ${contractOf(living)}`]);
  await fabric.port.ensureTenant({ buyer: clusterId('alice-1') });
  expect(await reconcile()).toMatchObject({ mended: [], failed: [] });
});

test('what Temporal lists as running is asked after no more, however much it is; all of it is read', async () => {
  const living = await Promise.all(Array.from({ length: 10 }, sold));
  at.users = living.map((transaction) => ({
    contract: contractOf(transaction),
    direction: 'sold',
    replyTo: workflowIds.contract(transaction),
  }));
  await fabric.port.ensureTenant({ buyer: clusterId('alice-1') });
  at.open = [running('peering/alice-1'), ...living.map((transaction) => running(workflowIds.contract(transaction)))];
  // The oldest are the last ones of the list, and cut off first where it is cut.
  const { open: list } = processes.port;
  Object.assign(processes.port, {
    open: async (input: Parameters<typeof list>[0]) => (await list(input)).slice(0, input?.all ? undefined : 1),
  });
  expect(await reconcile()).toMatchObject({ mended: [], failed: [] });
  expect(processes.called('isOpen')).toBe(0);
});

test('what is shared with a peer whose peering was closed by hand is taken over for those that use it, or for nobody', async () => {
  const [living, ending, gone] = [await sold(), await sold(), await sold()];
  for (const transaction of [ending, gone])
    await memory.inventory.giveBack({ contract: contractOf(transaction), ending: { reason: 'drained' } });
  for (const buyer of ['alice-1', 'bob-1', 'carol-1']) await fabric.port.ensureTenant({ buyer: clusterId(buyer) });
  world.cluster(NORTH).identities.set(clusterId('bob-1'), acquisitionId('b-1'));
  at.open = [running(workflowIds.contract(living)), running(workflowIds.contract(ending)), running('peering/carol-1')];
  const { mended, failed } = await reconcile();
  expect(failed).toEqual([]);
  expect(mended).toEqual([expect.stringContaining('alice-1'), expect.stringContaining('bob-1')]);
  expect(at.asked.toSorted()).toEqual(
    [`join alice-1 ${contractOf(living)}`, `join alice-1 ${contractOf(ending)}`, 'join bob-1 nobody', 'join bob-1 nobody'].toSorted(),
  );
});

test('a peering that closes while it is looked at is not built anew for nobody', async () => {
  for (const buyer of ['alice-1', 'bob-1']) await fabric.port.ensureTenant({ buyer: clusterId(buyer) });
  const { isOpen } = processes.port;
  Object.assign(processes.port, {
    isOpen: async (workflowId: string) => {
      // Its own workflow takes everything away, and ends.
      if (workflowId === 'peering/alice-1') {
        await fabric.port.removeTenant({ buyer: clusterId('alice-1') }, { timeoutMs: 300 });
        await fabric.port.removeMeetingPlace({ peer: clusterId('alice-1') }, { timeoutMs: 300 });
      }
      return await isOpen(workflowId);
    },
  });
  expect(await reconcile()).toMatchObject({ mended: [expect.stringContaining('bob-1')], failed: [] });
  expect(at.asked).toEqual(['join bob-1 nobody']);
});

test('only contracts that somebody serves are read, and once, however many peerings were closed', async () => {
  for (const buyer of ['alice-1', 'bob-1', 'carol-1']) await fabric.port.ensureTenant({ buyer: clusterId(buyer) });
  const transaction = await sold();
  at.open = [running(workflowIds.contract(transaction)), running(workflowIds.acquisition(acquisitionId('b-1')))];
  const reads: unknown[] = [];
  const { list, ofProcesses } = memory.contracts;
  Object.assign(memory.contracts, {
    list: async (filter: Parameters<typeof list>[0]) => {
      if (!filter?.living) reads.push('all');
      return await list(filter);
    },
    ofProcesses: async (of: Parameters<typeof ofProcesses>[0]) => {
      reads.push(of);
      return await ofProcesses(of);
    },
  });
  expect((await reconcile()).mended).toHaveLength(3);
  expect(reads).toEqual([{ sales: [transaction], acquisitions: ['b-1'] }]);
});
