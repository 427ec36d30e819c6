/** 10,000 buyers, and the order in which what they saw may have happened. */
import { afterAll, describe, expect, inject, test } from 'vitest';
import { isFault } from '../../src/domain/faults.ts';
import { type ContractId, contractOf } from '../../src/domain/ids.ts';
import { add, NOTHING } from '../../src/domain/resources.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { cloneDatabase } from './database.ts';
import { type Call, unexplained } from './linearizable.ts';

const CALLERS = 8;
const SLOTS = 40;
const BUYERS = 10_000;

describe('the check itself', () => {
  const call = (caller: number, kind: Call['kind'], calledAt: number, returnedAt: number): Call => ({ caller, kind, calledAt, returnedAt });

  test.each<[string, readonly Call[]]>([
    ['one after the other', [call(0, 'take', 0, 1), call(0, 'refused', 2, 3), call(0, 'give', 4, 5), call(0, 'take', 6, 7)]],
    ['a refusal while somebody takes', [call(0, 'take', 0, 9), call(1, 'refused', 1, 2)]],
    ['a slot that is given back while it is taken', [call(0, 'take', 0, 1), call(0, 'give', 2, 9), call(1, 'take', 3, 4)]],
  ])('explains %s', (_, history) => {
    expect(unexplained(history, 1)).toBeUndefined();
  });

  test.each<[string, readonly Call[]]>([
    ['a slot that is taken twice', [call(0, 'take', 0, 1), call(1, 'take', 2, 3)]],
    ['also at once', [call(0, 'take', 0, 9), call(1, 'take', 1, 8), call(2, 'refused', 2, 3)]],
    ['a refusal where there was a slot', [call(0, 'take', 0, 1), call(0, 'give', 2, 3), call(1, 'refused', 4, 5)]],
    ['what is given back and was never taken', [call(0, 'give', 0, 1)]],
  ])('does not explain %s', (_, history) => {
    expect(unexplained(history, 1)).toBeDefined();
  });
});

describe('10,000 buyers of one flavor', async () => {
  const db = await cloneDatabase(inject('databases'), { maxConnections: CALLERS });
  afterAll(() => db.drop());
  const { inventory } = db.store;
  const all = Array.from({ length: SLOTS }).reduce<typeof ONE>((sum) => add(sum, ONE), NOTHING);
  const flavor = flavorOf('000a', { resources: all });

  test('what they saw has an order, in which nothing is sold twice; with one more sale it has none', { timeout: 240_000 }, async () => {
    await inventory.publish(flavor);
    const history: Call[] = [];
    const sold: ContractId[] = [];
    let next = 0;
    const timed = async <T>(caller: number, work: () => Promise<T>, kindOf: (answer: T) => Call['kind']): Promise<T> => {
      const calledAt = performance.now();
      const answer = await work();
      history.push({ caller, kind: kindOf(answer), calledAt, returnedAt: performance.now() });
      return answer;
    };
    const reserve = async (buyer: number) => {
      try {
        return await inventory.reserve({
          flavor: flavor.id,
          buyer: buyerOf(`b${buyer}x`),
          part: ONE,
          idempotencyKey: 'k',
          transaction: newTransaction(),
          ttlMs: 3_600_000,
        });
      } catch (error) {
        if (isFault(error) && error.code === 'NOT_ENOUGH') return undefined;
        throw error;
      }
    };
    const caller = async (self: number): Promise<void> => {
      for (let buyer = next++; buyer < BUYERS; buyer = next++) {
        const hold = await timed(
          self,
          () => reserve(buyer),
          (answer) => (answer ? 'take' : 'refused'),
        );
        // Now and then something that was sold is given back.
        const over = buyer % 10 === 0 ? sold.shift() : undefined;
        if (over !== undefined) {
          await timed(
            self,
            () => inventory.giveBack({ contract: over, ending: { reason: 'done' } }),
            () => 'give',
          );
        }
        if (!hold) continue;
        // Every third lets its hold go, the others buy.
        if (buyer % 3 === 0) {
          await timed(
            self,
            () => inventory.release({ buyer: buyerOf(`b${buyer}x`), idempotencyKey: 'k' }),
            () => 'give',
          );
          continue;
        }
        await inventory.sell({ transaction: hold.id, contract: contractOf(hold.id), seller: SELLER, lifetimeMs: 3_600_000 });
        sold.push(contractOf(hold.id));
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, self) => caller(self)));
    expect(new Set(history.map(({ kind }) => kind))).toEqual(new Set(['take', 'refused', 'give']));
    expect(unexplained(history, SLOTS)).toBeUndefined();
    const taken = history.filter(({ kind }) => kind === 'take').length - history.filter(({ kind }) => kind === 'give').length;
    expect(taken).toBeLessThanOrEqual(SLOTS);

    // The same history, but of those that were refused the one in the middle is said to have bought.
    const refused = history.filter(({ kind }) => kind === 'refused');
    const planted = refused[Math.floor(refused.length / 2)];
    const doubled = history.map((call) => (call === planted ? { ...call, kind: 'take' as const } : call));
    expect(unexplained(doubled, SLOTS)).toBeDefined();
  });
});
