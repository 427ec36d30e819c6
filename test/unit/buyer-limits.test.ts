/** What an operator lets single buyers have. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it, test } from 'vitest';
import { sellingActivities } from '../../activities/selling.ts';
import { type BuyerLimits, limitsOf } from '../../src/domain/buyer-limits.ts';
import { clusterId } from '../../src/domain/ids.ts';
import type { PeerRule } from '../../src/domain/peer-policy.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { turnsOf } from '../../src/http/rear/turns.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { buyerLimits } from '../../src/runtime/parts.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { liqoWorld } from '../fakes/liqo-world.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { memoryProcesses } from '../fakes/memory-processes.ts';
import { fakePeers } from '../fakes/peers.ts';

const alice = buyerOf('alice');
const signed = { policy: 'signed' } as const;
const everybody: BuyerLimits = { holds: 100, cpu: '8', credit: [{ amount: '1', currency: 'EUR' }] };

describe('who may have what', () => {
  test.each<[string, readonly PeerRule[], BuyerLimits]>([
    ['nobody is named: what everybody may', [], everybody],
    ['another is named', [{ ...signed, node: 'bob', limits: { cpu: '1' } }], everybody],
    [
      'by its id: more, limit by limit',
      [{ ...signed, node: 'alice', limits: { cpu: '64', contracts: 9 } }],
      { ...everybody, cpu: '64', contracts: 9 },
    ],
    ['by its address: less', [{ ...signed, address: 'alice.example', limits: { holds: 1 } }], { ...everybody, holds: 1 }],
    ['a line that says nothing of it', [{ ...signed, node: 'alice' }], everybody],
    [
      'the first line that fits',
      [
        { ...signed, node: 'alice', limits: { cpu: '1' } },
        { ...signed, node: 'alice', limits: { cpu: '2' } },
      ],
      { ...everybody, cpu: '1' },
    ],
  ])('%s', (_, rules, limits) => {
    expect(limitsOf(everybody, { rules, otherwise: 'signed' }, alice)).toEqual(limits);
  });

  it('by a domain, of which a node says itself that it is its own: only less', () => {
    const of = (limits: BuyerLimits) =>
      limitsOf(everybody, { rules: [{ ...signed, domain: 'alice.example', limits }], otherwise: 'signed' }, alice);
    expect(of({ holds: 1_000, cpu: '4', memory: '1Gi', credit: [{ amount: '2', currency: 'eur' }] })).toMatchObject({
      holds: 100,
      cpu: '4',
      memory: '1Gi',
      credit: [{ amount: '1', currency: 'EUR' }],
    });
    expect(
      of({
        cpu: '16',
        credit: [
          { amount: '0.5', currency: 'EUR' },
          { amount: '3', currency: 'USD' },
        ],
      }),
    ).toMatchObject({
      cpu: '8',
      credit: [
        { amount: '0.5', currency: 'EUR' },
        { amount: '3', currency: 'USD' },
      ],
    });
  });

  it.each([
    [100, 5, 5],
    [100, 200, 100],
    [100, 0, 100],
    [0, 5, 5],
    [undefined, 5, 5],
    [0, 0, undefined],
  ])('of %s requests a second for everybody a domain leaves, by its %s: %s', (general, own, left) => {
    const rules = [{ ...signed, domain: 'alice.example', limits: { requestsPerSecond: own } }];
    expect(limitsOf({ ...everybody, requestsPerSecond: general }, { rules, otherwise: 'signed' }, alice).requestsPerSecond).toBe(left);
  });

  const configured = (more: object) =>
    buyerLimits(
      completed(ConfigurationSchema.parse({ node: { id: 'north', domain: 'north.example', address: 'north.example:3004' }, ...more })),
    );
  it('as it is configured; a sale looks where somebody is limited only', () => {
    const none = configured({ rear: { maxHoldsPerBuyer: 7 } });
    expect([none.limitsOf(alice), none.limitSales]).toEqual([{ holds: 7, requestsPerSecond: 200 }, false]);
    expect(configured({ identity: { peers: [{ ...signed, node: 'alice', limits: { holds: 3 } }] } }).limitSales).toBe(false);
    const all = configured({ rear: { buyerLimits: { cpu: '8' }, requestsPerSecondPerBuyer: 5 } });
    expect([all.limitsOf(alice), all.limitSales]).toEqual([{ holds: 100, requestsPerSecond: 5, cpu: '8' }, true]);
    const limits = { contracts: 3, requestsPerSecond: 0 };
    const one = configured({ identity: { peers: [{ ...signed, node: 'alice', limits }] } });
    expect([one.limitsOf(alice), one.limitsOf(buyerOf('bob')), one.limitSales]).toEqual([
      { holds: 100, contracts: 3, requestsPerSecond: 0 },
      { holds: 100, requestsPerSecond: 200 },
      true,
    ]);
  });

  it.each([
    { cpu: '-1' },
    { contracts: 1.5 },
    { credit: [{ amount: 'much', currency: 'EUR' }] },
    {
      credit: [
        { amount: '1', currency: 'EUR' },
        { amount: '2', currency: 'eur' },
      ],
    },
  ])('not as %j', (limits) => expect(() => configured({ rear: { buyerLimits: limits } })).toThrow());
});

test('calls of one name take turns, those of others do not wait for them, and a failure ends one as well', async () => {
  const inTurn = turnsOf(2);
  const ends: ((error?: Error) => void)[] = [];
  const started: string[] = [];
  const call = (name: string) =>
    inTurn(name, () => {
      started.push(name);
      return new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
    });
  const calls = [call('a'), call('a'), call('a'), call('b')];
  const all = Promise.allSettled(calls);
  expect(started).toEqual(['a', 'a', 'b']);
  ends[0]?.(new Error('no'));
  await calls[0]?.catch(() => {});
  await Promise.resolve();
  expect(started).toEqual(['a', 'a', 'b', 'a']);
  for (const end of ends) end();
  expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
});

describe('the sale', () => {
  const sellingTo = async (limits: BuyerLimits | undefined) => {
    const clock = { now: () => Date.now() };
    const { inventory, contracts } = memoryInventory({ clock });
    const { peers, keys } = fakePeers({ clock });
    await inventory.publish(flavorOf('000a'));
    const transaction = newTransaction();
    await inventory.reserve({ flavor: flavorOf('000a').id, buyer: alice, part: ONE, transaction, ttlMs: 60_000, idempotencyKey: 'k' });
    const { sell } = sellingActivities({
      inventory,
      contracts,
      tenants: { built: async () => {}, stands: async () => false, close: async () => true },
      processes: memoryProcesses({ clock }).processes,
      notary: keys.notaryAt(SELLER.address),
      peers,
      self: SELLER,
      fabric: fakeFabric(liqoWorld(), SELLER.clusterId ?? clusterId('')),
      contractMs: 60_000,
      timing: DEFAULT_TIMING,
      ...(limits && { limitsOf: () => limits }),
    });
    return await new MockActivityEnvironment().run(sell, { transaction });
  };
  it('holds its buyer to what it may have by then', async () => {
    await expect(sellingTo({ cpu: '500m' })).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
    expect(await sellingTo({ cpu: '1' })).toMatchObject({ hourly: '0.1' });
    expect(await sellingTo(undefined)).toMatchObject({ hourly: '0.1' });
  });
});
