import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type TransactionId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { lately } from '../fakes/lately.ts';
import { SOUTH, type Shop, openShop } from './shop.ts';
import { type Stage, openStage } from './stage.ts';

/** Until something is so that takes a few seconds at most. */
export const SOON = { timeout: 20_000, interval: 50 } as const;

/** North as a seller whose cases are played one after the other: hooks of the file that calls it open and close the stage, and mend after each case what it broke. */
export function playSeller() {
  let opened: Stage | undefined;
  let played: Shop | undefined;
  let last = JSON.stringify([{}]);
  const stage = lately<Stage>(() => opened);
  const shop = lately<Shop>(() => played);
  beforeAll(async () => {
    opened = await openStage('north');
  });
  afterEach(async () => {
    shop.peers.heal();
    shop.fabric.heal();
    shop.inventory.heal();
    await stage.database.clear();
  });
  afterAll(() => opened?.close());

  const allocation = async (transaction: TransactionId): Promise<string | undefined> =>
    (await stage.database.store.contracts.allocations()).find(({ contract }) => contract === contractOf(transaction))?.state;
  return {
    stage,
    shop,
    /** Another case. With another `timing` than the last one's the workers are new, since they read it once. */
    async open(timing: Partial<Timing> = {}, sells: NonNullable<Parameters<typeof openShop>[2]> = {}): Promise<void> {
      const words = JSON.stringify([timing, sells.contractMs]);
      if (words !== last) await stage.killWorkers();
      last = words;
      played = await openShop(stage, timing, sells);
    },
    /** As our own HTTP side asks for it. */
    purchase: (transaction: TransactionId): Promise<unknown> => stage.node.processes.purchase({ transaction, buyer: SOUTH }, 20_000),
    /** What was sold to a buyer whose cluster its hold does not name. */
    async sold(): Promise<TransactionId> {
      const transaction = await shop.reserve();
      await stage.node.processes.purchase({ transaction }, 20_000);
      return transaction;
    },
    /** Until the buyer's slice is let in. */
    untilServed: (transaction: TransactionId): Promise<void> =>
      expect.poll(() => allocation(transaction), { ...SOON, timeout: 40_000 }).toBe('active'),
    untilClosed: (transaction: TransactionId): Promise<void> =>
      expect.poll(() => stage.node.processes.isOpen(workflowIds.contract(transaction)), SOON).toBe(false),
    /** A hold that was never sold is let go as the REAR side does when it answers 503; otherwise it would expire by itself. */
    async nothingLeft(unsold?: TransactionId): Promise<void> {
      await stage.allOverAndReplayed();
      if (unsold) await stage.database.store.inventory.abandon(unsold);
      expect(await shop.leaks()).toEqual([]);
    },
  };
}
