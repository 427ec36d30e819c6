/** Every step of the peering, and every way in which it goes wrong. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import type { PeeringUser } from '../../src/domain/peering.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import { NORTH, PEERING, SOUTH, WITHIN, playPeering } from './peering-stage.ts';

const { stage, fabric, world, open, user, join, leave, handle, told, untilTold, stands, untilStands, untilStuck, nothingLeft, cancel } =
  playPeering();
type Call = keyof Fabric & string;
const refused = new Fault('CLUSTER_REFUSED', 'forbidden');
const passing = new Fault('CLUSTER_UNREACHABLE', 'away for a moment');

const BUILDING: readonly { readonly step: string; readonly does: Call; readonly direction: PeeringUser['direction'] }[] = [
  { step: 'tenant', does: 'ensureTenant', direction: 'sold' },
  { step: 'identity', does: 'ensureIdentity', direction: 'bought' },
];
describe.each(BUILDING)('building: $step', ({ does, direction }) => {
  test('refused: its user is told, and the next one tries again', async () => {
    await open();
    fabric().plan(does, { kind: 'refuse', fault: refused });
    const [first, second] = [await user(direction), await user(direction)];
    await join(first);
    await untilTold(first, 'failed');
    await join(second);
    await untilStands(direction);
    await leave(first);
    await leave(second);
    await nothingLeft();
  });

  test('half made: what stands is removed, though it never was ready', async () => {
    await open();
    fabric().plan(does, { kind: 'lose-answer', fault: refused });
    const who = await user(direction);
    await join(who);
    await untilTold(who, 'failed');
    await untilStands(direction);
    await leave(who);
    await nothingLeft();
  });

  test('answer lost after it took effect: asked again, and nobody is told of it', async () => {
    await open();
    fabric().plan(does, { kind: 'lose-answer' });
    const who = await user(direction);
    await join(who);
    await expect.poll(() => fabric().called(does), WITHIN).toBe(2);
    await untilStands(direction);
    await leave(who);
    await untilTold(who, 'left');
    expect(await told(who)).not.toContain('failed');
    await nothingLeft();
  });

  test('cancelled in the middle: it is built all the same, for whoever paid for it', async () => {
    await open();
    fabric().plan(does, { kind: 'hang' });
    const who = await user(direction);
    await join(who);
    await fabric().whenHanging(does);
    await cancel();
    fabric().letGo();
    await untilStands(direction);
    await leave(who);
    await nothingLeft();
  });

  test('worker killed in the middle: the next one goes on', async () => {
    await open();
    fabric().plan(does, { kind: 'hang' });
    const who = await user(direction);
    await join(who);
    await fabric().whenHanging(does);
    await stage().killWorkers();
    fabric().letGo();
    await stage().startWorkers();
    await untilStands(direction);
    await leave(who);
    await nothingLeft();
  });

  test('cancelled while in use: who comes later shares it, and the last one’s leave removes it', async () => {
    await open();
    const [first, second] = [await user(direction), await user(direction)];
    await join(first);
    await untilStands(direction);
    await cancel();
    await join(second);
    await leave(first);
    await untilTold(first, 'left');
    expect(stands()).toEqual({ tenant: direction === 'sold', identity: direction === 'bought' });
    await leave(second);
    await nothingLeft();
    expect((await handle().describe()).status.name).toBe('COMPLETED');
  });
});

const REMOVING: readonly { readonly step: string; readonly undoes: Call; readonly direction: PeeringUser['direction'] }[] = [
  { step: 'tenant', undoes: 'removeTenant', direction: 'sold' },
  { step: 'identity', undoes: 'removeIdentity', direction: 'bought' },
  { step: 'meeting place', undoes: 'removeMeetingPlace', direction: 'sold' },
];
describe.each(REMOVING)('removing: $step', ({ undoes, direction }) => {
  const used = async (): Promise<PeeringUser> => {
    await open();
    const who = await user(direction);
    await join(who);
    await untilStands(direction);
    return who;
  };

  test.each([
    ['refused once', { kind: 'refuse', fault: refused }, 1],
    ['half done: it took effect, and failed', { kind: 'lose-answer', fault: refused }, 1],
    ['answer lost', { kind: 'lose-answer' }, 1],
    ['fails, then succeeds', { kind: 'refuse', fault: passing }, 2],
  ] as const)('%s: done in the end', async (_name, mishap, times) => {
    const who = await used();
    fabric().plan(undoes, mishap, times);
    await leave(who);
    await nothingLeft();
    expect(fabric().called(undoes)).toBe(times + 1);
  });

  test('cancelled in the middle', async () => {
    const who = await used();
    fabric().plan(undoes, { kind: 'hang' });
    await leave(who);
    await fabric().whenHanging(undoes);
    await cancel();
    fabric().letGo();
    await nothingLeft();
  });

  test('worker killed in the middle: the next one goes on', async () => {
    const who = await used();
    fabric().plan(undoes, { kind: 'hang' });
    await leave(who);
    await fabric().whenHanging(undoes);
    await stage().killWorkers();
    fabric().letGo();
    await stage().startWorkers();
    await nothingLeft();
  });

  test('a purchase that joins during the last one’s teardown finds what it needs', async () => {
    const last = await used();
    fabric().plan(undoes, { kind: 'hang' });
    await leave(last);
    await fabric().whenHanging(undoes);
    const next = await user(direction);
    await join(next);
    fabric().letGo();
    await expect
      .poll(
        async () =>
          (
            await stage()
              .node.processes.journal(PEERING)
              .catch(() => [])
          ).at(-1),
        WITHIN,
      )
      .toMatchObject({
        direction: 'do',
        outcome: 'done',
      });
    await untilStands(direction);
    expect(world().cluster(SOUTH).places.has(NORTH)).toBe(true);
    await leave(next);
    await nothingLeft();
  });
});

describe('stuck', () => {
  // Workers that would not try again by themselves before the test is over.
  beforeAll(() => stage().killWorkers());
  afterAll(() => stage().killWorkers());
  test.each(REMOVING)('$step: it shows, and is mended by hand', async ({ undoes, direction }) => {
    await open({ stuckPauseMs: 600_000, stuckPauseMaxMs: 600_000 });
    const who = await user(direction);
    await join(who);
    await untilStands(direction);
    fabric().plan(undoes, { kind: 'refuse', fault: refused }, Number.POSITIVE_INFINITY);
    await leave(who);
    await untilStuck();
    const before = fabric().called(undoes);
    await stage().node.processes.retryTeardown(PEERING);
    await expect.poll(() => fabric().called(undoes), WITHIN).toBe(before + 1);
    await untilStuck();
    fabric().heal();
    await stage().node.processes.retryTeardown(PEERING);
    await nothingLeft();
  });

  test.each(REMOVING)('$step: another try that is asked for while one runs is not lost', async ({ undoes, direction }) => {
    await open({ stuckPauseMs: 600_000, stuckPauseMaxMs: 600_000 });
    const who = await user(direction);
    await join(who);
    await untilStands(direction);
    fabric().plan(undoes, { kind: 'hang' });
    fabric().plan(undoes, { kind: 'refuse', fault: refused });
    await leave(who);
    await fabric().whenHanging(undoes);
    await stage().node.processes.retryTeardown(PEERING);
    fabric().letGo();
    await nothingLeft();
  });
});
