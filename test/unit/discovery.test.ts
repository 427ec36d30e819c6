/** What a node says in its list decides neither where we go nor with whom we take it for. */
import { beforeEach, expect, test } from 'vitest';
import { discoveryActivities } from '../../activities/discovery.ts';
import { clusterId, flavorId } from '../../src/domain/ids.ts';
import type { Dialect } from '../../src/domain/candidate.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import type { Peer, Peers } from '../../src/ports/peer.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { givenRatings } from '../fakes/opinions.ts';
import { type FakePeers, fakePeers } from '../fakes/peers.ts';
import { handClock, identityOf, sliceOf } from '../fakes/samples.ts';

let peers: FakePeers;
let records: ReturnType<typeof memoryRecords>;
const clock = handClock();
beforeEach(() => {
  peers = fakePeers({ clock });
  records = memoryRecords({ clock });
});
/** A known node at `identity.address`, whose list names `owner`. */
async function node(identity: NodeIdentity, owner: NodeIdentity = identity, dialect: Dialect = 'rearguard'): Promise<void> {
  await peers.add({ identity, dialect, flavors: [sliceOf(owner)] });
  await records.knownNodes.add(identity.address, 'operator');
}
const discover = (cpu = '1', known: Peers = peers.peers, failed: readonly string[] = []) =>
  discoveryActivities({
    peers: known,
    ...records,
    audit: memoryAudit({ clock }).audit,
    ratings: givenRatings(new Map()),
    self: identityOf('south'),
    timing: DEFAULT_TIMING,
  }).discover({ request: { resources: { cpu, memory: '1Gi', pods: '1' } }, failed });

const north = identityOf('north');
const liar = identityOf('liar');

test('a node offers its own', async () => {
  await node(north);
  const { candidates, refused } = await discover();
  expect(candidates).toMatchObject([{ seller: { id: north.id, address: north.address } }]);
  expect(refused).toEqual([]);
});

test('where a node finds nothing that fits, the plan says of what it has why not', async () => {
  await node(north);
  const all = peers.peers.at(north.address);
  const choosy: Peer = { ...all, listFlavors: async (request) => (request ? { flavors: [], unreadable: [] } : await all.listFlavors()) };
  const { candidates, refused } = await discover('4000', { at: () => choosy });
  expect(candidates).toEqual([]);
  expect(refused).toMatchObject([{ verdict: 'refused', reasons: [expect.stringMatching(/cpu, and 4000 is wanted/)] }]);
});

test.each<[string, NodeIdentity, NodeIdentity]>([
  ['of another owner', liar, north],
  ['of its own, to be bought where only we can reach', liar, { ...liar, address: '169.254.169.254:80' }],
  ['as another node, at that one’s address', { ...liar, id: north.id }, north],
])('what a node offers %s is refused, and the plan says why', async (_, identity, owner) => {
  await node(identity, owner);
  const { candidates, refused } = await discover();
  expect(candidates).toEqual([]);
  expect(refused).toMatchObject([{ verdict: 'refused', reasons: [expect.stringContaining('is offered')] }]);
  expect(await records.candidates.list()).toEqual([]);
});

test.each(['rearguard', 'fluidos'] as const)(
  'a %s node that takes the id of one that we know is refused; that one is not',
  async (dialect) => {
    await node(north);
    await discover();
    const impostor = { ...north, address: liar.address };
    await node(impostor, impostor, dialect);
    for (const _ of [1, 2]) {
      const { candidates, refused } = await discover();
      expect(candidates).toMatchObject([{ seller: { address: north.address } }]);
      expect(refused).toMatchObject([{ reasons: [expect.stringContaining(`whom we know at ${north.address}`)] }]);
    }
  },
);

test.each([
  ['its own', ['bob.example:3004', 'bob:3004']],
  ['the other', ['bob:3004', 'bob.example:3004']],
])(
  'a node that is known at two addresses is bought from at the one that it announces, also when %s answers first',
  async (_, addresses) => {
    const bob = { ...north, address: 'BOB.example:3004' };
    for (const [n, address] of addresses.entries()) {
      await peers.add({ identity: bob, address, flavors: [sliceOf(bob)] });
      await records.knownNodes.add(address, 'operator');
      // The first is known alone for a while.
      if (n === 0) await discover();
    }
    for (const _ of [1, 2, 3]) {
      const { candidates, refused } = await discover();
      expect(candidates).toMatchObject([{ seller: { id: bob.id, address: 'bob.example:3004' } }]);
      expect(refused).toMatchObject([{ reasons: [expect.stringMatching('known at bob:3004|whom we know at bob.example:3004')] }]);
    }
  },
);

test('an id that an older version kept for a second address is given up there', async () => {
  const alias = 'alias:80';
  await node(north);
  await records.knownNodes.add(alias, 'operator');
  await records.knownNodes.seen(alias, { nodeId: north.id });
  await peers.add({ identity: north, address: alias, flavors: [] });
  await discover();
  await discover();
  expect((await discover()).candidates).toMatchObject([{ seller: { id: north.id, address: north.address } }]);
});

test('a FLUIDOS node is bought from where it was asked, whatever address its list names', async () => {
  await node(liar, { ...liar, address: '169.254.169.254:80' }, 'fluidos');
  expect((await discover()).candidates).toMatchObject([{ dialect: 'fluidos', seller: { id: liar.id, address: liar.address } }]);
});

test('the cluster of a seller is known from its description, since no list of REAR names one', async () => {
  const cluster = clusterId('north-cluster');
  await node({ ...north, clusterId: cluster }, north);
  expect((await discover()).candidates).toMatchObject([{ seller: { id: north.id, clusterId: cluster } }]);
});

test('what a node offered is listed until it is silent, or is asked no more', async () => {
  await node(north);
  await node(liar);
  const offers = async () => (await records.candidates.list()).map(({ seller }) => seller.address).toSorted();
  await discover();
  expect(await offers()).toEqual([liar.address, north.address].toSorted());
  peers.setReachable(north.address, false);
  await discover();
  expect(await offers()).toEqual([liar.address]);
  peers.setReachable(north.address, true);
  await discover();
  await records.knownNodes.remove(liar.address);
  expect(await offers()).toEqual([north.address]);
});

/** A node with so many flavors at that price. */
async function seller(name: string, count: number, amount: string): Promise<NodeIdentity> {
  const identity = identityOf(name);
  const flavors = Array.from({ length: count }, (_, i) => ({
    ...sliceOf(identity),
    id: flavorId(`${name}-${i}`),
    price: { amount, currency: 'EUR', period: 'hourly' as const },
  }));
  await peers.add({ identity, dialect: 'rearguard', flavors });
  await records.knownNodes.add(identity.address, 'operator');
  return identity;
}

test('one that lists without end leaves room for everybody else, cheap as it is, and the plan says how much it leaves out', async () => {
  await seller('crowd', 30, '0.01');
  await seller('honest', 1, '0.50');
  const { candidates, more } = await discover();
  expect(candidates).toHaveLength(20);
  expect(candidates.at(-1)).toMatchObject({ seller: { id: identityOf('honest').id } });
  expect(candidates.slice(0, 2).map(({ flavor }) => flavor.id)).toEqual(['crowd-0', 'crowd-1']);
  expect(more).toBe(11);
});

test('sellers that failed are listed where there is room', async () => {
  const crowds = await Promise.all(Array.from({ length: 8 }, (_, i) => seller(`crowd-${i}`, 3, '0.01')));
  await seller('honest', 1, '0.50');
  const failed = crowds.slice(0, 2).map(({ address }) => address);
  const { candidates } = await discover('1', peers.peers, failed);
  expect(candidates).toHaveLength(20);
  const of = (address: string): number => candidates.filter((candidate) => candidate.seller.address === address).length;
  expect(of(identityOf('honest').address)).toBe(1);
  expect(failed.map(of).reduce((sum, count) => sum + count)).toBe(1);
});

test('what of a list cannot be read is told, beside what can', async () => {
  await node(north);
  const all = peers.peers.at(north.address);
  const broken: Peer = {
    ...all,
    listFlavors: async (request) => ({
      ...(await all.listFlavors(request)),
      unreadable: ['a: no price', 'b: no type', 'c: twice', 'd: no owner'],
    }),
  };
  const { candidates, silent } = await discover('1', { at: () => broken });
  expect(candidates).toHaveLength(1);
  expect(silent).toEqual([
    {
      address: north.address,
      code: 'PEER_LIED',
      detail: 'flavors that cannot be read: a: no price; b: no type; c: twice; and 1 more',
      partly: true,
    },
  ]);
});
