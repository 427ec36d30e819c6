/** When an intent leaves its place for another one, and when it stays. */
import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { clusterId, workflowIds } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const { stage, trade, open, start, boughtPlace, untilSaid, loseNorth, finish } = playBuyer();
const NORTH = identity('north');

test('a node lost beyond the tolerance: another seller serves before the old place is let go', async () => {
  await open();
  const name = await start('moves');
  const place = await boughtPlace(name);
  await loseNorth(place.acquisition);
  await untilSaid(name, { state: 'in-use', place: { seller: 'west.example' } });
  trade.world.setReachable(clusterId('north'), true);
  await finish(name);
});

test('a node lost while nobody else sells: the old place is kept', async () => {
  await open({ sellers: ['north'] });
  const name = await start('stays', { patience: '1s' });
  const place = await boughtPlace(name);
  trade.peers.trouble({
    address: NORTH.address,
    call: 'reserve',
    trouble: { kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') },
    times: Number.POSITIVE_INFINITY,
  });
  await loseNorth(place.acquisition);
  await expect
    .poll(async () => (await stage.node.processes.journal(workflowIds.intent(name))).map(({ step }) => step), { timeout: 30_000 })
    .toContain('place-kept');
  trade.world.setReachable(clusterId('north'), true);
  expect((await stage.untilInUse(name)).place).toMatchObject({ kind: 'remote', seller: 'north.example' });
  await finish(name);
});

test('a node lost, and the workload does not run at the next seller either: the old place is kept whole', async () => {
  await open();
  const name = await start('kept', { patience: '1s' });
  const place = await boughtPlace(name);
  trade.cluster.plan(
    'awaitWorkload',
    { kind: 'refuse', fault: new Fault('WORKLOAD_TIMEOUT', 'no pod runs there') },
    Number.POSITIVE_INFINITY,
  );
  await loseNorth(place.acquisition);
  await expect
    .poll(async () => (await stage.node.processes.journal(workflowIds.intent(name)).catch(() => [])).map(({ step }) => step), {
      timeout: 40_000,
    })
    .toContain('place-kept');
  trade.cluster.heal();
  trade.world.setReachable(clusterId('north'), true);
  await expect
    .poll(() => trade.world.cluster(clusterId('south')).namespaces.get(place.namespace)?.offloadedTo, { timeout: 20_000 })
    .toEqual(['north']);
  await expect
    .poll(() => trade.world.cluster(clusterId('south')).namespaces.get(place.namespace)?.workload?.acquisition, { timeout: 20_000 })
    .toBe(place.acquisition);
  expect((await stage.untilInUse(name)).place).toMatchObject({ kind: 'remote', seller: 'north.example' });
  await finish(name);
});

test.each(['withdrawn-by-seller', 'breach'] as const)(
  'the seller ends with %s: the intent is told why, leaves, and buys elsewhere',
  async (reason) => {
    await open();
    const name = await start(`ended-${reason}`);
    const place = await boughtPlace(name);
    await trade.peers.endContract({
      address: NORTH.address,
      contract: place.contract,
      ending: { reason },
      state: 'ending',
    });
    await stage.node.processes.noticeToAcquisition(place.acquisition);
    await untilSaid(name, { state: 'in-use', place: { seller: 'west.example' } });
    expect(await stage.node.processes.journal(workflowIds.intent(name))).toContainEqual(
      expect.objectContaining({ step: 'place-lost', detail: expect.stringContaining(reason) }),
    );
    // North is cheaper, still sells, and is passed by.
    const plan = (await stage.node.processes.readIntent(name))?.plan ?? [];
    expect(plan.map(({ seller, verdict, reasons }) => [seller, verdict, reasons.at(-1)])).toEqual([
      ['west.example', 'held', expect.anything()],
      [
        'north.example',
        'open',
        expect.stringContaining(`its seller comes last in this intent, since the last attempt there ended: ${reason}`),
      ],
    ]);
    await finish(name);
    const { status } = (await trade.deps.intents.get(name)) ?? {};
    expect(status).toMatchObject({ state: 'ended', cost: [{ amount: expect.stringMatching(/^0\.0+[1-9]/), currency: 'EUR' }] });
    expect(status).not.toHaveProperty('place');
    expect(status?.used).toMatchObject([
      { seller: 'north.example', contract: place.contract, until: expect.any(Number), cost: expect.any(String) },
      { seller: 'west.example', until: expect.any(Number), cost: expect.any(String) },
    ]);
  },
);

test('a notice that is not true changes nothing', async () => {
  await open();
  const name = await start('steady');
  const place = await boughtPlace(name);
  await stage.node.processes.noticeToAcquisition(place.acquisition);
  await expect.poll(() => trade.peers.calls().some(({ call }) => call === 'readContract'), { timeout: 10_000 }).toBe(true);
  expect(await boughtPlace(name)).toEqual(place);
  await finish(name);
});
