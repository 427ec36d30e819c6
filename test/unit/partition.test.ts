import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Flavor, K8Slice } from '../../src/domain/flavor.ts';
import { clusterId, flavorId, nodeId } from '../../src/domain/ids.ts';
import { compareAmounts } from '../../src/domain/money.ts';
import { checkPart, isSellable, priceOfPart, roundUpPart } from '../../src/domain/partition.ts';
import { type Resources, fits } from '../../src/domain/resources.ts';

const slice = (resources: Resources, min: Resources, step: Resources): K8Slice => ({
  kind: 'k8slice',
  architecture: 'amd64',
  resources,
  partitionability: { min, step },
});
const big = slice(
  { cpu: '10', memory: '10Gi', pods: '100' },
  { cpu: '1', memory: '1Gi', pods: '0' },
  { cpu: '500m', memory: '512Mi', pods: '10' },
);
const flavor = (offer: K8Slice, amount: string): Flavor => ({
  id: flavorId('a-k8slice-0001'),
  providerId: nodeId('a'),
  offer,
  price: { amount, currency: 'EUR', period: 'hourly' },
  owner: { id: nodeId('a'), address: '192.0.2.1:80', domain: 'a.example', clusterId: clusterId('a') },
  available: true,
  createdAt: '2026-01-01T00:00:00Z',
});

describe('checkPart', () => {
  it.each([
    ['the minimum', { cpu: '1', memory: '1Gi', pods: '10' }, undefined],
    ['minimum and steps', { cpu: '1500m', memory: '1536Mi', pods: '20' }, undefined],
    ['the whole', { cpu: '10', memory: '10Gi', pods: '100' }, undefined],
    ['below the minimum', { cpu: '500m', memory: '1Gi', pods: '10' }, 'cpu 500m is below the minimum of 1'],
    ['between steps', { cpu: '1200m', memory: '1Gi', pods: '10' }, 'cpu 1200m is not the minimum of 1 and whole steps of 500m'],
    ['no pods', { cpu: '1', memory: '1Gi', pods: '0' }, 'pods must be more than 0'],
    ['negative', { cpu: '-1', memory: '1Gi', pods: '10' }, 'cpu must be more than 0'],
    ['negative storage', { cpu: '1', memory: '1Gi', pods: '10', storage: '-1' }, 'storage must be more than 0'],
    ['no quantity', { cpu: 'many', memory: '1Gi', pods: '10' }, 'cpu is not a quantity'],
  ])('%s', (_, part, reason) => {
    expect(checkPart(big, part)).toBe(reason);
  });

  it('lets the whole go although it is between steps', () => {
    const odd = { ...big, resources: { cpu: '1700m', memory: '1100Mi', pods: '3' } };
    expect(checkPart(odd, odd.resources)).toBeUndefined();
    expect(isSellable(odd)).toBe(true);
    expect(isSellable({ ...big, resources: { cpu: '700m', memory: '1100Mi', pods: '3' } })).toBe(false);
  });
});

describe('roundUpPart', () => {
  it.each([
    ['up to the minimum', { cpu: '100m', memory: '1Mi', pods: '1' }, { cpu: '1', memory: '1Gi', pods: '10' }],
    ['up to the next step', { cpu: '1100m', memory: '1025Mi', pods: '11' }, { cpu: '1500m', memory: '1536Mi', pods: '20' }],
    ['too large', { cpu: '11', memory: '1Gi', pods: '1' }, undefined],
    ['a resource that the slice has not', { cpu: '1', memory: '1Gi', pods: '1', storage: '1Gi' }, undefined],
  ])('%s', (_, request, part) => {
    expect(roundUpPart(big, request)).toEqual(part);
  });

  it('takes the whole when rounding goes past it', () => {
    const odd = { ...big, resources: { cpu: '1700m', memory: '1100Mi', pods: '13' } };
    expect(roundUpPart(odd, { cpu: '1600m', memory: '1Gi', pods: '10' })).toEqual({ cpu: '1700m', memory: '1100Mi', pods: '13' });
  });

  it('always answers what checkPart takes and what covers the request', () => {
    const n = (max: number) => fc.integer({ min: 1, max });
    fc.assert(
      fc.property(n(5000), n(5000), n(200), n(700), n(5000), n(5000), n(200), (cpu, memory, pods, step, c, m, p) => {
        const some = slice(
          { cpu: `${cpu}m`, memory: `${memory}Mi`, pods: `${pods}` },
          { cpu: `${step}m`, memory: '0', pods: '1' },
          { cpu: `${step}m`, memory: `${step}Mi`, pods: '0' },
        );
        const request = { cpu: `${c}m`, memory: `${m}Mi`, pods: `${p}` };
        const part = roundUpPart(some, request);
        if (part === undefined) return !fits(some.resources, request) || !isSellable(some);
        return checkPart(some, part) === undefined && fits(part, request) && fits(some.resources, part);
      }),
    );
  });
});

describe('priceOfPart', () => {
  it.each([
    ['the largest share decides', { cpu: '1', memory: '5Gi', pods: '10' }, '3', '1.5'],
    ['rounded up', { cpu: '3333m', memory: '1Gi', pods: '1' }, '0.000000000001', '0.000000000001'],
    ['the whole costs the price', { cpu: '10', memory: '10Gi', pods: '100' }, '0.07', '0.07'],
  ])('%s', (_, part, amount, price) => {
    expect(priceOfPart(flavor(big, amount), part)).toEqual({ amount: price, currency: 'EUR', period: 'hourly' });
  });

  it('is nothing where there is no price', () => {
    const { price: _, ...free } = flavor(big, '1');
    expect(priceOfPart(free, big.resources)).toBeUndefined();
  });

  it('never bills more than was shown while holds lowered the listing', () => {
    const n = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(n, n, n, n, n, n, (cpu, memory, heldCpu, heldMemory, partCpu, partMemory) => {
        const total = { cpu: `${cpu + heldCpu + partCpu}`, memory: `${memory + heldMemory + partMemory}Mi`, pods: '10' };
        const whole = flavor(slice(total, { cpu: '0', memory: '0', pods: '0' }, { cpu: '0', memory: '0', pods: '0' }), '7.31');
        const free = { cpu: `${cpu + partCpu}`, memory: `${memory + partMemory}Mi`, pods: '10' };
        const lowered = priceOfPart(whole, free);
        const listed = { ...whole, ...(lowered ? { price: lowered } : {}), offer: { ...whole.offer, resources: free } as K8Slice };
        const part = { cpu: `${partCpu}`, memory: `${partMemory}Mi`, pods: '1' };
        const [billed, shown] = [priceOfPart(whole, part), priceOfPart(listed, part)];
        return billed !== undefined && shown !== undefined && compareAmounts(billed.amount, shown.amount) <= 0;
      }),
    );
  });
});
