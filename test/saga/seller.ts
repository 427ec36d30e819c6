import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type TransactionId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import { nextEnd } from '../../src/domain/renewal.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { lately } from '../fakes/lately.ts';
import { SOUTH, type Shop, openShop } from './shop.ts';
import { type Stage, openStage } from './stage.ts';
import { identity } from './trade.ts';

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
  const contract = async (transaction: TransactionId) => {
    const found = await stage.database.store.contracts.get(contractOf(transaction));
    if (!found) throw new Error('not sold');
    return found;
  };
  return {
    stage,
    shop,
    contract,
    /** A later end, signed by both and stored, as our HTTP side does; answers whether it was. `hint`: whether the workflow hears of it. */
    async renew(transaction: TransactionId, hint = true): Promise<boolean> {
      const before = await contract(transaction);
      const until = nextEnd(before) ?? '';
      const { keys } = shop.peers;
      const proposed = await keys.notaryAt(identity('south').address).proposeRenewal({ contract: before, until });
      const renewal = await keys.notaryAt(identity('north').address).grantRenewal({ contract: before, until, proposed });
      const number = (before.renewals?.length ?? 0) + 1;
      const renewed = await stage.database.store.contracts.renew({ contract: before.terms.id, role: 'seller', number, renewal, until });
      if (renewed && hint) await stage.node.processes.noticeOfRenewal(transaction, Date.parse(until));
      return renewed;
    },
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
