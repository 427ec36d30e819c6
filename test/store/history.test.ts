/** 10,000 buyers, and the order in which what they saw may have happened. */
import { afterAll, describe, expect, inject, test } from 'vitest';
import { isFault } from '../../src/domain/faults.ts';
import { type ContractId, contractId, contractOf, type TransactionId } from '../../src/domain/ids.ts';
import { add, NOTHING } from '../../src/domain/resources.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { cloneDatabase } from './database.ts';
import { type Call, type Kind, unexplained } from './linearizable.ts';

const CALLERS = 8;
const SLOTS = 40;
const BUYERS = 10_000;
const times = (count: number): typeof ONE => Array.from({ length: count }).reduce<typeof ONE>((sum) => add(sum, ONE), NOTHING);

describe('the check itself, on one slot', () => {
  const call = (caller: number, kind: Kind, hold: string, calledAt: number, returnedAt: number): Call => ({
    caller,
    kind,
    hold,
    calledAt,
    returnedAt,
  });
  const taken = call(0, 'take', 'a', 0, 1);
  const sold = call(0, 'sell', 'a', 2, 3);
  const free = call(0, 'letGo', 'a', 2, 3);
  const givenBack = call(0, 'giveBack', 'a', 4, 5);

  test.each<[string, readonly Call[]]>([
    ['one after the other', [taken, call(0, 'refused', 'b', 2, 3), call(0, 'letGo', 'a', 4, 5), call(0, 'take', 'b', 6, 7)]],
    ['a refusal while somebody takes', [call(0, 'take', 'a', 0, 9), call(1, 'refused', 'b', 1, 2)]],
    ['a slot that is given back while it is taken', [taken, call(0, 'letGo', 'a', 2, 9), call(1, 'take', 'b', 3, 4)]],
    [
      'a sale, and a slot that is sold again once it is back',
      [taken, sold, givenBack, call(1, 'take', 'b', 6, 7), call(1, 'sell', 'b', 8, 9)],
    ],
    ['a sale that is refused while somebody else sells', [taken, call(0, 'sell', 'a', 2, 9), call(1, 'unsold', 'a', 3, 4)]],
    ['a sale that is refused of what is over', [taken, free, call(1, 'unsold', 'a', 4, 5)]],
    ['a hold that is kept because it is sold meanwhile', [taken, call(0, 'kept', 'a', 2, 9), call(1, 'sell', 'a', 3, 4)]],
  ])('explains %s', (_, history) => {
    expect(unexplained(history, 1)).toBeUndefined();
  });

  test.each<[string, readonly Call[]]>([
    ['a slot that is taken twice', [taken, call(1, 'take', 'b', 2, 3)]],
    ['also at once', [call(0, 'take', 'a', 0, 9), call(1, 'take', 'b', 1, 8), call(2, 'refused', 'c', 2, 3)]],
    ['a refusal where there was a slot', [taken, free, call(1, 'refused', 'b', 4, 5)]],
    ['what is given back and was never taken', [call(0, 'letGo', 'a', 0, 1)]],
    ['a hold that is sold twice', [taken, sold, call(1, 'sell', 'a', 4, 5)]],
    ['also at once', [taken, call(0, 'sell', 'a', 2, 9), call(1, 'sell', 'a', 3, 8)]],
    ['a hold that is sold again once it is back', [taken, sold, givenBack, call(1, 'sell', 'a', 6, 7)]],
    ['a sale of what was let go, or expired', [taken, free, call(1, 'sell', 'a', 4, 5)]],
    ['a sale while it is let go', [taken, call(0, 'letGo', 'a', 2, 9), call(1, 'sell', 'a', 3, 8)]],
    ['a sale of what nobody took', [call(0, 'sell', 'a', 0, 1)]],
    ['a sale that is refused of what could be sold', [taken, call(1, 'unsold', 'a', 2, 3)]],
    ['a slot that is free although it is sold', [taken, sold, call(1, 'take', 'b', 4, 5)]],
    ['a sale that is let go', [taken, sold, call(1, 'letGo', 'a', 4, 5)]],
    ['a sale that is given back twice', [taken, sold, givenBack, call(1, 'giveBack', 'a', 6, 7)]],
    ['a hold that is kept and was not sold', [taken, call(0, 'kept', 'a', 2, 3)]],
  ])('does not explain %s', (_, history) => {
    expect(unexplained(history, 1)).toBeDefined();
  });
});

describe('10,000 buyers of one flavor', async () => {
  const db = await cloneDatabase(inject('databases'), { maxConnections: CALLERS });
  afterAll(() => db.drop());
  const { inventory, contracts } = db.store;
  const flavor = flavorOf('000a', { resources: times(SLOTS) });
  const reserve = async (buyer: number, transaction: TransactionId): Promise<Kind> => {
    const wanted = { flavor: flavor.id, buyer: buyerOf(`b${buyer}x`), part: ONE, idempotencyKey: 'k', transaction, ttlMs: 3_600_000 };
    try {
      expect((await inventory.reserve(wanted)).id).toBe(transaction);
      return 'take';
    } catch (error) {
      if (isFault(error) && error.code === 'NOT_ENOUGH') return 'refused';
      throw error;
    }
  };
  const release = async (buyer: number): Promise<Kind> => {
    const { sold } = await inventory.release({ buyer: buyerOf(`b${buyer}x`), idempotencyKey: 'k' });
    return sold === undefined ? 'letGo' : 'kept';
  };

  test('what they saw has an order, in which nothing is sold twice; with one more sale it has none', { timeout: 240_000 }, async () => {
    await inventory.publish(flavor);
    const history: Call[] = [];
    const sold: { readonly hold: TransactionId; readonly contract: ContractId }[] = [];
    /** Holds that somebody else sells too, while their buyers sell them or let them go. */
    const contested: TransactionId[] = [];
    let next = 0;
    const timed = async (caller: number, hold: TransactionId, work: () => Promise<Kind>): Promise<Kind> => {
      const calledAt = performance.now();
      const kind = await work();
      history.push({ caller, kind, hold, calledAt, returnedAt: performance.now() });
      return kind;
    };
    const sell = async (transaction: TransactionId, contract: ContractId): Promise<Kind> => {
      try {
        const { terms } = await inventory.sell({ transaction, contract, seller: SELLER, lifetimeMs: 3_600_000 });
        expect(terms).toMatchObject({ id: contract, transaction, resources: ONE });
        sold.push({ hold: transaction, contract });
        return 'sell';
      } catch (error) {
        if (isFault(error) && error.code === 'HOLD_RELEASED') return 'unsold';
        throw error;
      }
    };
    const caller = async (self: number): Promise<void> => {
      for (let buyer = next++; buyer < BUYERS; buyer = next++) {
        const hold = newTransaction();
        const took = (await timed(self, hold, () => reserve(buyer, hold))) === 'take';
        if (took && buyer % 2 === 0) contested.push(hold);
        else {
          const other = contested.shift();
          if (other !== undefined) await timed(self, other, () => sell(other, contractId(`${contractOf(other)}-other`)));
        }
        // Now and then something that was sold is given back.
        const over = buyer % 10 === 0 ? sold.shift() : undefined;
        if (over !== undefined) {
          await timed(self, over.hold, async () => {
            await inventory.giveBack({ contract: over.contract, ending: { reason: 'done' } });
            return 'giveBack';
          });
        }
        // Every third lets its hold go, the others buy.
        if (took) await timed(self, hold, () => (buyer % 3 === 0 ? release(buyer) : sell(hold, contractOf(hold))));
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, self) => caller(self)));
    const count = (...kinds: readonly Kind[]): number => history.filter(({ kind }) => kinds.includes(kind)).length;
    expect(new Set(history.map(({ kind }) => kind))).toEqual(new Set(['take', 'refused', 'sell', 'unsold', 'letGo', 'kept', 'giveBack']));
    expect(unexplained(history, SLOTS)).toBeUndefined();

    // Each hold was sold or let go: what is taken in the end are the sales that were not given back, no more and no fewer.
    const left = count('take') - count('letGo', 'giveBack');
    expect(left).toBe(count('sell') - count('giveBack'));
    const living = await contracts.list({ role: 'seller', living: true });
    expect(living.map(({ terms }) => terms.id).toSorted()).toEqual(sold.map(({ contract }) => contract).toSorted());
    expect(living).toHaveLength(left);
    expect(await inventory.sums()).toMatchObject({ sold: times(left), held: NOTHING, free: times(SLOTS - left), holds: 0 });

    // The same history, but of those that were refused the one in the middle is said to have got it: of a slot, and of a hold that somebody else sold.
    const bought = new Set(history.flatMap(({ kind, hold }) => (kind === 'sell' ? [hold] : [])));
    const planted = (refusal: Kind, kind: Kind): readonly Call[] => {
      const refused = history.filter((call) => call.kind === refusal && (kind === 'take' || bought.has(call.hold)));
      const one = refused[Math.floor(refused.length / 2)];
      expect(one).toBeDefined();
      return history.map((call) => (call === one ? { ...call, kind } : call));
    };
    expect(unexplained(planted('refused', 'take'), SLOTS)).toBeDefined();
    expect(unexplained(planted('unsold', 'sell'), SLOTS)).toMatchObject({ kind: 'sell' });
  });
});
