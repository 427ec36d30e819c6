/** Whatever we can sell, as fast-check makes it up. */
import fc from 'fast-check';
import type { Flavor, K8Slice, NodeIdentity } from '../../src/domain/flavor.ts';
import { clusterId, flavorId, nodeId } from '../../src/domain/ids.ts';
import { PERIODS } from '../../src/domain/money.ts';
import { type OfferTerms, RENEWALS } from '../../src/domain/offer-terms.ts';
import { canonical, formatQuantity } from '../../src/domain/quantity.ts';
import { countOf } from '../../src/rear/offer.ts';

/** As a stranger would write it canonically: without a suffix nobody knows the family any more. */
export const quantity = (binary: boolean) =>
  fc
    .bigInt({ min: 0n, max: 10n ** 24n })
    .map((value) => canonical(formatQuantity(binary ? value - (value % 10n ** 9n) : value, binary ? 'binary' : 'decimal')));
export const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
export const words = fc.string({ maxLength: 30, unit: 'grapheme' });
const text = words.filter((value) => value !== '');
export const resources = fc.record(
  { cpu: quantity(false), memory: quantity(true), pods: quantity(false), storage: quantity(true) },
  { requiredKeys: ['cpu', 'memory', 'pods'] },
);
const amounts = fc.record({ cpu: quantity(false), memory: quantity(true), pods: quantity(false) });
export const identity: fc.Arbitrary<NodeIdentity> = fc
  .record({ id: label, host: label, port: fc.nat(65_535), domain: label, cluster: fc.option(label, { nil: undefined }) })
  .map(({ id, host, port, domain, cluster }) => ({
    id: nodeId(id),
    address: `${host}:${port}`,
    domain,
    ...(cluster === undefined ? {} : { clusterId: clusterId(cluster) }),
  }));
const labels = fc.dictionary(text, words, { maxKeys: 3, noNullPrototype: true });
const end = fc.oneof(
  fc.record({ isHotCluster: fc.boolean(), cidr: text }),
  fc.record({ isHotCluster: fc.boolean(), labels: fc.record({ pod: labels, namespace: labels }) }),
);
const intents = fc.array(fc.record({ name: words, source: end, destination: end, destinationPort: words, protocolType: words }), {
  maxLength: 2,
});
const slice: fc.Arbitrary<K8Slice> = fc
  .record(
    {
      architecture: words,
      resources,
      gpu: fc.record({ model: words, cores: quantity(false), memory: quantity(true) }),
      latencyMs: fc.integer({ min: 1, max: 60_000 }),
      securityStandards: fc.array(words, { minLength: 1, maxLength: 3 }),
      carbonFootprint: fc.record({ embodied: fc.nat(), operational: fc.array(fc.nat(), { maxLength: 3 }) }),
      networkAuthorizations: fc.record({ deniedCommunications: intents, mandatoryCommunications: intents }),
      additionalProperties: fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
      partitionability: fc.record({ min: amounts, step: amounts }),
    },
    { requiredKeys: ['architecture', 'resources', 'partitionability'] },
  )
  // How many GPUs there are stands in both.
  .map(({ resources, ...each }) => ({ kind: 'k8slice' as const, ...each, resources: { ...resources, ...countOf(each.gpu) } }));
const amount = fc.tuple(fc.nat(1_000_000), fc.nat(999)).map(([whole, part]) => `${whole}.${part}`);
export const price = fc.record({ amount, currency: fc.constantFrom('EUR', 'USD'), period: fc.constantFrom(...PERIODS) });
export const time = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().replace(/\.\d+/, ''));
const duration = fc.integer({ min: 1, max: 1_000_000 }).map((seconds) => seconds * 1_000);
const offerTerms: fc.Arbitrary<OfferTerms> = fc.record(
  {
    renewal: fc.record({ kind: fc.constantFrom(...RENEWALS), forMs: duration }),
    noticeMs: duration,
    sla: fc.record(
      {
        availabilityPercent: fc.integer({ min: 0, max: 100_000 }).map((n) => n / 1_000),
        latencyMs: fc.integer({ min: 1, max: 60_000 }),
        creditPercent: fc.nat(100),
      },
      { requiredKeys: ['creditPercent'] },
    ),
    telemetry: fc.record({ metrics: fc.array(fc.stringMatching(/^[a-z_]{1,30}$/), { minLength: 1, maxLength: 3 }), intervalMs: duration }),
  },
  { requiredKeys: [] },
);
export const flavor: fc.Arbitrary<Flavor> = fc
  .record(
    {
      id: label,
      offer: slice,
      price,
      networkPropertyType: text,
      location: fc.record({ country: text, city: text, latitude: text }),
      terms: offerTerms,
      owner: identity,
      available: fc.boolean(),
      createdAt: time,
    },
    { requiredKeys: ['id', 'offer', 'owner', 'available', 'createdAt'] },
  )
  .map((each) => ({ ...each, id: flavorId(each.id), providerId: each.owner.id }));
