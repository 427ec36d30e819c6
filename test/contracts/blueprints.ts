/** What every `Inventory` must do with blueprints, real or in memory: it counts instances as it counts everything else. */
import { expect, test } from 'vitest';
import type { ServiceTerms } from '../../src/domain/contract.ts';
import { type Flavor, isBlueprint } from '../../src/domain/flavor.ts';
import { contractOf } from '../../src/domain/ids.ts';
import { NOTHING } from '../../src/domain/resources.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { blueprintOf } from '../fakes/samples.ts';
import { type InventorySubject, openDesk, TTL, YEAR } from './inventory-desk.ts';
import { buyerOf, newTransaction, NOON, SELLER } from './samples.ts';

const DATABASE = blueprintOf(SELLER);
const SERVICE: ServiceTerms = { hostingPolicy: 'Provider', configuration: { database: 'orders', password: 'hunter-two' } };

export function blueprintsContract(make: () => Promise<InventorySubject>): void {
  const { inventory, contracts, setClock, fails } = openDesk(make);
  const listed = async (): Promise<readonly Flavor[]> => (await inventory.list()).filter(isBlueprint);
  const reserve = async (key: string, change: Partial<Parameters<Inventory['reserve']>[0]> = {}) => {
    const [flavor = DATABASE] = await listed();
    const call = { flavor: flavor.id, buyer: buyerOf('alice'), service: SERVICE, transaction: newTransaction(), ttlMs: TTL };
    return await inventory.reserve({ ...call, idempotencyKey: key, ...change });
  };
  const sell = (transaction: Awaited<ReturnType<typeof reserve>>) =>
    inventory.sell({ transaction: transaction.id, contract: contractOf(transaction.id), seller: SELLER, lifetimeMs: YEAR });

  test('of two instances two are held or sold, and never a third, until one is given back', async () => {
    await inventory.publish(DATABASE, undefined, 2);
    const [first, second] = [await reserve('1'), await reserve('2')];
    expect(await listed()).toEqual([]);
    await fails(reserve('3', { flavor: DATABASE.id }), 'NOT_ENOUGH');
    const { terms } = await sell(first);
    await fails(reserve('4', { flavor: DATABASE.id }), 'NOT_ENOUGH');
    await inventory.release({ buyer: buyerOf('alice'), idempotencyKey: '2' });
    await fails(sell(second), 'HOLD_RELEASED');
    expect(await listed()).toHaveLength(1);
    await sell(await reserve('5'));
    expect(await listed()).toEqual([]);
    await inventory.giveBack({ contract: terms.id, ending: { reason: 'done' } });
    expect(await listed()).toHaveLength(1);
  });

  test('what was sold says how it is configured, but for its secrets, and costs what an instance costs', async () => {
    await inventory.publish(DATABASE);
    const transaction = await reserve('1');
    expect((await inventory.hold(transaction.id))?.service).toEqual(SERVICE);
    const sold = await sell(transaction);
    const { terms } = sold;
    expect(terms).toMatchObject({ resources: NOTHING, price: DATABASE.price, service: { hostingPolicy: 'Provider' } });
    expect(terms.service?.configuration).toEqual({ database: 'orders' });
    expect(terms.flavor.offer).toEqual(DATABASE.offer);
    expect((await contracts.get(terms.id))?.terms).toEqual(terms);
    expect(await sell(transaction)).toEqual(sold);
  });

  test('secrets are kept until the instance has them, or nobody needs them any more', async () => {
    await inventory.publish(DATABASE, undefined, 4);
    const secretOf = async (id: Parameters<Inventory['hold']>[0]) => (await inventory.hold(id))?.service;
    const [made, over, let_go] = [await reserve('1'), await reserve('2'), await reserve('3')];
    await inventory.forgetConfiguration(made.id);
    expect(await secretOf(made.id)).toEqual(SERVICE);
    await sell(made);
    const { terms } = await sell(over);
    await inventory.forgetConfiguration(made.id);
    await inventory.giveBack({ contract: terms.id, transaction: over.id, ending: { reason: 'done' } });
    await inventory.giveBack({ contract: contractOf(let_go.id), transaction: let_go.id, ending: { reason: 'failed' } });
    for (const { id } of [made, over, let_go]) expect(await secretOf(id)).toBeUndefined();
  });

  test('a key that wanted one configuration gets no other', async () => {
    await inventory.publish(DATABASE, undefined, 2);
    const [flavor] = await listed();
    const first = await reserve('1');
    expect(await reserve('1', flavor && { flavor: flavor.id })).toEqual(first);
    const other = { ...SERVICE, configuration: { database: 'other' } };
    await fails(reserve('1', { service: other, ...(flavor && { flavor: flavor.id }) }), 'BAD_REQUEST');
  });

  test('is no slice: neither is sold as the other', async () => {
    await inventory.publish(DATABASE);
    const { service: _service, ...call } = { service: SERVICE, flavor: DATABASE.id, buyer: buyerOf('alice'), ttlMs: TTL };
    await fails(inventory.reserve({ ...call, transaction: newTransaction() }), 'CONFIGURATION_INVALID');
    const [slice] = (await inventory.list()).filter((each) => !isBlueprint(each));
    if (!slice) throw new Error('no slice');
    await fails(reserve('1', { flavor: slice.id }), 'CONFIGURATION_INVALID');
  });

  test('an expired hold frees its instance; fewer on sale than are sold lists none', async () => {
    await inventory.publish(DATABASE, undefined, 2);
    await reserve('1');
    await sell(await reserve('2'));
    await setClock(NOON + TTL + 1);
    expect(await listed()).toHaveLength(1);
    await inventory.publish(DATABASE, undefined, 1);
    expect(await listed()).toEqual([]);
    await inventory.publish(DATABASE, undefined, 3);
    expect(await listed()).toHaveLength(1);
  });

  test('a ledger counts instances as pods: those that may be sold, are sold, and are held', async () => {
    await inventory.publish(DATABASE, undefined, 5);
    const ledger = async () =>
      (await inventory.ledgers({ blueprint: true })).map(({ onSale, ...of }) => [onSale, of.wanted.pods, of.sold.pods, of.held.pods]);
    expect(await ledger()).toEqual([[true, '5', '0', '0']]);
    await sell(await reserve('1'));
    await reserve('2');
    expect(await ledger()).toEqual([[true, '5', '1', '1']]);
    await setClock(NOON + TTL + 1);
    expect(await ledger()).toEqual([[true, '5', '1', '0']]);
    await inventory.withdraw(DATABASE.id);
    expect(await ledger()).toEqual([[false, '5', '1', '0']]);
  });

  test('sums for slices know nothing of instances', async () => {
    const before = await inventory.sums();
    await inventory.publish(DATABASE, undefined, 5);
    await sell(await reserve('1'));
    expect(await inventory.sums()).toEqual({ ...before, flavors: before.flavors + 1 });
  });
}
