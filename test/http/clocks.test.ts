/** Nodes whose clocks are a minute apart trade as others do: what they sign is neither old nor from the future, and what begins is not yet to come. */
import { afterEach, expect, test, vi } from 'vitest';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import type { Contract } from '../../src/domain/contract.ts';
import { contractDifferences } from '../../src/domain/contract-check.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import { nextEnd } from '../../src/domain/renewal.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { rearNode } from '../fakes/rear-node.ts';
import { handClock, sliceOf } from '../fakes/samples.ts';
import { codeOf, REPLAY, SIGNED, SLICE } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });
const NOON = Date.parse('2026-11-27T12:00:00Z');
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
  const flavor = sliceOf(north.identity, { id: SLICE, terms: { renewal: { kind: 'on-request', forMs }, noticeMs: 60_000 } });
  await north.memory.inventory.publish(flavor);
  const trust = {
    signer: south.signer,
    peerKeys: httpPeerKeys({ clock }),
    knownSigners: south.knownSigners,
    policy: SIGNED,
    replay: REPLAY,
  };
  const peer = httpPeers({ clock, trust }).at(north.identity.address);
  return { peer, north, clock, flavor, buyer: south.identity, notary: south.notary(), part: { cpu: '1', memory: '1Gi', pods: '1' } };
}

test.each([60_000, -60_000, 0])('the seller’s clock is %i ms ahead of the buyer’s', async (aheadMs) => {
  const { peer, north, clock, flavor, buyer, notary, part } = await trade(aheadMs);
  const { id } = await peer.reserve({ flavor: flavor.id, buyer, part, idempotencyKey: acquisitionId('a-1') });
  const { terms, agreement } = await peer.purchase({ transaction: id, buyer });
  const lifetimeMs = { min: DEFAULT_TIMING.shortestContractMs, max: 365 * 86_400_000 };
  const asked = { transaction: id, flavor, part, buyer, dialect: 'rearguard' as const, lifetimeMs, skewMs: DEFAULT_TIMING.clockSkewMs };
  expect(contractDifferences(asked, terms, clock.now())).toEqual([]);
  if (!agreement) throw new Error('not signed');
  const signature = (await notary.countersign({ terms, agreement })).signatures[1];
  if (!signature) throw new Error('not countersigned');
  await peer.countersign({ contract: terms.id, buyer, signature });
  const contract: Contract = {
    terms,
    agreement: { ...agreement, signatures: [...agreement.signatures, signature] },
    role: 'buyer',
    state: 'active',
  };
  const until = nextEnd(contract) ?? '';
  const proposed = await notary.proposeRenewal({ contract, until });
  const granted = await peer.renew({ contract: terms.id, buyer, proposed });
  await notary.checkRenewal({ contract, until, granted });
  const ended = { ending: { reason: 'withdrawn-by-seller' }, endsAt: new Date(NOON + aheadMs + 60_000).toISOString() } as const;
  await north.memory.contracts.giveNotice({ contract: terms.id, notice: ended });
  expect(await peer.readContract(terms.id)).toMatchObject({ state: 'active', notice: ended });
  await peer.terminate({ contract: terms.id, buyer, ending: { reason: 'done' } });
  expect(await peer.readContract(terms.id)).toMatchObject({ state: 'over' });
});

test('further apart they do not', async () => {
  const { peer, flavor, buyer, part } = await trade(-70_000);
  const reserve = peer.reserve({ flavor: flavor.id, buyer, part, idempotencyKey: acquisitionId('a-1') });
  expect(await codeOf(reserve)).not.toBe('ok');
});
