import { describe, expect, it } from 'vitest';
import { serviceDiscoveryActivities } from '../../activities/service-discovery.ts';
import type { BlueprintFlavor, BlueprintOffer } from '../../src/domain/flavor.ts';
import { NOTHING } from '../../src/domain/resources.ts';
import { assessService } from '../../src/domain/service-matching.ts';
import type { ServiceRequest } from '../../src/domain/service-request.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { givenRatings } from '../fakes/opinions.ts';
import { fakePeers } from '../fakes/peers.ts';
import { blueprintOf, handClock, identityOf, sliceOf } from '../fakes/samples.ts';

const self = identityOf('south');
const north = identityOf('north');
const DATABASE: ServiceRequest = { name: 'db', kind: 'service', category: 'database', configuration: { database: 'orders' } };
const offering = (offer: Partial<BlueprintOffer>, more: Partial<BlueprintFlavor> = {}): BlueprintFlavor => {
  const flavor = blueprintOf(north);
  return { ...flavor, offer: { ...flavor.offer, ...offer }, ...more };
};
const verdict = (flavor: BlueprintFlavor, more: Partial<ServiceRequest> = {}, handsOver = true) =>
  assessService(
    flavor,
    { ...DATABASE, ...more },
    { self, dialect: 'rearguard', asked: { address: north.address, identity: north }, handsOver },
  );
const lines = (...of: Parameters<typeof verdict>) => {
  const found = verdict(...of);
  return 'refusals' in found ? found.refusals.map(({ code, detail }) => `${code}: ${detail}`) : [];
};

describe('a flavor for a service', () => {
  it('becomes a candidate with how it is wanted and what it costs: of the whole flavor', () => {
    const flavor = offering({});
    expect(verdict(flavor, { maxHourlyPrice: { amount: '0.05', currency: 'EUR' } })).toEqual({
      candidate: {
        flavor,
        seller: north,
        dialect: 'rearguard',
        part: NOTHING,
        service: { hostingPolicy: 'Provider', configuration: { database: 'orders' } },
        hourly: { amount: '0.05', currency: 'EUR' },
        rating: 0.5,
      },
    });
  });
  it.each<[string, Partial<BlueprintOffer>, Partial<ServiceRequest>, string]>([
    ['its seller, whatever else it offers', { hostingPolicies: ['Shared', 'Consumer', 'Provider'] }, {}, 'Provider'],
    ['both, when that is wanted', { hostingPolicies: ['Provider', 'Shared'] }, { hostingPolicy: 'Shared' }, 'Shared'],
    ['its buyer, when that is wanted', { hostingPolicies: ['Provider', 'Consumer'] }, { hostingPolicy: 'Consumer' }, 'Consumer'],
    ['its seller where it says none', { hostingPolicies: [] }, {}, 'Provider'],
  ])('is hosted by %s', (_, offer, wanted, policy) =>
    expect(verdict(offering(offer), wanted)).toMatchObject({ candidate: { service: { hostingPolicy: policy } } }),
  );
  it.each<[string, Parameters<typeof verdict>, string]>([
    ['another kind', [blueprintOf(north, 'vm')], 'not-a-service: offers a vm, and a service is wanted'],
    ['another category', [offering({ category: 'cache' })], 'not-wanted: is of category cache, not database'],
    ['another name', [offering({}), { flavor: 'big' }], 'not-wanted: is of name orders-service, not big'],
    ['a tag less', [offering({}), { tags: ['sql', 'ha'] }], 'not-wanted: lacks the tag ha'],
    ['another host', [offering({}), { hostingPolicy: 'Shared' }], 'hosting: is hosted by Provider, not by Shared'],
    [
      'the buyer itself, who did not ask for it',
      [offering({ hostingPolicies: ['Consumer', 'Shared'] })],
      'hosting: is hosted by Consumer or Shared, not by Provider; name one as hostingPolicy to take it so',
    ],
    [
      'a configuration that it does not take',
      [offering({}), { configuration: { database: 'orders', password: 'short' } }],
      "configuration: the seller's schema refuses what the intent says: configuration.password must be at least 8",
    ],
    ['another place', [offering({}), { locations: ['Italy'] }], 'location: is in Oslo, Norway, not in Italy'],
    [
      'a latency, which REAR does not know of services',
      [offering({}), { maxLatencyMs: 20 }],
      'latency: states no latency, and at most 20 ms is wanted',
    ],
    [
      'too dear',
      [offering({}), { maxHourlyPrice: { amount: '0.04', currency: 'EUR' } }],
      'price: costs 0.05 EUR/h for the part, and at most 0.04 is wanted',
    ],
    ['another currency', [offering({}), { currency: 'USD' }], 'currency: is paid in EUR, and USD is wanted'],
    ['sold out', [offering({}, { available: false })], 'unavailable: is not available'],
    [
      'a node without handover',
      [offering({}), {}, false],
      'no-handover: is of a node that has no message by which a service is handed over',
    ],
  ])('%s: refused, and it says why', (_, of, line) => expect(lines(...of)).toEqual([line]));
});

it('every known node is asked for every service, each refusal belongs to its service, and a FLUIDOS node hands nothing over', async () => {
  const clock = handClock();
  const peers = fakePeers({ clock });
  const records = memoryRecords({ clock });
  const west = identityOf('west');
  const away = identityOf('away');
  await peers.add({ identity: north, flavors: [blueprintOf(north), blueprintOf(north, 'vm'), sliceOf(north)] });
  await peers.add({ identity: west, dialect: 'fluidos', flavors: [blueprintOf(west)] });
  for (const { address } of [north, west, away]) await records.knownNodes.add(address, 'operator');
  const { discoverServices } = serviceDiscoveryActivities({
    peers: peers.peers,
    ...records,
    audit: memoryAudit({ clock }).audit,
    ratings: givenRatings(new Map()),
    self,
    timing: DEFAULT_TIMING,
  });
  const services = [DATABASE, { ...DATABASE, name: 'machine', kind: 'vm' as const, category: 'vm' }];
  const [database, machine] = await discoverServices({ services });
  expect(database).toMatchObject({ name: 'db', candidates: [{ seller: { id: north.id } }], silent: [{ address: away.address }] });
  expect(database?.refused).toMatchObject([{ service: 'db', seller: west.domain, reasons: [expect.stringContaining('no-handover')] }]);
  expect(machine).toMatchObject({ name: 'machine', candidates: [{ flavor: { offer: { kind: 'vm' } } }], refused: [] });
  // They peer with nobody: the Peering Candidates are those of slices.
  expect(await records.candidates.list()).toEqual([]);
});
