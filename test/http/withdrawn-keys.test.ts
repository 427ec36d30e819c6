/** What a seller signed by a key that it withdrew since, and says again: its buyer looks for the key with it, and must find it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { notary } from '../../src/adapters/keys/notary.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import type { Agreement } from '../../src/domain/agreement.ts';
import type { Contract } from '../../src/domain/contract.ts';
import { acquisitionId, flavorId } from '../../src/domain/ids.ts';
import { nextEnd } from '../../src/domain/renewal.ts';
import { keyIdOf, verifyAgreement } from '../../src/rear/agreement.ts';
import { sliceOf } from '../fakes/samples.ts';
import { openSigningNodes, PART, type SigningNodes } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });

let { clock, north, south, peersOf, close } = {} as SigningNodes;
beforeEach(async () => {
  ({ clock, north, south, peersOf, close } = await openSigningNodes());
});
afterEach(() => close());

const DAY = 86_400_000;
const seller = () => peersOf(south).at(north.identity.address);
const withdraw = () => north.signer.rotate({ overlapMs: 0 });
/** The buyer's other process, or itself after a restart: it has read nobody's keys yet. */
const fresh = () => notary({ signer: south.signer, peerKeys: httpPeerKeys({ clock }) });
const keysOf = ({ signatures }: Agreement) => signatures.map(keyIdOf);
const stored = async ({ terms }: Pick<Contract, 'terms'>) => (await north.memory.contracts.get(terms.id))?.agreement;

/** South reserves something that may be renewed; answers PURCHASE, as often as it is asked. */
async function reserved(): Promise<() => Promise<Contract & { readonly agreement: Agreement }>> {
  const flavor = sliceOf(north.identity, { id: flavorId('renewable'), terms: { renewal: { kind: 'on-request', forMs: DAY } } });
  await north.memory.inventory.publish(flavor);
  const buyer = south.identity;
  const { id } = await seller().reserve({ flavor: flavor.id, buyer, part: PART, idempotencyKey: acquisitionId('a-1') });
  return async () => {
    const { terms, agreement: offered } = await seller().purchase({ transaction: id, buyer });
    if (!offered) throw new Error('not signed');
    return { terms, agreement: await fresh().countersign({ terms, agreement: offered }), role: 'buyer', state: 'active' };
  };
}
async function countersign({ terms, agreement }: { readonly terms: Contract['terms']; readonly agreement: Agreement }): Promise<void> {
  const [, signature] = agreement.signatures;
  if (signature) await seller().countersign({ contract: terms.id, buyer: south.identity, signature });
}

test('a purchase that is repeated says the same terms, signed by the key of now, and both keep that', async () => {
  const purchase = await reserved();
  const first = await purchase();
  const now = await withdraw();
  const again = await purchase();
  expect(keysOf(again.agreement)[0]).toBe(now.kid);
  expect(keysOf(first.agreement)[0]).not.toBe(now.kid);
  expect(again).toMatchObject({ terms: first.terms, agreement: { payload: first.agreement.payload } });
  await countersign(again);
  expect(await stored(again)).toEqual(again.agreement);
  expect((await verifyAgreement(again.agreement, clock.now())).findings).toEqual([]);
});

test('one that both signed is told again by the key of now, and kept as both have it', async () => {
  const purchase = await reserved();
  const first = await purchase();
  await countersign(first);
  const now = await withdraw();
  const again = await purchase();
  expect(keysOf(again.agreement)[0]).toBe(now.kid);
  await countersign(again);
  expect(await stored(first)).toEqual(first.agreement);
});

test('a key that is followed by another and still shown signed what it signed', async () => {
  const purchase = await reserved();
  const first = await purchase();
  await north.signer.rotate({ overlapMs: DAY });
  clock.advance(180_000);
  expect((await purchase()).agreement).toEqual(first.agreement);
});

test('a renewal whose answer was lost is told again by the key of now', async () => {
  const contract = await (await reserved())();
  await countersign(contract);
  const until = nextEnd(contract) ?? '';
  const proposed = await south.notary().proposeRenewal({ contract, until });
  const renew = () => seller().renew({ contract: contract.terms.id, buyer: south.identity, proposed });
  const granted = await renew();
  const now = await withdraw();
  const again = await renew();
  expect(keysOf(again)).toEqual([keysOf(granted)[0], now.kid]);
  await fresh().checkRenewal({ contract, until, granted: again });
  // And what comes next follows from either.
  const renewed: Contract = { ...contract, renewals: [again], renewedUntil: until };
  const next = nextEnd(renewed) ?? '';
  const further = await south.notary().proposeRenewal({ contract: renewed, until: next });
  const answered = await seller().renew({ contract: contract.terms.id, buyer: south.identity, proposed: further });
  await fresh().checkRenewal({ contract: renewed, until: next, granted: answered });
});
