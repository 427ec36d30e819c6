import type { ContractTerms } from '../../src/domain/contract.ts';
import type { Flavor, NodeIdentity } from '../../src/domain/flavor.ts';
import { clusterId, contractOf, flavorId, nodeId, type TransactionId, transactionId } from '../../src/domain/ids.ts';
import type { Resources } from '../../src/domain/resources.ts';

export const NOON = Date.parse('2026-03-01T12:00:00.000Z');

export const SELLER: NodeIdentity = {
  id: nodeId('north'),
  address: '192.0.2.20:30001',
  domain: 'north.example',
  clusterId: clusterId('north-1'),
};

export const buyerOf = (name: string): NodeIdentity => ({
  id: nodeId(name),
  address: `${name}.example:30000`,
  domain: `${name}.example`,
  clusterId: clusterId(`${name}-1`),
});

export const TEN: Resources = { cpu: '10', memory: '20Gi', pods: '100' };
export const ONE: Resources = { cpu: '1', memory: '2Gi', pods: '10' };
export const SEVEN: Resources = { cpu: '7', memory: '14Gi', pods: '70' };

/** A slice of 10 CPU, 20 Gi and 100 pods for 1 EUR an hour, sold in parts from half a CPU. */
export const flavorOf = (name: string, change: { readonly resources?: Resources; readonly amount?: string } = {}): Flavor => ({
  id: flavorId(`north.example-k8slice-${name}`),
  providerId: SELLER.id,
  offer: {
    kind: 'k8slice',
    architecture: 'amd64',
    resources: change.resources ?? TEN,
    partitionability: { min: { cpu: '500m', memory: '1Gi', pods: '1' }, step: { cpu: '500m', memory: '1Gi', pods: '1' } },
  },
  price: { amount: change.amount ?? '1', currency: 'EUR', period: 'hourly' },
  owner: SELLER,
  available: true,
  createdAt: new Date(NOON).toISOString(),
});

let made = 0;
/** A transaction id that no other test uses. */
export const newTransaction = (): TransactionId => transactionId(`${(++made).toString(16).padStart(32, '0')}-${made}`);

/** What alice bought of north for a day: a tenth of the flavor. */
export const termsOf = (change: Partial<ContractTerms> = {}): ContractTerms => {
  const transaction = newTransaction();
  return {
    id: contractOf(transaction),
    transaction,
    flavor: flavorOf('000b'),
    buyer: buyerOf('alice'),
    buyerCluster: clusterId('alice-1'),
    seller: SELLER,
    sellerCluster: clusterId('north-1'),
    resources: ONE,
    price: { amount: '0.1', currency: 'EUR', period: 'hourly' },
    startsAt: new Date(NOON).toISOString(),
    expiresAt: new Date(NOON + 86_400_000).toISOString(),
    ...change,
  };
};
