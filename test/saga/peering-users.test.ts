/** Who shares a peering: what outlives whom, and what is nobody's. */
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import { NORTH, SOUTH, WITHIN, playPeering } from './peering-stage.ts';

const { stage, fabric, world, open, user, join, leave, handle, told, untilTold, stands, untilStands, nothingLeft } = playPeering();
const refused = new Fault('CLUSTER_REFUSED', 'forbidden');

describe.each(['sold', 'bought'] as const)('users of what was %s', (direction) => {
  test('two contracts share it; it outlives the first, and goes with the last', async () => {
    await open();
    const [first, second] = [await user(direction), await user(direction)];
    await Promise.all([join(first), join(second)]);
    await untilStands(direction);
    await leave(first);
    await untilTold(first, 'left');
    expect(stands()).toEqual({ tenant: direction === 'sold', identity: direction === 'bought' });
    if (direction === 'sold') expect(fabric().called('ensureTenant')).toBe(1);
    await leave(second);
    await nothingLeft();
  });

  test('a join that is repeated is one user, and a leave that is repeated takes nobody else along', async () => {
    await open();
    const [first, second] = [await user(direction), await user(direction)];
    await join(first);
    await join(first);
    await join(second);
    await untilStands(direction);
    await leave(first);
    await untilTold(first, 'left');
    await leave(first);
    await expect.poll(async () => (await told(first)).filter((state) => state === 'left').length, WITHIN).toBe(2);
    expect(stands()).toEqual({ tenant: direction === 'sold', identity: direction === 'bought' });
    await leave(second);
    await nothingLeft();
    // Nobody owns the peering any more; a third time is as good.
    await leave(first);
    await nothingLeft();
  });

  test('the leave of somebody unknown changes nothing', async () => {
    await open();
    await leave(await user(direction));
    await nothingLeft();
    const [known, unknown] = [await user(direction), await user(direction)];
    await join(known);
    await untilStands(direction);
    await leave(unknown);
    await untilTold(unknown, 'left');
    expect(stands()).toEqual({ tenant: direction === 'sold', identity: direction === 'bought' });
    await leave(known);
    await nothingLeft();
  });
});

test('another acquisition that names the same contract leaves nobody else’s user', async () => {
  await open();
  const known = await user('bought');
  await join(known);
  await untilStands('bought');
  await leave({ ...known, acquisition: acquisitionId('another-1'), replyTo: 'nobody/else' });
  await untilTold(known, 'left');
  expect(stands().identity).toBe(true);
  await leave(known);
  await nothingLeft();
});

test('a tenant that somebody took away is built again for whoever joins once more, and goes with the last all the same', async () => {
  await open();
  const [first, second] = [await user('sold'), await user('sold')];
  await join(first);
  await join(second);
  await untilTold(second, 'ready');
  world().cluster(SOUTH).tenants.delete(NORTH);
  await join(first);
  await untilStands('sold');
  await leave(first);
  await leave(second);
  await nothingLeft();
});

test.each([
  ['sold', 'bought'],
  ['bought', 'sold'],
] as const)('who sells and buys at once keeps one peering: what was %s ends first', async (first, second) => {
  await open();
  const users = { sold: await user('sold'), bought: await user('bought') };
  await join(users.sold);
  await join(users.bought);
  await untilStands('sold');
  await untilStands('bought');
  await leave(users[first]);
  await untilTold(users[first], 'left');
  expect(stands()).toEqual({ tenant: second === 'sold', identity: second === 'bought' });
  expect(world().cluster(SOUTH).places.has(NORTH)).toBe(true);
  await leave(users[second]);
  await nothingLeft();
});

test('the last sale’s tenant cannot be removed while we still buy there: its contract is told, and asks again', async () => {
  await open();
  const [sold, bought] = [await user('sold'), await user('bought')];
  await join(sold);
  await join(bought);
  await untilStands('sold');
  await untilStands('bought');
  fabric().plan('removeTenant', { kind: 'refuse', fault: refused });
  await leave(sold);
  await untilTold(sold, 'failed');
  expect(stands()).toEqual({ tenant: true, identity: true });
  await leave(sold);
  await untilTold(sold, 'left');
  expect(stands()).toEqual({ tenant: false, identity: true });
  await leave(bought);
  await nothingLeft();
});

test('cancelled before its first task: whoever started it is served all the same', async () => {
  await open();
  await stage().killWorkers();
  const who = await user('sold');
  await join(who);
  await handle().cancel();
  await stage().startWorkers();
  await untilTold(who, 'ready');
  await leave(who);
  await nothingLeft();
});

test('an identity whose removal failed half way is not taken for whole, whatever a purchase found', async () => {
  await open();
  const [first, second] = [await user('bought'), await user('bought')];
  await join(first);
  await untilStands('bought');
  fabric().plan('removeIdentity', { kind: 'refuse', fault: refused });
  await leave(first);
  await untilTold(first, 'failed');
  world().cluster(SOUTH).identities.delete(NORTH);
  // It looked before that.
  await join({ ...second, stands: true });
  await untilStands('bought');
  await leave(second);
  await nothingLeft();
});

test('what a purchase found standing is not looked at again', async () => {
  await open();
  const [first, second] = [await user('bought'), await user('bought')];
  await join(first);
  await untilStands('bought');
  await join({ ...second, stands: true });
  await leave(first);
  await untilTold(first, 'left');
  expect(fabric().called('ensureIdentity')).toBe(1);
  expect(stands()).toEqual({ tenant: false, identity: true });
  await leave(second);
  await nothingLeft();
});

test('a tenant that is kept for a sale which never joins lets its last user leave, though we still buy there, and goes once that sale is over', async () => {
  await open({ stuckPauseMs: 60_000, stuckPauseMaxMs: 60_000 });
  const [sold, bought] = [await user('sold'), await user('bought')];
  await join(sold);
  await join(bought);
  await untilTold(sold, 'ready');
  await untilStands('bought');
  const { store, sql } = stage().database;
  await sql`insert into contract (id, role, transaction, terms, state, created_at)
    values ('next', 'seller', 'next', ${sql.json({ buyerCluster: NORTH })}, 'active', now())`;
  expect(await store.tenants.stands(NORTH)).toBe(true);
  await leave(sold);
  await untilTold(sold, 'left');
  expect(stands()).toEqual({ tenant: true, identity: true });
  await sql`update contract set state = 'over', ending = '{"reason":"failed"}' where id = 'next'`;
  // The pause is long: an operator does not wait for it.
  await handle().executeUpdate('retryTeardown');
  await expect.poll(() => stands().tenant, WITHIN).toBe(false);
  await leave(bought);
  await nothingLeft();
});
