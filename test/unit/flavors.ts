import type { Flavor, K8Slice } from '../../src/domain/flavor.ts';
import { flavorId, nodeId } from '../../src/domain/ids.ts';
import type { Price } from '../../src/domain/money.ts';

const none = { cpu: '0', memory: '0', pods: '0' };

/** A slice for sale, for tests. */
export const sliceFlavor = (
  id: string,
  {
    offer,
    price,
    ...more
  }: Partial<Omit<Flavor, 'offer' | 'price' | 'id'>> & { offer?: Partial<K8Slice>; price?: Price | string | undefined } = {},
): Flavor => ({
  id: flavorId(id),
  providerId: nodeId('seller'),
  offer: {
    kind: 'k8slice',
    architecture: 'amd64',
    resources: { cpu: '10', memory: '10Gi', pods: '100' },
    partitionability: { min: none, step: none },
    ...offer,
  },
  ...(price === undefined
    ? {}
    : { price: typeof price === 'string' ? { amount: price, currency: 'EUR', period: 'hourly' as const } : price }),
  owner: { id: nodeId('seller'), address: '192.0.2.2:3004', domain: 'seller.example' },
  available: true,
  createdAt: '2030-01-01T00:00:00Z',
  ...more,
});
