import { afterAll, describe, expect, inject, test } from 'vitest';
import { acquisitionId, clusterId } from '../../src/domain/ids.ts';
import { contractsContract } from '../contracts/contracts.ts';
import { renewalsContract } from '../contracts/renewals.ts';
import { candidatesContract, intentRecordsContract, knownNodesContract } from '../contracts/records.ts';
import { pagesContract } from '../contracts/pages.ts';
import { knownSignersContract } from '../contracts/known-signers.ts';
import { turnsContract } from '../contracts/turns.ts';
import { flavorOf, NOON, ONE, SELLER, termsOf } from '../contracts/samples.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());

const cleared =
  <P>(port: P) =>
  async (): Promise<P> => {
    await db.clear();
    return port;
  };

describe('contracts', () => contractsContract(cleared(db.store)));
describe('renewals', () => renewalsContract(cleared(db.store)));
describe('intents', () => intentRecordsContract(cleared(db.store.intents)));
describe('candidates', () => candidatesContract(cleared(db.store)));
describe('lists', () =>
  pagesContract(async () => {
    await db.clear();
    // Many rows of one moment.
    await db.setClock(NOON);
    return db.store;
  }));
describe('turns', () =>
  turnsContract(async () => {
    await db.clear();
    return { turns: db.store.turns, setClock: db.setClock };
  }));
describe('known signers', () =>
  knownSignersContract(async () => {
    await db.clear();
    return { signers: db.store.knownSigners, setClock: db.setClock };
  }));
test.each([
  ['https://South.Example:1', 'south.example:1', 'deep.example:1'],
  ['South.Example:1', 'south.example:1', 'deep.example:1'],
])('the id of a node that is known as %s belongs to it when it first signs, and to nobody else', async (known, own, other) => {
  await db.clear();
  const { knownNodes, knownSigners } = db.store;
  await knownNodes.add(known, 'operator');
  await db.sql`update known_node set node_id = 'south' where address = ${known}`;
  await expect(knownSigners.heard({ address: other, nodeId: 'south' })).rejects.toMatchObject({ code: 'BUYER_REFUSED' });
  await knownSigners.heard({ address: own, nodeId: 'south' });
  expect(await knownSigners.signs({ nodeId: 'south', address: own })).toBe(true);
});

test('nodes that an operator named, or whose cluster is bound to them, are remembered however long they are silent', async () => {
  await db.clear();
  const { knownNodes, knownSigners } = db.store;
  await db.setClock(NOON);
  await knownNodes.add('https://Named.Example:1', 'operator');
  await knownNodes.bindCluster(clusterId('alice-1'), 'alice');
  for (const address of ['named.example:1', 'stranger.example:1']) await knownSigners.heard({ address });
  for (const nodeId of ['alice', 'bob']) await knownSigners.heard({ address: `${nodeId}.example:1`, nodeId });
  await db.setClock(NOON + 91 * 86_400_000);
  expect([await knownSigners.prune(), await knownSigners.prune(0)]).toEqual([2, 0]);
  const known = ['named', 'stranger', 'alice', 'bob'].map(async (name) => await knownSigners.signs({ address: `${name}.example:1` }));
  expect(await Promise.all(known)).toEqual([true, false, true, false]);
});

describe('known nodes', () => knownNodesContract(cleared(db.store.knownNodes)));

test('what a hostile peer or user writes is kept as far as Postgres can, and stops nothing', async () => {
  await db.clear();
  const hostile = 'a\u0000b\ud800c';
  const status = {
    name: 'odd',
    phase: 'teardown',
    state: 'ended',
    since: 1,
    startedAt: 1,
    endedAt: 2,
    attempts: 0,
    ending: { reason: 'failed', detail: hostile },
  } as const;
  await db.store.intents.save({ status, document: { [hostile]: [hostile] }, plan: [], silent: [], journal: [] });
  expect((await db.store.intents.get('odd'))?.status.ending?.detail).toBe('a\ufffdb\ufffdc');
  await db.store.knownNodes.configure(['liar:1']);
  await db.store.knownNodes.seen('liar:1', { fault: `PEER_LIED: ${hostile}` });
  expect(await db.store.knownNodes.list()).toMatchObject([{ lastFault: 'PEER_LIED: a\ufffdb\ufffdc' }]);
});

test('of two addresses that show an id in the same moment one gets it, and all else is learnt of both', async () => {
  await db.clear();
  const { knownNodes } = db.store;
  for (const address of ['a:1', 'b:1']) await knownNodes.add(address, 'operator');
  const seen = await db.sql.begin(async (sql) => {
    await sql`update known_node set node_id = 'a', dialect = 'rearguard' where address = 'b:1'`;
    const second = { done: false, seen: Promise.resolve() };
    second.seen = knownNodes.seen('a:1', { nodeId: 'a', dialect: 'rearguard' }).finally(() => (second.done = true));
    const waits = async () =>
      (await sql`select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))`).length > 0;
    await expect.poll(async () => second.done || (await waits()), { timeout: 10_000 }).toBe(true);
    return second;
  });
  await seen.seen;
  expect(await knownNodes.list()).toEqual([
    { address: 'a:1', source: 'operator', dialect: 'rearguard', lastSeenAt: expect.any(String) },
    { address: 'b:1', source: 'operator', dialect: 'rearguard', nodeId: 'a' },
  ]);
});

test('a node that is removed while its offers arrive leaves none', async () => {
  await db.clear();
  const { knownNodes, candidates } = db.store;
  await knownNodes.add('a:1', 'operator');
  const offered = { flavor: flavorOf('1'), seller: SELLER, dialect: 'rearguard', part: ONE, rating: 0.5 } as const;
  const rounds = Array.from({ length: 20 }, async () => {
    await Promise.all([candidates.replace('a:1', [offered]), knownNodes.remove('a:1'), candidates.replace('a:1', [offered])]);
    await knownNodes.add('a:1', 'operator');
  });
  await Promise.all(rounds);
  await knownNodes.remove('a:1');
  expect(await candidates.list()).toEqual([]);
});

test('a renewal stands in the audit, once, with its end', async () => {
  await db.clear();
  const terms = termsOf();
  const { contracts, audit } = db.store;
  await contracts.storeBought({ terms, acquisition: acquisitionId('a-1') });
  const until = '2026-03-03T12:00:00.000Z';
  const renewal = { payload: 'x', signatures: [] };
  for (const _ of [1, 2]) await contracts.renew({ contract: terms.id, role: 'buyer', number: 1, renewal, until });
  const events = (await audit.page({ contract: terms.id, limit: 10 })).items.filter(({ kind }) => kind === 'renewed');
  expect(events).toMatchObject([{ peer: SELLER.id, facts: { role: 'buyer', number: 1, expiresAt: until } }]);
});
