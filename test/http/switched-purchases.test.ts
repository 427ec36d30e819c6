/** A seller that answers PURCHASE with another contract than was reserved, and signs that properly: on the wire, with the activities that buy. Nothing is kept here or signed, what it sold is ended there, and the audit names it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ContractTerms } from '../../src/domain/contract.ts';
import { isFault } from '../../src/domain/faults.ts';
import { openSigningNodes, type SigningNodes } from '../fakes/signing-nodes.ts';
import { reserved } from './purchase-subject.ts';

vi.setConfig({ testTimeout: 30_000 });

let nodes: SigningNodes;
beforeEach(async () => {
  nodes = await openSigningNodes();
});
afterEach(() => nodes.close());

/** What is ended by the buyer's own key alone, since it keeps no such contract. */
const GIVEN_BACK = { reason: 'ended-by-user', detail: 'the buyer gave its reservation back' };
const price = (change: object) => (sold: ContractTerms) => {
  if (!sold.price) throw new Error('sold for nothing');
  return { ...sold, price: { ...sold.price, ...change } };
};
const amounts = (change: object) => (sold: ContractTerms) => ({ ...sold, resources: { ...sold.resources, ...change } });

test('as it sold it, and signed once more, it is bought', async () => {
  const { buys, told, held, sold } = await reserved(nodes, { says: (terms) => terms });
  await buys();
  expect([await told(), (await held()).length]).toEqual([[], 1]);
  expect(await sold()).toMatchObject({ state: 'active', signatures: 2 });
});

test.each<[string, (sold: ContractTerms) => ContractTerms, RegExp, 'under none'?]>([
  ['a higher price', price({ amount: '9' }), /price: asked .*, got 9 EUR/],
  ['another currency', price({ currency: 'USD' }), /price: asked .*, got .* USD/],
  ['another period', price({ period: 'daily' }), /price: asked /],
  ['less CPU', amounts({ cpu: '500m' }), /resources: asked .*"cpu":"1".*, got .*"cpu":"500m"/],
  ['more memory', amounts({ memory: '2Gi' }), /resources: asked .*"memory":"1Gi".*, got .*"memory":"2Gi"/],
  ['fewer pods', amounts({ pods: '0' }), /resources: asked /],
  [
    'another buyer',
    (sold) => ({ ...sold, buyer: nodes.deep.identity, buyerCluster: nodes.deep.identity.clusterId ?? sold.buyerCluster }),
    /another buyer/,
    'under none',
  ],
  [
    'our name at another address',
    (sold) => ({ ...sold, buyer: { ...sold.buyer, address: nodes.deep.identity.address } }),
    /buyer address: asked /,
  ],
  ['another seller', (sold) => ({ ...sold, seller: nodes.north.identity }), /seller: asked hostile-node, got north-node/],
  [
    'its own name at another’s address',
    (sold) => ({ ...sold, seller: { ...sold.seller, address: nodes.north.identity.address } }),
    /seller address: asked /,
  ],
])('%s than was reserved', async (_, says, words, under) => {
  const { buys, givesUp, kept, written, asked, told, held, sold, contract } = await reserved(nodes, { says });
  const refused = await buys().then(
    () => 'bought',
    (error: unknown) => (isFault(error) ? [error.code, error.message, error.facts['unsold']] : error),
  );
  expect(refused).toEqual(['PEER_LIED', expect.stringMatching(words), undefined]);
  expect(await told()).toEqual([['peer-lied', 'hostile-node', under === 'under none' ? undefined : contract, 'PEER_LIED']]);
  expect([kept(), written, asked, await held()]).toEqual([[], [], [], []]);
  expect(await sold()).toEqual({ state: 'active', ending: undefined, signatures: 1, living: 1 });
  // Its compensation may run again, after an answer that was lost.
  for (let n = 0; n < 2; n += 1) expect(await givesUp()).toEqual({ residue: false });
  expect([kept(), written, await held()]).toEqual([[], [], []]);
  expect(await sold()).toEqual({ state: 'over', ending: GIVEN_BACK, signatures: 1, living: 0 });
});
