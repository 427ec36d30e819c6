/** `rearguard key rotate` at nodes that trade on the wire: what it prints, which keys are shown and count from then on, and that both go on trading. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { notary } from '../../src/adapters/keys/notary.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { didOf, type PublishedKey } from '../../src/domain/did.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import { keyIdOf } from '../../src/rear/agreement.ts';
import { DID_DOCUMENT, readDidDocument } from '../../src/rear/did.ts';
import { rawCall } from '../fakes/raw-http.ts';
import type { RearNode } from '../fakes/rear-node.ts';
import { codeOf, openSigningNodes, PART, type SigningNodes, SLICE } from '../fakes/signing-nodes.ts';
import { rearguard, servedWith } from '../unit/cli-subject.ts';

vi.setConfig({ testTimeout: 30_000 });

/** For so long a new key is shown before it signs. */
const SHOWN_FIRST_MS = 120_000;
/** A stranger is not asked again for its keys sooner. */
const ASKED_AGAIN_MS = 2_000;
const HOUR = 3_600_000;
let { clock, north, south, deep, peersOf, close } = {} as SigningNodes;
beforeEach(async () => {
  ({ clock, north, south, deep, peersOf, close } = await openSigningNodes());
});
afterEach(() => close());

const at = async (node: RearNode, ...argv: readonly string[]) => await rearguard(argv, { fetch: servedWith(node.signer) });
/** The ids of the keys that a node shows to everybody. */
const shownBy = async (node: RearNode): Promise<readonly string[]> => {
  const { text } = await rawCall(node.port, 'GET', DID_DOCUMENT, { headers: { host: node.identity.address } });
  return readDidDocument(JSON.parse(text), didOf(node.identity.address)).map(({ kid }) => kid);
};
let trades = 0;
/** South buys something of north: which keys signed the contract, and what another process of south's makes of the seller's signature by now. */
async function trade() {
  trades += 1;
  const seller = peersOf(south).at(north.identity.address);
  const buyer = south.identity;
  const { id } = await seller.reserve({ flavor: SLICE, buyer, part: PART, idempotencyKey: acquisitionId(`a-${trades}`) });
  const { terms, agreement: offered } = await seller.purchase({ transaction: id, buyer });
  if (!offered) throw new Error('not signed');
  const countersigned = () =>
    notary({ signer: south.signer, peerKeys: httpPeerKeys({ clock }) }).countersign({ terms, agreement: offered });
  const { signatures } = await countersigned();
  const [, signature] = signatures;
  if (!signature) throw new Error('not countersigned');
  await seller.countersign({ contract: terms.id, buyer, signature });
  return { kids: signatures.map(keyIdOf), again: () => codeOf(countersigned()) };
}
const firstOf = async (node: RearNode) => (await node.signer.published())[0]?.kid;

test('with an overlap: the new key is shown at once and signs after two minutes; what the old one signed counts until the overlap is over', async () => {
  const [old, buyers] = [await firstOf(north), await firstOf(south)];
  const before = await trade();
  expect(before.kids).toEqual([old, buyers]);

  const { exit, out, err } = await at(north, 'key', 'rotate', '--overlap', '1h');
  const [, made, from] = /^(did:web:\S+#[\w-]{43}) signs from (\S+) on\n$/.exec(out) ?? [];
  expect([exit, err, Date.parse(from ?? '') - clock.now()]).toEqual([0, '', SHOWN_FIRST_MS]);
  expect(made).not.toBe(old);
  expect((await at(north, 'key')).out).toMatch(new RegExp(`${old} .* signs\n${made} .* signs from ${from}\n`));
  expect(await shownBy(north)).toEqual([old, made]);
  expect((await trade()).kids).toEqual([old, buyers]);

  clock.advance(SHOWN_FIRST_MS);
  expect((await trade()).kids).toEqual([made, buyers]);
  clock.advance(HOUR - 1_000);
  expect([await before.again(), await shownBy(north)]).toEqual(['ok', [made, old]]);
  clock.advance(2_000);
  expect([await before.again(), await shownBy(north)]).toEqual(['PEER_LIED', [made]]);
  expect((await trade()).kids).toEqual([made, buyers]);
});

test('without one: the old key is withdrawn at once, what it signed counts no more, and both go on with the new ones', async () => {
  const old = await firstOf(north);
  const before = await trade();
  const made: string[] = [];
  for (const node of [north, south]) {
    const { exit, out, err } = await at(node, '--json', 'key', 'rotate', '--overlap', '0s');
    const key = JSON.parse(out) as PublishedKey;
    expect([exit, err, key.signsFrom, out.includes('"d"')]).toEqual([0, '', undefined, false]);
    expect(await shownBy(node)).toEqual([key.kid]);
    made.push(key.kid);
  }
  expect(made).not.toContain(old);
  expect(await before.again()).toBe('PEER_LIED');
  // Whose keys were read a moment ago is not asked for others at once, or anybody could have it asked without end: south is told to come again.
  expect(await codeOf(trade())).toBe('PEER_UNREACHABLE');
  clock.advance(ASKED_AGAIN_MS);
  expect((await trade()).kids).toEqual(made);
});

test('a week when nothing is said, and nothing of other nodes changes', async () => {
  const [norths, deeps] = [await shownBy(north), await shownBy(deep)];
  const { exit, out } = await at(north, '--json', 'key', 'rotate');
  const { kid, signsFrom } = JSON.parse(out) as PublishedKey;
  const items = JSON.parse((await at(north, '--json', 'key')).out) as readonly PublishedKey[];
  expect([exit, items.map((key) => key.kid)]).toEqual([0, [...norths, kid]]);
  expect(Date.parse(items[0]?.until ?? '') - Date.parse(signsFrom ?? '')).toBe(7 * 24 * HOUR);
  expect(await shownBy(deep)).toEqual(deeps);
});
