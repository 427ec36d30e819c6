/** Where our identity at a seller stands, a purchase joins the peering and asks for the slice, unless it may have been given up by then. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { buyingActivities } from '../../activities/buying.ts';
import { acquisitionId, clusterId } from '../../src/domain/ids.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { buyerOf, flavorOf, ONE, SELLER } from '../contracts/samples.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { liqoWorld } from '../fakes/liqo-world.ts';
import { memoryProcesses } from '../fakes/memory-processes.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { fakePeers } from '../fakes/peers.ts';

const HOME = clusterId('alice-1');
const acquisition = acquisitionId('0123456789ab-1');
const candidate = { flavor: flavorOf('000a'), seller: SELLER, dialect: 'rearguard', part: ONE, rating: 0.5 } as const;
const AWAY = clusterId(SELLER.clusterId ?? '');

/** What a purchase joined and asked for, when its answer took so long. */
async function buys({ tookMs, replyTo, stands = true }: { tookMs: number; replyTo?: string; stands?: boolean }) {
  let now = Date.now();
  const clock = { now: () => now };
  const { audit } = memoryAudit({ clock });
  const { processes, asked } = memoryProcesses({ clock });
  const north = fakePeers({ clock });
  await north.add({ identity: SELLER, flavors: [candidate.flavor] });
  const world = liqoWorld();
  if (stands) world.cluster(HOME).identities.set(AWAY, acquisitionId('0123456789ab-0'));
  const { reserve, buy } = buyingActivities({
    audit,
    clock,
    processes,
    peers: {
      at: (...where) => {
        const peer = north.peers.at(...where);
        return {
          ...peer,
          async purchase(...input) {
            now += tookMs;
            return await peer.purchase(...input);
          },
        };
      },
    },
    contracts: memoryInventory({ clock }).contracts,
    knownNodes: memoryRecords({ clock }).knownNodes,
    fabric: fakeFabric(world, HOME),
    notary: north.keys.notaryAt(buyerOf('alice').address),
    self: buyerOf('alice'),
    timing: DEFAULT_TIMING,
  });
  const run = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> =>
    new MockActivityEnvironment({ startToCloseTimeoutMs: 15_000 }).run(activity, input);
  const { transaction } = await run(reserve, { acquisition, candidate });
  const bought = await run(buy, { acquisition, candidate, transaction, ...(replyTo !== undefined && { replyTo }) });
  return { joins: asked.length, slices: world.cluster(HOME).slices.size, bought };
}

test('it goes on where somebody entered the next steps', async () => {
  expect(await buys({ tookMs: 100, replyTo: 'acquisition/x' })).toMatchObject({
    joins: 1,
    slices: 1,
    bought: { joined: true, asked: true },
  });
});

test.each([
  ['whose workflow entered nothing', { tookMs: 100 }],
  ['that took so long that it may have been given up', { tookMs: 4_000, replyTo: 'acquisition/x' }],
  ['that finds no identity', { tookMs: 100, replyTo: 'acquisition/x', stands: false }],
])('one %s leaves them to the next steps', async (_name, input) => {
  const { bought, ...began } = await buys(input);
  expect(began).toEqual({ joins: 0, slices: 0 });
  expect(bought).not.toHaveProperty('joined');
  expect(bought).not.toHaveProperty('asked');
});
