/** Who answers, and what that means to what is stuck. */
import { expect, test } from 'vitest';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { buyerOf } from '../contracts/samples.ts';
import { rearNode } from '../fakes/rear-node.ts';
import { playComparison, running } from './comparison.ts';

const { at, clock, records, peers, reconcile } = playComparison();

test('what is stuck tries again when its peer returns, and every few minutes while it answers', async () => {
  const { knownNodes } = records;
  for (const name of ['west', 'east']) {
    await peers.add({ identity: { ...buyerOf(name), address: `${name}:1` } });
    await knownNodes.add(`${name}:1`, 'operator');
    await knownNodes.seen(`${name}:1`, { domain: `${name}.example`, clusterId: `${name}-1` });
  }
  at.open = [
    running('acquisition/w-1', { stuck: true, peer: 'west.example', phase: 'teardown' }),
    running('contract/e', { stuck: true, peer: 'east-1' }),
    running('contract/gone', { stuck: true, peer: 'east-1' }),
    running('intent/free', { peer: 'west.example' }),
  ];
  const poked = async (): Promise<readonly string[]> => {
    const { poked: lines, failed } = await reconcile();
    expect(failed).toEqual([]);
    return lines.toSorted();
  };
  expect(await poked()).toEqual(['acquisition/w-1', 'contract/e']);
  expect(await poked()).toEqual([]);
  peers.setReachable('west:1', false);
  expect(await poked()).toEqual([]);
  peers.setReachable('west:1', true);
  // A search that asks west meanwhile finds it well: what is stuck has to hear of it all the same.
  await knownNodes.seen('west:1', {});
  expect(await poked()).toEqual(['acquisition/w-1']);
  at.moved = DEFAULT_TIMING.pokeMs;
  expect(await poked()).toEqual(['acquisition/w-1', 'contract/e']);
  at.moved *= 2;
  peers.setReachable('west:1', false);
  expect(await poked()).toEqual(['contract/e']);
});

test('a stuck process of a peer that is no known node tries again with the others', async () => {
  await peers.add({ identity: { ...buyerOf('west'), address: 'west:1' } });
  at.open = [running('contract/x', { stuck: true, peer: 'nobody-1' })];
  expect(await reconcile()).toMatchObject({ poked: [] });
  await records.knownNodes.add('west:1', 'operator');
  expect(await reconcile()).toMatchObject({ poked: ['contract/x'] });
});

test('a node that has died since it described itself does not answer, whatever is remembered of it', async () => {
  const { knownNodes } = records;
  const west = await rearNode({ name: 'west', clock });
  const others = httpPeers({ clock });
  const faults = async () => (await knownNodes.list()).map(({ lastFault, pokedAt }) => ({ lastFault, poked: pokedAt !== undefined }));
  try {
    await knownNodes.add(west.identity.address, 'operator');
    await others.at(west.identity.address).describe();
    at.open = [running('contract/x', { stuck: true, peer: 'nobody-1' })];
    expect(await reconcile({ others })).toMatchObject({ poked: ['contract/x'] });
  } finally {
    await west.close();
  }
  expect(await reconcile({ others })).toMatchObject({ poked: [], failed: [] });
  expect(await faults()).toEqual([{ lastFault: expect.stringContaining('PEER_UNREACHABLE'), poked: false }]);
});
