/** Renewals over HTTP: who is told of them, when the seller says no, and who is never asked. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import type { Contract } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import type { Flavor } from '../../src/domain/flavor.ts';
import { acquisitionId, flavorId } from '../../src/domain/ids.ts';
import type { OfferTerms } from '../../src/domain/offer-terms.ts';
import type { PeerRule } from '../../src/domain/peer-policy.ts';
import { nextEnd } from '../../src/domain/renewal.ts';
import { rawCall, strangeServer } from '../fakes/raw-http.ts';
import type { RearNode } from '../fakes/rear-node.ts';
import { sliceOf } from '../fakes/samples.ts';
import { codeOf, openSigningNodes, PART, type SigningNodes } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });
const DAY = 86_400_000;
const ON_REQUEST: OfferTerms = { renewal: { kind: 'on-request', forMs: DAY } };
const AUTOMATIC: OfferTerms = { renewal: { kind: 'automatic', forMs: DAY } };

let nodes: SigningNodes;
let north: RearNode;
beforeEach(async () => {
  nodes = await openSigningNodes();
  ({ north } = nodes);
});
afterEach(() => nodes.close());

let attempt = 0;
/** South buys of a seller what it promises so; `signed` by both unless told otherwise. */
async function buy(terms: OfferTerms | undefined, { seller = north, signed = true } = {}): Promise<Contract> {
  attempt += 1;
  const flavor: Flavor = sliceOf(seller.identity, { id: flavorId(`slice-${attempt}`), ...(terms && { terms }) });
  await seller.memory.inventory.publish(flavor);
  const buyer = nodes.south.identity;
  const peer = nodes.peersOf(nodes.south).at(seller.identity.address);
  const { id } = await peer.reserve({ flavor: flavor.id, buyer, part: PART, idempotencyKey: acquisitionId(`a-${attempt}`) });
  const { terms: sold, agreement: offered } = await peer.purchase({ transaction: id, buyer });
  if (!offered) throw new Error('not signed');
  const agreement = await nodes.south.notary().countersign({ terms: sold, agreement: offered });
  const [, signature] = agreement.signatures;
  if (signature && signed) await peer.countersign({ contract: sold.id, buyer, signature });
  return { terms: sold, agreement, role: 'buyer', state: 'active' };
}
async function renew(contract: Contract, until = nextEnd(contract) ?? '2999-01-01T00:00:00Z') {
  const proposed = await nodes.south.notary().proposeRenewal({ contract, until });
  const peer = nodes.peersOf(nodes.south).at(contract.terms.seller.address);
  return await peer.renew({ contract: contract.terms.id, buyer: nodes.south.identity, proposed });
}
const refusals = async (node = north): Promise<readonly unknown[]> =>
  (await node.audit.page({ limit: 10 })).items.filter(({ kind }) => kind === 'renewal-refused').map(({ facts }) => facts['detail']);
const endOf = async ({ terms }: Contract): Promise<string> =>
  (JSON.parse((await rawCall(north.port, 'GET', `/api/v2/contracts/${terms.id}`)).text) as { expirationTime: string }).expirationTime;

test('both sides see the same end, also when the answer was lost, and the contract’s workflow is told of it', async () => {
  const contract = await buy(ON_REQUEST);
  const until = nextEnd(contract) ?? '';
  const granted = await renew(contract);
  expect(await renew(contract)).toEqual(granted);
  expect(await endOf(contract)).toBe(until);
  expect(Date.parse(until)).toBe(Date.parse(contract.terms.expiresAt) + DAY);
  // Whoever repeats may do so because the workflow did not hear of it.
  const told = [contract.terms.transaction, Date.parse(until)];
  expect(north.renewals()).toEqual([told, told]);
  const sold = await north.memory.contracts.get(contract.terms.id);
  expect(sold).toMatchObject({ state: 'active', renewals: [granted], renewedUntil: until, terms: { flavor: { terms: ON_REQUEST } } });
});

describe('the seller says no, and why', () => {
  test.each<[string, OfferTerms | undefined, (contract: Contract) => Promise<unknown>, RegExp]>([
    ['where none was agreed on', undefined, async () => {}, /no renewal was agreed on/],
    [
      'of what is not for sale any more',
      ON_REQUEST,
      ({ terms }) => north.memory.inventory.withdraw(terms.flavor.id),
      /not for sale on the same terms/,
    ],
  ])('%s', async (_, terms, change, words) => {
    const contract = await buy(terms);
    await change(contract);
    expect(await codeOf(renew(contract))).toBe('RENEWAL_REFUSED');
    expect(await refusals()).toEqual([expect.stringMatching(words)]);
    expect(Date.parse(await endOf(contract))).toBe(Date.parse(contract.terms.expiresAt));
  });

  test('after its notice, which it tells whoever asks', async () => {
    const contract = await buy(AUTOMATIC);
    const notice = { ending: { reason: 'drained' } as const, endsAt: '2026-11-28T12:00:00Z' };
    await north.memory.contracts.giveNotice({ contract: contract.terms.id, notice });
    const peer = nodes.peersOf(nodes.south).at(north.identity.address);
    expect(await peer.readContract(contract.terms.id)).toEqual({ state: 'active', notice });
    expect(await codeOf(renew(contract))).toBe('RENEWAL_REFUSED');
    expect(await refusals()).toEqual([expect.stringContaining('notice was given')]);
  });

  test('to another end than the next', async () => {
    const contract = await buy(ON_REQUEST);
    expect(await codeOf(renew(contract, '2999-01-01T00:00:00Z'))).toBe('RENEWAL_REFUSED');
    expect(await refusals()).toEqual([expect.stringContaining(`the next end is ${nextEnd(contract)}`)]);
  });

  test('to whoever did not sign the contract', async () => {
    expect(await codeOf(renew(await buy(ON_REQUEST, { signed: false })))).toBe('RENEWAL_REFUSED');
  });

  test('to a buyer whom it blocks by now', async () => {
    const policy: { rules: readonly PeerRule[]; otherwise: 'signed' } = { rules: [], otherwise: 'signed' };
    const strict = await nodes.open('strict', { policy });
    const contract = await buy(AUTOMATIC, { seller: strict });
    policy.rules = [{ node: nodes.south.identity.id, policy: 'blocked' }];
    expect(await codeOf(renew(contract))).toBe('BUYER_REFUSED');
    expect(await strict.memory.contracts.get(contract.terms.id)).not.toHaveProperty('renewals');
  });
});

test('a seller that cannot sign for a moment does not say no: asked again, it goes on', async () => {
  let away = true;
  const ring = await nodes.open(
    'ring',
    {},
    {
      notary: {
        checkBuyer: (input) => nodes.south.notary().checkBuyer(input),
        signAnew: async (signed) => signed,
        grantRenewal: async (input) => {
          if (away) throw new Fault('KEYS_UNAVAILABLE', 'the ring is being rotated');
          return await ring.notary().grantRenewal(input);
        },
      },
    },
  );
  const contract = await buy(ON_REQUEST, { seller: ring });
  expect(await codeOf(renew(contract))).toBe('PEER_UNREACHABLE');
  expect(await refusals(ring)).toEqual([]);
  away = false;
  await renew(contract);
  expect(await ring.memory.contracts.get(contract.terms.id)).toMatchObject({ renewedUntil: nextEnd(contract) });
});

test('what was promised goes on although it is sold no more', async () => {
  const contract = await buy(AUTOMATIC);
  await north.memory.inventory.withdraw(contract.terms.flavor.id);
  await renew(contract);
  expect(await endOf(contract)).toBe(nextEnd(contract));
  expect(await refusals()).toEqual([]);
});

test('a contract that ends in the same moment ends: nobody is told that it goes on', async () => {
  const contract = await buy(ON_REQUEST);
  const { id, expiresAt } = contract.terms;
  const [renewal, lapsed] = await Promise.all([
    codeOf(renew(contract)),
    north.memory.contracts.lapse({ contract: id, expiresAt: Date.parse(expiresAt), ending: { reason: 'expired' } }),
  ]);
  const sold = await north.memory.contracts.get(id);
  if (lapsed === undefined) {
    expect([renewal, sold?.state, sold?.renewals]).toEqual(['CONTRACT_OVER', 'ending', undefined]);
  } else expect([renewal, sold?.state]).toEqual(['ok', 'active']);
});

test.each([
  ['a FLUIDOS node', 404, '404 page not found\n'],
  [
    'one of an older release',
    200,
    JSON.stringify({ protocol: 'REAR', version: '2.0.0', dialect: 'rearguard', extensions: ['contract', 'countersign'] }),
  ],
])('%s is not asked', async (_, status, text) => {
  const contract = await buy(ON_REQUEST);
  const seen: string[] = [];
  const server = await strangeServer(({ url = '' }, response) => {
    seen.push(url);
    response.writeHead(status).end(text);
  });
  nodes.onClose(server.close);
  const proposed = await nodes.south.notary().proposeRenewal({ contract, until: nextEnd(contract) ?? '' });
  const peer = httpPeers({ clock: nodes.clock }).at(server.address);
  const asked = peer.renew({ contract: contract.terms.id, buyer: nodes.south.identity, proposed });
  await expect(asked).rejects.toMatchObject({ code: 'PEER_REFUSED', facts: { unsupported: 'renewal' } });
  expect(seen).toEqual(['/.well-known/rear']);
});
