import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { clusterId, workflowIds } from '../../src/domain/ids.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { Peer } from '../../src/ports/peer.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

/** Every step of the buyer's sagas: the call that does it, and the call that undoes it. */
type Call =
  | { readonly on: 'peer'; readonly call: keyof Peer }
  | { readonly on: 'fabric'; readonly call: keyof Fabric & string }
  | { readonly on: 'cluster'; readonly call: keyof Cluster & string };
interface Row {
  readonly step: string;
  readonly does: Call;
  readonly undoes?: Call;
  /** What must fail besides, for the compensation to be needed without the next step's. */
  readonly besides?: Call;
  /** Where it serves after that; `either` where a node that is Ready already makes it a renewal. */
  readonly serves?: 'north' | 'either';
}
const ROWS: readonly Row[] = [
  { step: 'admit', does: { on: 'cluster', call: 'free' }, serves: 'north' },
  {
    step: 'reserve',
    does: { on: 'peer', call: 'reserve' },
    undoes: { on: 'peer', call: 'release' },
    besides: { on: 'peer', call: 'purchase' },
  },
  { step: 'buy', does: { on: 'peer', call: 'purchase' }, undoes: { on: 'peer', call: 'terminate' } },
  {
    step: 'meet-seller',
    does: { on: 'fabric', call: 'ensureIdentity' },
    undoes: { on: 'fabric', call: 'removeIdentity' },
    serves: 'either',
  },
  { step: 'extend: slice', does: { on: 'fabric', call: 'requestSlice' }, undoes: { on: 'fabric', call: 'withdrawSlice' } },
  { step: 'extend: node', does: { on: 'fabric', call: 'awaitVirtualNode' }, undoes: { on: 'fabric', call: 'awaitSliceGone' } },
  { step: 'namespace', does: { on: 'cluster', call: 'ensureNamespace' }, undoes: { on: 'cluster', call: 'removeNamespace' } },
  { step: 'namespace: offloading', does: { on: 'cluster', call: 'offload' }, undoes: { on: 'cluster', call: 'removeOffloading' } },
  { step: 'workload: offloaded', does: { on: 'cluster', call: 'awaitOffloaded' } },
  { step: 'workload', does: { on: 'cluster', call: 'applyWorkload' }, undoes: { on: 'cluster', call: 'removeWorkload' } },
  { step: 'workload: pods', does: { on: 'cluster', call: 'awaitWorkload' } },
  {
    step: 'meeting place',
    does: { on: 'fabric', call: 'ensureIdentity' },
    undoes: { on: 'fabric', call: 'removeMeetingPlace' },
    serves: 'either',
  },
  { step: 'credentials', does: { on: 'fabric', call: 'storeCredentials' }, undoes: { on: 'fabric', call: 'dropCredentials' } },
];

const { stage, trade, open, start, untilSaid, letGo, end, over, finish } = playBuyer();
let count = 0;
const NORTH = identity('north').address;
const passing = new Fault('CLUSTER_UNREACHABLE', 'away for a moment');
const refusal = (on: Call['on']): Fault =>
  on === 'peer' ? new Fault('PEER_REFUSED', 'not to you') : new Fault('CLUSTER_REFUSED', 'forbidden');
type Kind = 'refuse' | 'refuse-passing' | 'lose-answer' | 'hang';
function plan(call: Call, kind: Kind, times = 1): void {
  const mishap =
    kind === 'hang'
      ? ({ kind: 'hang', when: 'before' } as const)
      : kind === 'lose-answer'
        ? ({ kind: 'lose-answer' } as const)
        : ({
            kind: 'refuse',
            fault: kind === 'refuse' ? refusal(call.on) : call.on === 'peer' ? new Fault('PEER_UNREACHABLE', 'away') : passing,
          } as const);
  if (call.on === 'peer') trade.peers.trouble({ address: NORTH, call: call.call, trouble: mishap, times });
  else if (call.on === 'fabric') trade.fabric.plan(call.call, mishap, times);
  else trade.cluster.plan(call.call, mishap, times);
}
const whenHanging = (call: Call): Promise<void> =>
  call.on === 'peer'
    ? trade.peers.whenHanging(call.call)
    : call.on === 'fabric'
      ? trade.fabric.whenHanging(call.call)
      : trade.cluster.whenHanging(call.call);

const begin = () => start(`case-${++count}`);

describe.each(ROWS)('$step', ({ does, undoes, besides, serves = 'west' }) => {
  test(`refused: ${serves === 'west' ? 'another seller serves' : `${serves} serves`}, and nothing is left`, async () => {
    await open();
    plan(does, 'refuse');
    const name = await begin();
    const seller = serves === 'either' ? expect.any(String) : `${serves}.example`;
    expect((await stage.untilInUse(name)).place).toMatchObject({ kind: 'remote', seller });
    await finish(name);
  });

  test('answer lost after it took effect: asked again, done once', async () => {
    await open();
    plan(does, 'lose-answer');
    const name = await begin();
    expect((await stage.untilInUse(name)).place).toMatchObject({ kind: 'remote', seller: 'north.example' });
    await finish(name);
  });

  test('cancelled in the middle', async () => {
    await open();
    plan(does, 'hang', 1);
    const name = await begin();
    await whenHanging(does);
    if (
      does.call === 'ensureIdentity' ||
      does.call === 'ensureNamespace' ||
      does.call === 'offload' ||
      does.call === 'applyWorkload' ||
      does.call === 'requestSlice' ||
      does.call === 'storeCredentials'
    ) {
      // These calls take no signal: an API server that is slow answers in the end.
      const ended = end(name);
      letGo();
      await ended;
      await over(name);
    } else await finish(name);
  });

  test('worker killed in the middle: the next one goes on', async () => {
    await open();
    plan(does, 'hang', 1);
    const name = await begin();
    await whenHanging(does);
    await stage.killWorkers();
    trade.peers.abortHanging();
    letGo();
    await stage.startWorkers();
    await stage.untilInUse(name);
    await finish(name);
  });

  if (!undoes) return;
  test('compensation fails, then succeeds', async () => {
    await open(besides ? { sellers: ['north'] } : {});
    plan(undoes, 'refuse-passing', 2);
    if (besides) plan(besides, 'refuse', 1);
    const name = await begin();
    await stage.untilInUse(name);
    await finish(name);
  });

  test('compensation stuck: it shows, and is mended', async () => {
    await open(besides ? { sellers: ['north'] } : {});
    plan(undoes, 'refuse', Number.POSITIVE_INFINITY);
    if (besides) plan(besides, 'refuse', 1);
    const name = await begin();
    await stage.untilInUse(name);
    await end(name);
    await expect
      .poll(async () => (await stage.node.processes.open()).filter(({ stuck }) => stuck).length, { timeout: 40_000, interval: 100 })
      .toBeGreaterThan(0);
    trade.peers.heal();
    trade.fabric.heal();
    trade.cluster.heal();
    for (const { workflowId, stuck } of await stage.node.processes.open())
      if (stuck) await stage.node.processes.retryTeardown(workflowId).catch(() => undefined);
    await over(name);
  });
});

/** The namespace is made ready while its place's slice is on its way: neither needs the other, and neither ends while the other one runs. */
describe.each(['offload', 'ensureNamespace'] as const)('%s beside the slice', (call) => {
  const prepare: Call = { on: 'cluster', call };
  test.each([
    ['and the slice becomes a node', false],
    ['and the slice comes to nothing', true],
  ] as const)('it hangs, %s', async (_title, refused) => {
    await open();
    plan(prepare, 'hang');
    if (refused) plan({ on: 'fabric', call: 'awaitVirtualNode' }, 'refuse');
    const name = await begin();
    await whenHanging(prepare);
    const reached = refused ? 'withdrawSlice' : 'awaitVirtualNode';
    await expect.poll(() => trade.fabric.called(reached), { timeout: 20_000, interval: 50 }).toBe(1);
    trade.cluster.letGo();
    const [seller, cluster] = refused ? ['west.example', 'west'] : ['north.example', 'north'];
    const { place } = await stage.untilInUse(name);
    expect(place).toMatchObject({ kind: 'remote', seller });
    expect(trade.world.cluster(clusterId('south')).namespaces.get(place?.namespace ?? '')?.offloadedTo).toEqual([cluster]);
    await finish(name);
  });
});

test.each([
  ['while it buys', { on: 'peer', call: 'purchase' }],
  ['while it waits for its node', { on: 'fabric', call: 'awaitVirtualNode' }],
  ['while it holds', undefined],
] as const)('an acquisition that is cancelled in Temporal %s gives everything back, and another seller serves', async (_when, at) => {
  await open();
  if (at) plan(at, 'hang');
  const name = await begin();
  if (at) await whenHanging(at);
  else await stage.untilInUse(name);
  const [attempt] = await stage.node.processes.acquisitionsOf(name);
  if (!attempt) throw new Error('it was started');
  await stage.node.temporal.client.workflow.getHandle(workflowIds.acquisition(attempt)).cancel();
  await untilSaid(name, { state: 'in-use', place: { seller: 'west.example' } });
  await finish(name);
});

test('let go while it reserves: what it reserved is given up, and nothing is bought', async () => {
  let goOn = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let reserved = 0;
  await open({}, ({ peers: { peers } }) => ({
    peers: {
      at: (address, options) => {
        const peer = peers.at(address, options);
        const reserve: typeof peer.reserve = async (input) => {
          const hold = await peer.reserve(input);
          reserved += 1;
          await gate;
          return hold;
        };
        return { ...peer, reserve };
      },
    },
  }));
  const name = await begin();
  // The try within the task is given up on after two seconds; the second one hears of the end, and takes effect all the same.
  await expect.poll(() => reserved, { timeout: 20_000, interval: 50 }).toBe(2);
  const [attempt] = await stage.node.processes.acquisitionsOf(name);
  if (!attempt) throw new Error('it was started');
  await end(name);
  const acquisition = stage.node.temporal.client.workflow.getHandle(workflowIds.acquisition(attempt));
  const released = async () =>
    (await acquisition.fetchHistory()).events?.some((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'release');
  await expect.poll(released, { timeout: 20_000, interval: 50 }).toBe(true);
  goOn();
  await over(name);
  const journal = await stage.node.processes.journal(workflowIds.acquisition(attempt));
  expect(journal.map(({ step, direction }) => `${direction} ${step}`)).toEqual(['do reserve', 'undo reserve']);
});
