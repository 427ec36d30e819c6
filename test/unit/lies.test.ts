/** A seller that lies is told of, whatever becomes of the call; one that refuses is not. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { buyingActivities } from '../../activities/buying.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { handoverActivities } from '../../activities/handover.ts';
import type { PeeringCredentials } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import type { HostingPolicy } from '../../src/domain/flavor.ts';
import { hostedBound } from '../../src/domain/hosted.ts';
import { acquisitionId, clusterId, contractId } from '../../src/domain/ids.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { Hosting } from '../../src/ports/hosting.ts';
import type { Peer } from '../../src/ports/peer.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { liqoWorld } from '../fakes/liqo-world.ts';
import { memoryProcesses } from '../fakes/memory-processes.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { fakePeers } from '../fakes/peers.ts';

const clock = { now: () => Date.now() };
const HOME = clusterId('alice-1');
const acquisition = acquisitionId('0123456789ab-1');
const candidate = { flavor: flavorOf('000a'), seller: SELLER, dialect: 'rearguard', part: ONE, rating: 0.5 } as const;

async function buyer(
  change: (peer: Peer) => Partial<Peer> = () => ({}),
  fabric: Partial<Fabric> = {},
  identity = SELLER,
  flavor = candidate.flavor,
) {
  const { audit } = memoryAudit({ clock });
  const north = fakePeers({ clock });
  await north.add({ identity, flavors: [candidate.flavor] });
  const offered = { ...candidate, flavor, seller: identity };
  const peers = {
    at: (...where: Parameters<typeof north.peers.at>) => {
      const peer = north.peers.at(...where);
      return { ...peer, ...change(peer) };
    },
  };
  const activities = buyingActivities({
    audit,
    peers,
    clock,
    contracts: memoryInventory({ clock }).contracts,
    knownNodes: memoryRecords({ clock }).knownNodes,
    fabric: { ...fakeFabric(liqoWorld(), HOME), ...fabric },
    processes: memoryProcesses({ clock }).processes,
    notary: north.keys.notaryAt(buyerOf('alice').address),
    self: buyerOf('alice'),
    timing: DEFAULT_TIMING,
  });
  const run = <I, O>(activity: (input: I) => Promise<O>, input: I, attempt = 1): Promise<O> =>
    new MockActivityEnvironment({ attempt, startToCloseTimeoutMs: 15_000 }).run(activity, input);
  return {
    async buys(attempt = 1) {
      const { transaction } = await run(activities.reserve, { acquisition, candidate: offered });
      return await run(activities.buy, { acquisition, candidate: offered, transaction }, attempt);
    },
    told: async () => (await audit.page({ limit: 10 })).items.map(({ kind, peer, facts }) => [kind, peer, facts['code']]),
    under: async () => (await audit.page({ limit: 10 })).items.map(({ contract }) => contract),
  };
}

test('an honest one', async () => {
  const { buys, told } = await buyer();
  await buys();
  expect(await told()).toEqual([]);
});

const sold = (change: (bought: Awaited<ReturnType<Peer['purchase']>>) => Awaited<ReturnType<Peer['purchase']>>) => (peer: Peer) => ({
  purchase: async (...input: Parameters<Peer['purchase']>) => change(await peer.purchase(...input)),
});
test.each<[string, (peer: Peer) => Partial<Peer>]>([
  [
    'another price',
    sold(({ terms, ...rest }) => ({ ...rest, terms: { ...terms, price: { amount: '9', currency: 'EUR', period: 'hourly' } } })),
  ],
  ['another quantity', sold(({ terms, ...rest }) => ({ ...rest, terms: { ...terms, resources: { ...ONE, cpu: '500m' } } }))],
  ['another party', sold(({ terms, ...rest }) => ({ ...rest, terms: { ...terms, buyer: buyerOf('bob') } }))],
  [
    'another promise',
    sold(({ terms, ...rest }) => ({ ...rest, terms: { ...terms, flavor: { ...terms.flavor, terms: { noticeMs: 1_000 } } } })),
  ],
  ['another transaction', sold(({ terms, ...rest }) => ({ ...rest, terms: { ...terms, transaction: newTransaction() } }))],
])('%s than was reserved', async (_, change) => {
  const { buys, told } = await buyer(change);
  await expect(buys()).rejects.toMatchObject({ code: 'PEER_LIED' });
  expect(await told()).toEqual([['peer-lied', 'north', 'PEER_LIED']]);
});

test.each([
  ['under its name', false],
  ['under none where that is not the name of what was reserved', true],
])('a contract that is not signed is told of %s', async (_, renamed) => {
  let named: string | undefined;
  const { buys, under } = await buyer(
    sold(({ terms, agreement: _unsigned, ...rest }) => {
      named = renamed ? `contract-${'e'.repeat(32)}` : terms.id;
      return { ...rest, terms: { ...terms, id: contractId(named) } };
    }),
  );
  await expect(buys()).rejects.toMatchObject({ code: 'PEER_LIED', message: expect.stringContaining('did not sign') as string });
  expect(await under()).toEqual([renamed ? undefined : named]);
});

test('two different lies within an hour are both told', async () => {
  let amount = 8;
  const { buys, told } = await buyer(
    sold(({ terms, ...rest }) => ({
      ...rest,
      terms: { ...terms, price: { amount: String(++amount), currency: 'EUR', period: 'hourly' } },
    })),
  );
  for (let n = 0; n < 2; n += 1) await expect(buys()).rejects.toMatchObject({ code: 'PEER_LIED' });
  expect(await told()).toEqual([
    ['peer-lied', 'north', 'PEER_LIED'],
    ['peer-lied', 'north', 'PEER_LIED'],
  ]);
});

test('another latency than was listed, honestly signed', async () => {
  const { flavor } = candidate;
  const listed = { ...flavor, offer: { ...flavor.offer, latencyMs: 1 } as typeof flavor.offer };
  const { buys, told } = await buyer(undefined, {}, SELLER, listed);
  await expect(buys()).rejects.toMatchObject({ code: 'PEER_LIED' });
  expect(await told()).toEqual([['peer-lied', 'north', 'PEER_LIED']]);
});

test.each([
  ['KUBECONFIG_REFUSED', [['peer-lied', 'north', 'KUBECONFIG_REFUSED']]],
  ['NOT_ENOUGH', []],
  ['PEER_UNREACHABLE', []],
] as const)('%s', async (code, expected) => {
  const { buys, told } = await buyer(() => ({
    purchase: async (): Promise<{ terms: never; credentials: PeeringCredentials }> => {
      throw new Fault(code, 'no');
    },
  }));
  await expect(buys()).rejects.toMatchObject({ code });
  expect(await told()).toEqual(expected);
});

test.each([
  ['127.0.0.1:3004', []],
  ['[::1]:3004', []],
  ['north.localhost:3004', []],
  ['https://localhost:3004', []],
  [SELLER.address, [['peer-lied', 'north', 'KUBECONFIG_REFUSED']]],
  ['192.0.2.7:3004', [['peer-lied', 'north', 'KUBECONFIG_REFUSED']]],
])(
  'an API server on our own machine, which a setting of ours would allow, is no lie of a seller there alone: %s',
  async (address, expected) => {
    const setting = 'cluster.loopbackSellers';
    const seller = { ...SELLER, address };
    const refuses = () => ({ purchase: () => Promise.reject(new Fault('KUBECONFIG_REFUSED', 'loopback', { setting })) });
    const { buys, told } = await buyer(refuses, {}, seller);
    await expect(buys()).rejects.toMatchObject({ code: 'KUBECONFIG_REFUSED' });
    expect(await told()).toEqual(expected);
  },
);

const named = { status: 408, named: true };
test.each<[string, Fault, [first: boolean, later: boolean]]>([
  ['a status says that its reservation had expired', new Fault('HOLD_EXPIRED', 'too late', { status: 408 }), [true, false]],
  ['it says so itself', new Fault('HOLD_EXPIRED', 'too late', named), [true, true]],
  ['the seller refused this buyer', new Fault('BUYER_REFUSED', 'not you', named), [true, false]],
  ['what it refused it does not say, and may have sold before', new Fault('PEER_REFUSED', 'no tenant', named), [false, false]],
  ['its contract was over by then', new Fault('CONTRACT_OVER', 'drained', named), [false, false]],
  ['its answer could not be read', new Fault('PEER_LIED', 'no contract'), [false, false]],
])(
  'a purchase that fails since %s says whether nothing was sold, at first and after an answer that was lost',
  async (_why, fault, unsold) => {
    const { buys } = await buyer(() => ({ purchase: () => Promise.reject(fault) }));
    const said = async (attempt: number): Promise<boolean> => {
      const error = await buys(attempt).then(
        () => undefined,
        (failed: Fault) => failed,
      );
      expect(error?.code).toBe(fault.code);
      return error?.facts['unsold'] === true;
    };
    expect([await said(1), await said(2)]).toEqual(unsold);
  },
);

test('who never came to ask bought nothing, unless an earlier try did', async () => {
  let asked = 0;
  const { buys } = await buyer(undefined, {
    async clusterId() {
      asked += 1;
      // The first is for the reservation.
      if (asked % 2 === 0) throw new Fault('CLUSTER_UNREACHABLE', 'away');
      return HOME;
    },
  });
  const said = async (attempt: number) => await buys(attempt).catch((failed: Fault) => failed.facts['unsold'] === true);
  expect([await said(1), await said(2)]).toEqual([true, false]);
});

test('what fails after the seller sold says nothing of the kind', async () => {
  const { buys } = await buyer(() => ({ countersign: () => Promise.reject(new Fault('BUYER_REFUSED', 'not you')) }));
  const error = await buys().then(
    () => undefined,
    (failed: Fault) => failed,
  );
  expect([error?.code, error?.facts]).toEqual(['BUYER_REFUSED', {}]);
});

test.each<[HostingPolicy, 'opened' | 'PEER_LIED']>([
  ['Shared', 'opened'],
  ['Consumer', 'PEER_LIED'],
])('a hand-over with a part of the seller’s, bought as %s: %s', async (hostingPolicy, outcome) => {
  const { audit } = memoryAudit({ clock });
  const endpoint = { host: 'db.north.example', port: 6443 };
  const manifests = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }];
  const applied: unknown[] = [];
  const hosting: Pick<Hosting, 'hostBought'> = { hostBought: async ({ sellersPart }) => void applied.push(sellersPart) };
  const written: unknown[] = [];
  const deps = {
    audit,
    hosting,
    peers: { at: () => ({ handover: async () => ({ secret: {}, endpoint, manifests }) }) },
    contracts: { get: async () => ({ terms: { seller: SELLER, service: { hostingPolicy } } }), activate: async () => undefined },
    cluster: { handOver: async ({ handover }: { handover: unknown }) => void written.push(handover) },
    self: buyerOf('alice'),
    timing: DEFAULT_TIMING,
  } as unknown as ActivityDeps;
  const { hostBought, handOver } = handoverActivities(deps);
  const bought = { acquisition, contract: contractId(`contract-${'0'.repeat(32)}`), seller: SELLER.address, bound: hostedBound() };
  const results = await Promise.allSettled([
    new MockActivityEnvironment().run(hostBought, bought),
    new MockActivityEnvironment().run(handOver, { ...bought, service: 'db', namespace: 'intent-shop' }),
  ]);
  expect(results.map((result) => (result.status === 'rejected' ? result.reason.code : 'opened'))).toEqual([outcome, outcome]);
  expect(applied).toEqual(outcome === 'opened' ? [endpoint] : []);
  expect(written).toEqual(outcome === 'opened' ? [{ secret: {}, endpoint }] : []);
  expect((await audit.page({ limit: 10 })).items.map(({ facts }) => facts['code'])).toEqual(outcome === 'opened' ? [] : ['PEER_LIED']);
});
