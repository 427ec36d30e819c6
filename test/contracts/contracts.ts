import { beforeEach, describe, expect, it } from 'vitest';
import type { Agreement, AgreementSignature } from '../../src/domain/agreement.ts';
import type { ContractTerms } from '../../src/domain/contract.ts';
import {
  type AcquisitionId,
  acquisitionId,
  type ContractId,
  contractId,
  contractOf,
  nodeId,
  type TransactionId,
  transactionId,
} from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Contracts } from '../../src/ports/contracts.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER, termsOf } from './samples.ts';

const ACQUISITION = acquisitionId('0123456789ab-1');
const DONE: Ending = { reason: 'done' };
const FAILED: Ending = { reason: 'failed', detail: 'PEERING_TIMEOUT: not ready' };

/** What every `Contracts` does; `make` answers an empty one, and the inventory that shares its rows. */
export function contractsContract(make: () => Promise<{ readonly contracts: Contracts; readonly inventory: Inventory }>): void {
  let { contracts, inventory } = {} as { contracts: Contracts; inventory: Inventory };
  beforeEach(async () => {
    ({ contracts, inventory } = await make());
  });

  const sold = async (sign?: (terms: ContractTerms) => Promise<Agreement>) => {
    await inventory.publish(flavorOf('000c'));
    const transaction = newTransaction();
    await inventory.reserve({
      flavor: flavorOf('000c').id,
      buyer: buyerOf('bob'),
      part: ONE,
      idempotencyKey: ACQUISITION,
      transaction,
      ttlMs: 60_000,
    });
    const contract = contractOf(transaction);
    return await inventory.sell({ transaction, contract, seller: SELLER, lifetimeMs: 86_400_000, ...(sign && { sign }) });
  };

  it('stores what was bought, with an allocation that is not active yet', async () => {
    const terms = termsOf();
    await contracts.storeBought({ terms, acquisition: ACQUISITION });
    const stored = { terms, role: 'buyer', state: 'active', acquisition: ACQUISITION };
    expect(await contracts.get(terms.id)).toEqual(stored);
    expect(await contracts.ofTransaction(terms.transaction)).toEqual(stored);
    expect(await contracts.ofAcquisition(ACQUISITION)).toEqual(stored);
    expect(await contracts.allocations()).toEqual([{ contract: terms.id, type: 'VirtualNode', state: 'inactive', resources: ONE }]);
  });

  const signatureOf = (by: string): AgreementSignature => ({
    protected: by,
    header: { jwk: { kty: 'OKP', crv: 'Ed25519', x: 'a'.repeat(43) } },
    signature: `of ${by}`,
  });
  const agreed = (...by: readonly string[]): Agreement => ({ payload: 'terms', signatures: by.map(signatureOf) });

  it('keeps what was signed, and tells it with the contract alone, not in lists', async () => {
    const terms = termsOf();
    const agreement = agreed('seller', 'buyer');
    await contracts.storeBought({ terms, acquisition: ACQUISITION, agreement });
    expect(await contracts.get(terms.id)).toMatchObject({ agreement });
    expect(await contracts.ofAcquisition(ACQUISITION)).toMatchObject({ agreement });
    expect(await contracts.ofTransaction(terms.transaction)).toMatchObject({ agreement });
    expect(await contracts.list()).toEqual([expect.not.objectContaining({ agreement })]);
  });

  it('takes the buyer’s signature beside its own: the first one, and under what it signed', async () => {
    const { terms } = await sold(async () => agreed('seller'));
    expect(await contracts.get(terms.id)).toMatchObject({ agreement: agreed('seller') });
    const countersign = (payload: string, by: string) => contracts.countersign({ contract: terms.id, payload, signature: signatureOf(by) });
    expect(await countersign('other terms', 'buyer')).toBe(false);
    expect(await countersign('terms', 'buyer')).toBe(true);
    expect(await countersign('terms', 'buyer again')).toBe(true);
    expect(await contracts.get(terms.id)).toMatchObject({ agreement: agreed('seller', 'buyer') });
    expect(await contracts.countersign({ contract: contractId('contract-x'), payload: 'terms', signature: signatureOf('buyer') })).toBe(
      false,
    );
    const bought = termsOf();
    await contracts.storeBought({ terms: bought, acquisition: ACQUISITION, agreement: agreed('seller') });
    expect(await contracts.countersign({ contract: bought.id, payload: 'terms', signature: signatureOf('buyer') })).toBe(false);
  });

  it('takes its own signature made anew, until the buyer signed beside it or it is over, and under the same terms', async () => {
    const { terms } = await sold(async () => agreed('seller'));
    const signAnew = (agreement: Agreement, contract = terms.id) => contracts.signAnew({ contract, agreement });
    await signAnew({ ...agreed('seller by another key'), payload: 'other terms' });
    expect(await contracts.get(terms.id)).toMatchObject({ agreement: agreed('seller') });
    await signAnew(agreed('seller by another key'));
    await contracts.countersign({ contract: terms.id, payload: 'terms', signature: signatureOf('buyer') });
    await signAnew(agreed('seller by a third key'));
    expect(await contracts.get(terms.id)).toMatchObject({ agreement: agreed('seller by another key', 'buyer') });
    await signAnew(agreed('seller'), contractId('contract-x'));
    const bought = termsOf();
    await contracts.storeBought({ terms: bought, acquisition: ACQUISITION, agreement: agreed('seller') });
    await signAnew(agreed('seller by another key'), bought.id);
    expect(await contracts.get(bought.id)).toMatchObject({ agreement: agreed('seller') });
  });

  it('keeps the terms that were signed first, and takes no others under their name', async () => {
    const terms = termsOf();
    const first = agreed('seller', 'buyer');
    await contracts.storeBought({ terms, acquisition: ACQUISITION, agreement: first });
    await contracts.storeBought({ terms, acquisition: ACQUISITION, agreement: first });
    const longer = { ...terms, expiresAt: new Date(NOON + 2 * 86_400_000).toISOString() };
    const again = contracts.storeBought({ terms: longer, acquisition: ACQUISITION, agreement: { ...first, payload: 'longer' } });
    await expect(again).rejects.toMatchObject({ code: 'PEER_LIED' });
    await expect(contracts.storeBought({ terms, acquisition: ACQUISITION })).rejects.toMatchObject({ code: 'PEER_LIED' });
    expect(await contracts.get(terms.id)).toMatchObject({ terms, agreement: first });
  });

  it('sells nothing that could not be signed', async () => {
    const unsigned = sold(() => Promise.reject(new Error('no key')));
    await expect(unsigned).rejects.toThrow('no key');
    expect(await contracts.list()).toEqual([]);
    expect(await inventory.sums()).toMatchObject({ holds: 1 });
  });

  it('knows nothing of what never was', async () => {
    expect(await contracts.get(contractId('contract-x'))).toBeUndefined();
    expect(await contracts.ofTransaction(transactionId('x'))).toBeUndefined();
    expect(await contracts.ofAcquisition(ACQUISITION)).toBeUndefined();
    expect(await contracts.list()).toEqual([]);
  });

  it('changes nothing when a bought contract is stored again, whatever became of it', async () => {
    const terms = termsOf();
    await contracts.storeBought({ terms, acquisition: ACQUISITION });
    await contracts.markOver({ contract: terms.id, ending: DONE });
    await contracts.storeBought({ terms, acquisition: ACQUISITION });
    expect(await contracts.get(terms.id)).toMatchObject({ state: 'over', ending: DONE });
    expect(await contracts.allocations()).toMatchObject([{ state: 'released' }]);
  });

  it.each<[string, (terms: ContractTerms) => ContractTerms]>([
    ['another transaction', (terms) => ({ ...terms, transaction: newTransaction() })],
    ['another seller', (terms) => ({ ...terms, seller: { ...SELLER, id: nodeId('west') } })],
  ])('refuses a contract of %s under an id that is taken', async (_, change) => {
    const terms = termsOf();
    await contracts.storeBought({ terms, acquisition: ACQUISITION });
    await expect(contracts.storeBought({ terms: change(terms), acquisition: acquisitionId('x-2') })).rejects.toMatchObject({
      code: 'PEER_LIED',
    });
    expect(await contracts.get(terms.id)).toMatchObject({ terms });
  });

  it('does not take the key of one of our buyers for an acquisition of ours', async () => {
    await sold();
    expect(await contracts.ofAcquisition(ACQUISITION)).toBeUndefined();
  });

  it('lists by role and by life', async () => {
    const { terms } = await sold();
    const bought = termsOf();
    await contracts.storeBought({ terms: bought, acquisition: ACQUISITION });
    await contracts.markOver({ contract: bought.id, ending: DONE });
    const ids = async (filter?: Parameters<Contracts['list']>[0]) => (await contracts.list(filter)).map((each) => each.terms.id).toSorted();
    expect(await ids()).toEqual([terms.id, bought.id].toSorted());
    expect(await ids({ role: 'seller' })).toEqual([terms.id]);
    expect(await ids({ role: 'buyer' })).toEqual([bought.id]);
    expect(await ids({ living: true })).toEqual([terms.id]);
    expect(await ids({ living: false })).toEqual([bought.id]);
    expect(await ids({ role: 'buyer', living: true })).toEqual([]);
  });

  it('lists so many of the newest', async () => {
    const made: ContractId[] = [];
    for (let n = 0; n < 3; n += 1) {
      const terms = termsOf();
      await contracts.storeBought({ terms, acquisition: ACQUISITION });
      made.unshift(terms.id);
    }
    const ids = async (filter: Parameters<Contracts['list']>[0]) => (await contracts.list(filter)).map((each) => each.terms.id);
    expect(await ids({})).toEqual(made);
    const first = async (filter: Omit<Parameters<Contracts['page']>[0], 'limit'>) =>
      (await contracts.page({ ...filter, limit: 1 })).items.map((each) => each.terms.id);
    expect(await first({})).toEqual(made.slice(0, 1));
    await contracts.markOver({ contract: made[0] ?? contractId(''), ending: DONE });
    expect(await first({ living: true, role: 'buyer' })).toEqual([made[1]]);
    expect((await contracts.allocationPage({ living: true, limit: 1 })).items).toMatchObject([{ contract: made[1], state: 'inactive' }]);
    expect((await contracts.allocations()).map(({ contract }) => contract)).toEqual(made);
  });

  it('finds what sales and acquisitions are about, over or not, and nobody else’s', async () => {
    const { terms } = await sold();
    const bought = termsOf();
    await contracts.storeBought({ terms: bought, acquisition: acquisitionId('0123456789ab-2') });
    await inventory.giveBack({ contract: terms.id, ending: DONE });
    const found = async (sales: readonly TransactionId[], acquisitions: readonly AcquisitionId[]) =>
      (await contracts.ofProcesses({ sales, acquisitions })).map(({ terms: { id }, role, state }) => `${id} ${role} ${state}`).toSorted();
    const [sale, purchase] = [`${terms.id} seller over`, `${bought.id} buyer active`];
    expect(await found([], [])).toEqual([]);
    expect(await found([terms.transaction, newTransaction()], [])).toEqual([sale]);
    expect(await found([], [acquisitionId('0123456789ab-2')])).toEqual([purchase]);
    expect(await found([terms.transaction], [acquisitionId('0123456789ab-2')])).toEqual([sale, purchase].toSorted());
    // A seller's row bears its buyer's key, and what was bought the seller's transaction.
    expect(await found([bought.transaction], [ACQUISITION])).toEqual([]);
  });

  describe('the end', () => {
    it('keeps its first reason', async () => {
      const terms = termsOf();
      await contracts.storeBought({ terms, acquisition: ACQUISITION });
      await contracts.markEnding({ contract: terms.id, ending: FAILED });
      await contracts.markEnding({ contract: terms.id, ending: DONE });
      expect(await contracts.get(terms.id)).toMatchObject({ state: 'ending', ending: FAILED });
      expect(await contracts.list({ living: true })).toHaveLength(1);
      await contracts.markOver({ contract: terms.id, ending: DONE });
      await contracts.markOver({ contract: terms.id, ending: { reason: 'operator' } });
      await contracts.markEnding({ contract: terms.id, ending: DONE });
      expect(await contracts.get(terms.id)).toMatchObject({ state: 'over', ending: FAILED });
    });

    it('of a contract that never was is success', async () => {
      await contracts.markEnding({ contract: contractId('contract-x'), ending: DONE });
      await contracts.markOver({ contract: contractId('contract-x'), ending: DONE });
      expect(await contracts.list()).toEqual([]);
    });

    it('of a sale is not the buyer’s to mark: what was sold stays sold until it is given back', async () => {
      const { terms } = await sold();
      await contracts.markOver({ contract: terms.id, ending: DONE });
      expect(await contracts.get(terms.id)).toMatchObject({ state: 'active' });
    });
  });

  describe('an allocation', () => {
    it('of a sale is of type Node', async () => {
      const { terms } = await sold();
      expect(await contracts.allocations()).toEqual([{ contract: terms.id, type: 'Node', state: 'inactive', resources: ONE }]);
    });

    it('becomes active once, and stays released', async () => {
      const { terms } = await sold();
      for (const _ of [1, 2]) await contracts.activate(terms.id);
      expect(await contracts.allocations()).toMatchObject([{ state: 'active' }]);
      await inventory.giveBack({ contract: terms.id, ending: DONE });
      await contracts.activate(terms.id);
      expect(await contracts.allocations()).toMatchObject([{ state: 'released' }]);
    });
  });
}
