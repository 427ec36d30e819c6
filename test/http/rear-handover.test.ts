/** What was made of a blueprint is handed over through the real client and the real routes: by whom it is hosted, and until when. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import type { Contract } from '../../src/domain/contract.ts';
import type { HostingPolicy } from '../../src/domain/flavor.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import { nextEnd } from '../../src/domain/renewal.ts';
import { NOTHING } from '../../src/domain/resources.ts';
import { codeOf, endOf } from '../contracts/peer-harness.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { blueprintOf, handClock, identityOf, making, makingOf, sliceOf } from '../fakes/samples.ts';

vi.setConfig({ testTimeout: 30_000 });
const limits = { describeMs: 15_000, listMs: 15_000, reserveMs: 15_000, extensionMs: 15_000 };
const SELLER = identityOf('north');
const DAY = 86_400_000;
const RELAY = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'relay', annotations: { 'rearguard.dev/hosted-by': 'consumer' } },
  data: { database: '${database}' },
};
const POLICIES = ['Provider', 'Consumer', 'Shared'] as const;

const clock = handClock();
let north: RearNode;
let south: RearNode;
beforeAll(async () => {
  const [database, sensor] = [makingOf(blueprintOf(SELLER)), makingOf(blueprintOf(SELLER, 'sensor'))];
  const both = { ...sensor, hostingPolicies: POLICIES, manifests: [...sensor.manifests, RELAY] };
  north = await rearNode({ name: 'north', clock, options: { blueprints: making(database, both) } });
  south = await rearNode({ name: 'south', clock });
  const { inventory } = north.memory;
  const { offer } = blueprintOf(north.identity, 'sensor');
  const terms = { renewal: { kind: 'on-request', forMs: DAY } } as const;
  await inventory.publish(blueprintOf(north.identity, 'service', { terms }), undefined, 9);
  await inventory.publish(blueprintOf(north.identity, 'sensor', { offer: { ...offer, hostingPolicies: POLICIES } }), undefined, 9);
});
afterAll(async () => {
  await north.close();
  await south.close();
});

let attempt = 0;
const bought = async (kind: 'service' | 'sensor', hostingPolicy: HostingPolicy) => {
  const peer = httpPeers({ clock, limits }).at(north.identity.address);
  const { identity: buyer } = south;
  const flavor = blueprintOf(north.identity, kind);
  const terms = { kind, hostingPolicy, configuration: { database: 'orders', password: 'hunter-two' } };
  const { id } = await peer.reserve({
    flavor: flavor.id,
    buyer,
    part: NOTHING,
    service: terms,
    idempotencyKey: acquisitionId(`c0ffee-${++attempt}`),
  });
  const sold = await peer.purchase({ transaction: id, buyer });
  if (!sold.agreement) throw new Error('not signed');
  const agreement = await south.notary().countersign({ terms: sold.terms, agreement: sold.agreement });
  const [, signature] = agreement.signatures;
  if (signature) await peer.countersign({ contract: sold.terms.id, buyer, signature });
  return { peer, buyer, terms: sold.terms, agreement, wire: JSON.stringify(sold) };
};

test('hosted by the buyer: it gets the manifests, with the values in them, in no namespace', async () => {
  const { peer, buyer, terms, wire } = await bought('sensor', 'Consumer');
  expect(wire).not.toContain('hunter-two');
  const { secret, endpoint, manifests, service: at } = await peer.handover({ contract: terms.id, buyer });
  expect(at).toEqual({ name: 'db', port: 5432 });
  expect(secret).toEqual({ username: 'm'.repeat(12), password: 'hunter-two', url: `sql://${'m'.repeat(12)}@db/orders` });
  expect(endpoint).toBeUndefined();
  expect(manifests?.map(({ kind, metadata }) => [kind, metadata])).toEqual([
    ['Secret', { name: 'credentials' }],
    ['Service', { name: 'db' }],
    ['ConfigMap', { name: 'relay' }],
  ]);
  expect(manifests?.[0]?.['stringData']).toEqual(secret);
});

test('hosted by both: the buyer gets its part, and in the Secret of it where the seller’s part answers', async () => {
  const { peer, buyer, terms } = await bought('sensor', 'Shared');
  const { secret, endpoint, manifests, service: at } = await peer.handover({ contract: terms.id, buyer });
  expect(endpoint).toEqual({ host: `db.${terms.id}.svc`, port: 5432 });
  expect(at).toBeUndefined();
  expect(manifests?.map(({ kind, metadata }) => [kind, metadata])).toEqual([
    ['Secret', { name: 'credentials' }],
    ['ConfigMap', { name: 'relay' }],
  ]);
  expect(manifests?.[0]?.['stringData']).toEqual({ host: endpoint?.host, port: '5432', ...secret });
  expect(manifests?.[1]?.['data']).toEqual({ database: 'orders' });
  // Its own part runs at the seller, and nothing else.
  expect(north.hosting.made(terms.id)?.map(({ metadata }) => metadata.name)).toEqual(['credentials', 'db']);
});

test('a slice has nothing to hand over, and an instance no credentials of a cluster', async () => {
  const { peer, buyer, terms } = await bought('service', 'Provider');
  expect(await codeOf(peer.refreshCredentials({ contract: terms.id, buyer }))).toBe('PEER_REFUSED');
  const slice = sliceOf(north.identity);
  await north.memory.inventory.publish(slice);
  const part = { cpu: '2', memory: '4Gi', pods: '20' };
  const { id } = await peer.reserve({ flavor: slice.id, buyer, part, idempotencyKey: acquisitionId(`c0ffee-${++attempt}`) });
  const sold = await peer.purchase({ transaction: id, buyer });
  expect(await codeOf(peer.handover({ contract: sold.terms.id, buyer }))).toBe('PEER_REFUSED');
});

describe('past its end, which nobody carried out yet, nothing is handed over any more', () => {
  const handover = async ({ peer, buyer, terms }: Awaited<ReturnType<typeof bought>>) =>
    await endOf(peer.handover({ contract: terms.id, buyer }));
  const passUntil = (time: string): void => clock.advance(Date.parse(time) - clock.now());

  test('its agreed end: until a moment before, and again once it is renewed, which is granted until somebody ends it', async () => {
    const sold = await bought('service', 'Provider');
    const { peer, buyer, terms, agreement } = sold;
    passUntil(terms.expiresAt);
    clock.advance(-1);
    expect(await handover(sold)).toBe('answered');
    clock.advance(1);
    const expired = (at: string) => ({ reason: 'expired', detail: `the contract ended at ${new Date(at).toISOString()}` });
    expect(await handover(sold)).toEqual(expired(terms.expiresAt));
    expect(await peer.readContract(terms.id)).toEqual({ state: 'active' });
    const contract: Contract = { terms, agreement, role: 'buyer', state: 'active' };
    const until = nextEnd(contract) ?? '';
    await peer.renew({ contract: terms.id, buyer, proposed: await south.notary().proposeRenewal({ contract, until }) });
    expect(await handover(sold)).toBe('answered');
    passUntil(until);
    expect(await handover(sold)).toEqual(expired(until));
  });

  test('the end that its seller gave notice of, for the reason of that', async () => {
    const sold = await bought('service', 'Provider');
    const ending = { reason: 'drained', detail: 'the rack goes' } as const;
    const endsAt = new Date(clock.now() + DAY).toISOString();
    await north.memory.contracts.giveNotice({ contract: sold.terms.id, notice: { ending, endsAt } });
    expect(await handover(sold)).toBe('answered');
    passUntil(endsAt);
    expect(await handover(sold)).toEqual(ending);
  });

  test('hosted by the buyer, it gets no manifests either', async () => {
    const sold = await bought('sensor', 'Consumer');
    passUntil(sold.terms.expiresAt);
    expect(await handover(sold)).toMatchObject({ reason: 'expired' });
  });

  test('what somebody ended before is over for the reason that it ended for', async () => {
    const sold = await bought('service', 'Provider');
    const ending = { reason: 'withdrawn-by-seller' } as const;
    await north.memory.inventory.giveBack({ contract: sold.terms.id, ending });
    passUntil(sold.terms.expiresAt);
    expect(await handover(sold)).toEqual(ending);
  });
});
