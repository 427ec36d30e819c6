import { beforeEach, expect } from 'vitest';
import type { FaultCode } from '../../src/domain/faults.ts';
import { isSlice } from '../../src/domain/flavor.ts';
import { contractOf, type TransactionId } from '../../src/domain/ids.ts';
import type { Resources } from '../../src/domain/resources.ts';
import type { Contracts } from '../../src/ports/contracts.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { lately } from '../fakes/lately.ts';
import { byId, followed, toldOf } from './following.ts';
import { buyerOf, flavorOf, newTransaction, NOON, SELLER } from './samples.ts';

export interface InventorySubject {
  readonly inventory: Inventory;
  readonly contracts: Contracts;
  /** Stops the subject's clock at a time (ms since the epoch). */
  setClock(at: number): Promise<void>;
}

export const A = flavorOf('000a');
export const alice = buyerOf('alice');
export const TTL = 60_000;
export const YEAR = 365 * 86_400_000;

/** A seller with one flavor, anew at noon before each test of whoever calls it; `make` answers an empty one each time. */
export function openDesk(make: () => Promise<InventorySubject>) {
  let subject: InventorySubject | undefined;
  const inventory = lately(() => subject?.inventory);
  const contracts = lately(() => subject?.contracts);
  const setClock = async (at: number): Promise<void> => await subject?.setClock(at);
  beforeEach(async () => {
    subject = await make();
    await setClock(NOON);
    await inventory.publish(A);
    following = followed(inventory);
  });

  let following = followed(inventory);
  /** What is listed, asked anew and as whoever follows the list has it. */
  const listed = async (): Promise<readonly Resources[]> => {
    const flavors = await inventory.list();
    expect(await following()).toEqual(byId(flavors));
    return flavors.filter(isSlice).map(({ offer }) => offer.resources);
  };
  /** Whether whoever follows the list is told of something in the meantime. */
  const tells = async (what: () => Promise<unknown>): Promise<boolean> => (await toldOf(inventory, what)).length > 0;
  const fails = (call: Promise<unknown>, code: FaultCode) => expect(call).rejects.toMatchObject({ name: 'Fault', code });
  const reserve = (part?: Resources, key?: string, change: Partial<Parameters<Inventory['reserve']>[0]> = {}) =>
    inventory.reserve({
      flavor: A.id,
      buyer: alice,
      transaction: newTransaction(),
      ttlMs: TTL,
      ...(part && { part }),
      ...(key && { idempotencyKey: key }),
      ...change,
    });
  const sell = (transaction: TransactionId) =>
    inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: YEAR });
  return { inventory, contracts, setClock, listed, tells, fails, reserve, sell };
}
