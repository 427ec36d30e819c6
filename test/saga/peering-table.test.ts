import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, contractId, workflowIds } from '../../src/domain/ids.ts';
import type { PeeringReport, PeeringUser } from '../../src/domain/peering.ts';
import type { Timing } from '../../src/domain/timing.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import { type Stage, openStage } from './stage.ts';
import { type Trade, openTrade } from './trade.ts';

/** The peering alone, with users who are nobody: what it answers them stands in its history. */
const NORTH = clusterId('north');
const SOUTH = clusterId('south');
const PEERING = workflowIds.peering(NORTH);
const WITHIN = { timeout: 40_000, interval: 50 } as const;
type Call = keyof Fabric & string;

let stage: Stage;
let trade: Trade;
let count = 0;
beforeAll(async () => {
  stage = await openStage('south');
});
afterEach(async () => {
  trade.fabric.heal();
  await stage.database.clear();
});
afterAll(() => stage.close());

async function open(timing: Partial<Timing> = {}): Promise<void> {
  trade = await openTrade(stage.database, { timing });
  await stage.play(trade.deps);
}
/** Another contract with the peer; what is bought brings its credentials. */
async function user(direction: PeeringUser['direction']): Promise<PeeringUser> {
  const number = ++count;
  const acquisition = acquisitionId(`case-${number}`);
  if (direction === 'bought')
    await trade.fabric.port.storeCredentials({ acquisition, credentials: { clusterId: NORTH, kubeconfig: 'Zm9yIG5vcnRo' } });
  return {
    contract: contractId(`contract-${number}`),
    direction,
    replyTo: `nobody/${number}`,
    ...(direction === 'bought' && { acquisition }),
  };
}
const join = (who: PeeringUser): Promise<void> => stage.node.processes.joinPeering(NORTH, who);
const leave = (who: PeeringUser): Promise<void> => stage.node.processes.leavePeering(NORTH, who);
const handle = () => stage.node.temporal.client.workflow.getHandle(PEERING);

/** What the present run answered one user so far. */
async function told({ contract }: PeeringUser): Promise<readonly PeeringReport['state'][]> {
  const { events } = await handle().fetchHistory();
  return (events ?? []).flatMap(({ signalExternalWorkflowExecutionInitiatedEventAttributes: sent }) => {
    const [payload] = sent?.input?.payloads ?? [];
    if (!payload) return [];
    const report = defaultPayloadConverter.fromPayload<PeeringReport>(payload);
    return report.contract === contract ? [report.state] : [];
  });
}
const untilTold = (who: PeeringUser, state: PeeringReport['state']): Promise<void> =>
  expect.poll(async () => (await told(who)).at(-1), WITHIN).toBe(state);
const stands = (): { tenant: boolean; identity: boolean } => {
  const { tenants, identities } = trade.world.cluster(SOUTH);
  return { tenant: tenants.has(NORTH), identity: identities.has(NORTH) };
};
const untilStands = (direction: PeeringUser['direction']): Promise<void> =>
  expect.poll(() => stands()[direction === 'sold' ? 'tenant' : 'identity'], WITHIN).toBe(true);
const untilStuck = (): Promise<void> =>
  expect.poll(async () => (await stage.node.processes.open()).map(({ stuck }) => stuck), WITHIN).toEqual([true]);
/** Whoever bought gives its credentials back, as its acquisition does. */
async function nothingLeft(): Promise<void> {
  await stage.allOverAndReplayed();
  for (const acquisition of trade.world.cluster(SOUTH).credentials.keys()) await trade.fabric.port.dropCredentials({ acquisition });
  expect(await trade.leaks()).toEqual([]);
}
/** Cancelled in Temporal, by an operator or a script; answers when the workflow knows. */
async function cancel(): Promise<void> {
  await handle().cancel();
  await expect
    .poll(async () => {
      const events = (await handle().fetchHistory()).events ?? [];
      const asked = events.findLastIndex((event) => event.workflowExecutionCancelRequestedEventAttributes);
      return asked >= 0 && events.slice(asked).some((event) => event.workflowTaskCompletedEventAttributes);
    }, WITHIN)
    .toBe(true);
}
const refused = new Fault('CLUSTER_REFUSED', 'forbidden');
const passing = new Fault('CLUSTER_UNREACHABLE', 'away for a moment');

const BUILDING: readonly { readonly step: string; readonly does: Call; readonly direction: PeeringUser['direction'] }[] = [
  { step: 'tenant', does: 'ensureTenant', direction: 'sold' },
  { step: 'identity', does: 'ensureIdentity', direction: 'bought' },
];
describe.each(BUILDING)('building: $step', ({ does, direction }) => {
  test('refused: its user is told, and the next one tries again', async () => {
    await open();
    trade.fabric.plan(does, { kind: 'refuse', fault: refused });
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
    trade.fabric.plan(does, { kind: 'lose-answer', fault: refused });
    const who = await user(direction);
    await join(who);
    await untilTold(who, 'failed');
    await untilStands(direction);
    await leave(who);
    await nothingLeft();
  });

  test('answer lost after it took effect: asked again, and nobody is told of it', async () => {
    await open();
    trade.fabric.plan(does, { kind: 'lose-answer' });
    const who = await user(direction);
    await join(who);
    await expect.poll(() => trade.fabric.called(does), WITHIN).toBe(2);
    await untilStands(direction);
    await leave(who);
    await untilTold(who, 'left');
    expect(await told(who)).not.toContain('failed');
    await nothingLeft();
  });

  test('cancelled in the middle: it is built all the same, for whoever paid for it', async () => {
    await open();
    trade.fabric.plan(does, { kind: 'hang' });
    const who = await user(direction);
    await join(who);
    await trade.fabric.whenHanging(does);
    await cancel();
    trade.fabric.letGo();
    await untilStands(direction);
    await leave(who);
    await nothingLeft();
  });

  test('worker killed in the middle: the next one goes on', async () => {
    await open();
    trade.fabric.plan(does, { kind: 'hang' });
    const who = await user(direction);
    await join(who);
    await trade.fabric.whenHanging(does);
    await stage.killWorkers();
    trade.fabric.letGo();
    await stage.startWorkers();
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
    trade.fabric.plan(undoes, mishap, times);
    await leave(who);
    await nothingLeft();
    expect(trade.fabric.called(undoes)).toBe(times + 1);
  });

  test('cancelled in the middle', async () => {
    const who = await used();
    trade.fabric.plan(undoes, { kind: 'hang' });
    await leave(who);
    await trade.fabric.whenHanging(undoes);
    await cancel();
    trade.fabric.letGo();
    await nothingLeft();
  });

  test('worker killed in the middle: the next one goes on', async () => {
    const who = await used();
    trade.fabric.plan(undoes, { kind: 'hang' });
    await leave(who);
    await trade.fabric.whenHanging(undoes);
    await stage.killWorkers();
    trade.fabric.letGo();
    await stage.startWorkers();
    await nothingLeft();
  });

  test('a purchase that joins during the last one’s teardown finds what it needs', async () => {
    const last = await used();
    trade.fabric.plan(undoes, { kind: 'hang' });
    await leave(last);
    await trade.fabric.whenHanging(undoes);
    const next = await user(direction);
    await join(next);
    trade.fabric.letGo();
    await expect
      .poll(async () => (await stage.node.processes.journal(PEERING).catch(() => [])).at(-1), WITHIN)
      .toMatchObject({
        direction: 'do',
        outcome: 'done',
      });
    await untilStands(direction);
    expect(trade.world.cluster(SOUTH).places.has(NORTH)).toBe(true);
    await leave(next);
    await nothingLeft();
  });
});

describe('stuck', () => {
  // Workers that would not try again by themselves before the test is over.
  beforeAll(() => stage.killWorkers());
  afterAll(() => stage.killWorkers());
  test.each(REMOVING)('$step: it shows, and is mended by hand', async ({ undoes, direction }) => {
    await open({ stuckPauseMs: 600_000, stuckPauseMaxMs: 600_000 });
    const who = await user(direction);
    await join(who);
    await untilStands(direction);
    trade.fabric.plan(undoes, { kind: 'refuse', fault: refused }, Number.POSITIVE_INFINITY);
    await leave(who);
    await untilStuck();
    const before = trade.fabric.called(undoes);
    await stage.node.processes.retryTeardown(PEERING);
    await expect.poll(() => trade.fabric.called(undoes), WITHIN).toBe(before + 1);
    await untilStuck();
    trade.fabric.heal();
    await stage.node.processes.retryTeardown(PEERING);
    await nothingLeft();
  });
});

describe.each(['sold', 'bought'] as const)('users of what was %s', (direction) => {
  test('two contracts share it; it outlives the first, and goes with the last', async () => {
    await open();
    const [first, second] = [await user(direction), await user(direction)];
    await Promise.all([join(first), join(second)]);
    await untilStands(direction);
    await leave(first);
    await untilTold(first, 'left');
    expect(stands()).toEqual({ tenant: direction === 'sold', identity: direction === 'bought' });
    if (direction === 'sold') expect(trade.fabric.called('ensureTenant')).toBe(1);
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
  expect(trade.world.cluster(SOUTH).places.has(NORTH)).toBe(true);
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
  trade.fabric.plan('removeTenant', { kind: 'refuse', fault: refused });
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
  await stage.killWorkers();
  const who = await user('sold');
  await join(who);
  await handle().cancel();
  await stage.startWorkers();
  await untilTold(who, 'ready');
  await leave(who);
  await nothingLeft();
});
