/** Nodes whose clocks are a minute apart trade as others do: what they sign is neither old nor from the future, and what begins is not yet to come. */
import { afterEach, expect, test, vi } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { renewalActivities } from '../../activities/renewal.ts';
import { observingActivities } from '../../activities/usage.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import type { Contract } from '../../src/domain/contract.ts';
import { contractDifferences } from '../../src/domain/contract-check.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import { nextEnd } from '../../src/domain/renewal.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { rearNode } from '../fakes/rear-node.ts';
import { handClock, sliceOf } from '../fakes/samples.ts';
import { REPLAY, SIGNED, SLICE } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });
const NOON = Date.parse('2026-11-27T12:00:00Z');
const NOTICE_MS = 600_000;
/** What a node says of a signature `from-the-future`. */
const LATER = 'the signature was made later than now';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** South buys of north, whose clock is so far ahead of south's. */
async function trade(aheadMs: number) {
  const clock = handClock(NOON);
  const options = { policy: SIGNED, legacyBuyers: false };
  const north = await rearNode({ name: 'north', clock: handClock(NOON + aheadMs), options });
  const south = await rearNode({ name: 'south', clock, options });
  closing.push(north.close, south.close);
  const forMs = 86_400_000;
  const flavor = sliceOf(north.identity, { id: SLICE, terms: { renewal: { kind: 'on-request', forMs }, noticeMs: NOTICE_MS } });
  await north.memory.inventory.publish(flavor);
  const trust = {
    signer: south.signer,
    peerKeys: httpPeerKeys({ clock }),
    knownSigners: south.knownSigners,
    policy: SIGNED,
    replay: REPLAY,
  };
  const peers = httpPeers({ clock, trust });
  const peer = peers.at(north.identity.address);
  return {
    peers,
    peer,
    north,
    south,
    clock,
    flavor,
    buyer: south.identity,
    notary: south.notary(),
    part: { cpu: '1', memory: '1Gi', pods: '1' },
  };
}

test.each([60_000, -60_000, 0])('the seller’s clock is %i ms ahead of the buyer’s', async (aheadMs) => {
  const { peers, peer, north, south, clock, flavor, buyer, notary, part } = await trade(aheadMs);
  const { id } = await peer.reserve({ flavor: flavor.id, buyer, part, idempotencyKey: acquisitionId('a-1') });
  const { terms, agreement } = await peer.purchase({ transaction: id, buyer });
  const lifetimeMs = { min: DEFAULT_TIMING.shortestContractMs, max: 365 * 86_400_000 };
  const asked = { transaction: id, flavor, part, buyer, dialect: 'rearguard' as const, lifetimeMs, skewMs: DEFAULT_TIMING.clockSkewMs };
  expect(contractDifferences(asked, terms, clock.now())).toEqual([]);
  if (!agreement) throw new Error('not signed');
  const signature = (await notary.countersign({ terms, agreement })).signatures[1];
  if (!signature) throw new Error('not countersigned');
  await peer.countersign({ contract: terms.id, buyer, signature });
  const signed = { ...agreement, signatures: [...agreement.signatures, signature] };
  const contract: Contract = { terms, agreement: signed, role: 'buyer', state: 'active' };
  await south.memory.contracts.storeBought({ terms, acquisition: acquisitionId('a-1'), agreement: signed });
  const until = nextEnd(contract) ?? '';
  const proposed = await notary.proposeRenewal({ contract, until });
  const granted = await peer.renew({ contract: terms.id, buyer, proposed });
  await notary.checkRenewal({ contract, until, granted });
  // Given by the seller's clock, heard by the buyer's: both keep the same end, and to the buyer it is no shorter than agreed.
  const deps = { contracts: north.memory.contracts } as ActivityDeps;
  const ending = { reason: 'withdrawn-by-seller' } as const;
  await renewalActivities(deps).giveNotice({ contract: terms.id, ending, endsAt: NOON + aheadMs + NOTICE_MS });
  const hearing = {
    peers,
    contracts: south.memory.contracts,
    audit: south.audit,
    clock,
    timing: DEFAULT_TIMING,
  } as unknown as ActivityDeps;
  const read = await observingActivities(hearing).readContractBack({ contract: terms.id, seller: north.identity.address });
  const given = { ending, endsAt: new Date(NOON + aheadMs + NOTICE_MS).toISOString() };
  expect(read).toEqual({ state: 'active', notice: given });
  for (const { memory } of [north, south]) expect((await memory.contracts.get(terms.id))?.notice).toEqual(given);
  expect((await south.audit.page({ contract: terms.id, limit: 9 })).items).toEqual([]);
  await peer.terminate({ contract: terms.id, buyer, ending: { reason: 'done' } });
  expect(await peer.readContract(terms.id)).toMatchObject({ state: 'over' });
});

test.each([
  ['behind: what the buyer signs is yet to come', -70_000, { code: 'PEER_REFUSED', message: LATER, facts: { status: 401, named: true } }],
  ['ahead: what it answers is yet to come', 70_000, { code: 'PEER_LIED', facts: { why: 'from-the-future' } }],
])('further apart they do not, the seller’s %s', async (_, aheadMs, refusal) => {
  const { peer, north, flavor, buyer, part } = await trade(aheadMs);
  const reserve = peer.reserve({ flavor: flavor.id, buyer, part, idempotencyKey: acquisitionId('a-1') });
  await expect(reserve).rejects.toMatchObject(refusal);
  expect(await north.memory.contracts.list()).toEqual([]);
});
