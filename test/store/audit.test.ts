/** The audit on a real Postgres: what is told, how it is sealed, and that whoever changes it is found. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import postgres from 'postgres';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { headFile } from '../../src/adapters/audit/head-file.ts';
import { headText } from '../../src/adapters/audit/head-text.ts';
import { signedHeads } from '../../src/adapters/audit/heads.ts';
import { vouchingAnew } from '../../src/adapters/audit/rotation.ts';
import { openStore } from '../../src/adapters/postgres/open.ts';
import { GENESIS } from '../../src/domain/audit.ts';
import { acquisitionId, contractOf } from '../../src/domain/ids.ts';
import type { Heads } from '../../src/ports/audit.ts';
import { auditContract } from '../contracts/audit.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER } from '../contracts/samples.ts';
import { memoryKeyStore, signerAt } from '../fakes/keys.ts';
import { cloneDatabase, SCHEMA } from './database.ts';
import { recompute, type Tamper, tampering } from './tampering.ts';

const db = await cloneDatabase(inject('databases'));
const folder = await mkdtemp(path.join(os.tmpdir(), 'rearguard-audit-'));
const file = path.join(folder, 'audit-heads');
const clock = { now: () => Date.now() };
let signer = signerAt('north.example:3004', clock);
let torn = false;
const heads: Heads = {
  list: () => own().list(),
  async append(seal) {
    if (torn) throw new Error('the disk is full');
    await own().append(seal);
  },
};
const own = (): Heads => signedHeads({ lines: headFile(file), signer, clock, log: () => {} });
const store = await openStore({ url: db.url, schema: SCHEMA, maxConnections: 8, heads });
const { audit, chain } = store;
afterAll(async () => {
  await store.close();
  await db.drop();
  await rm(folder, { recursive: true });
});

const act = (n: number) => audit.record({ kind: 'operator', facts: { n } });
const verdict = async () => {
  const { verdict: found, tampering: how } = await chain.verify({});
  return how ? `${found}: ${how.kind} at ${how.event}` : found;
};
/** `events` in order, sealed in batches of `size`, each with its head. */
const sealedInBatches = async (events: number, size: number): Promise<readonly number[]> => {
  for (let n = 1; n <= events; n += 1) {
    await act(n);
    if (n % size === 0) await chain.seal();
  }
  await chain.seal();
  return (await db.sql<{ event: string }[]>`select event from seal order by seq`).map(({ event }) => Number(event));
};

beforeEach(async () => {
  await db.clear();
  await db.setClock(NOON);
  await rm(file, { force: true });
  signer = signerAt('north.example:3004', clock);
  torn = false;
});

describe('the audit', () => {
  auditContract(async () => {
    await db.clear();
    // A new one counts anew.
    const { audit: fresh, close } = await openStore({ url: db.url, schema: SCHEMA, maxConnections: 2 });
    closing.push(close);
    return { audit: fresh, setClock: db.setClock };
  });
  const closing: (() => Promise<void>)[] = [];
  afterAll(async () => void (await Promise.all(closing.map((close) => close()))));

  it('tells of a sale who bought what from whom, when and at what price, and how it ended', async () => {
    await store.inventory.publish(flavorOf('000a'));
    const transaction = newTransaction();
    const acquisition = acquisitionId('key-1');
    await store.inventory.reserve({
      flavor: flavorOf('000a').id,
      buyer: buyerOf('alice'),
      part: ONE,
      idempotencyKey: acquisition,
      transaction,
      ttlMs: 60_000,
    });
    const { terms } = await store.inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 3_600_000 });
    await store.inventory.sell({ transaction, contract: terms.id, seller: SELLER, lifetimeMs: 3_600_000 });
    for (const reason of ['drained', 'done'] as const) await store.contracts.markEnding({ contract: terms.id, ending: { reason } });
    for (const _ of [1, 2]) await store.inventory.giveBack({ contract: terms.id, ending: { reason: 'done' } });
    expect(await audit.list({ contract: terms.id, limit: 10 })).toMatchObject([
      { kind: 'over', contract: terms.id, peer: 'alice', facts: { role: 'seller', reason: 'drained' } },
      { kind: 'ending', contract: terms.id, peer: 'alice', facts: { role: 'seller', reason: 'drained' } },
      {
        kind: 'sold',
        at: '2026-03-01T12:00:00.000000Z',
        contract: terms.id,
        peer: 'alice',
        facts: {
          transaction,
          acquisition,
          flavor: terms.flavor.id,
          resources: ONE,
          price: { amount: '0.1', currency: 'EUR', period: 'hourly' },
          buyer: buyerOf('alice'),
          seller: SELLER,
          startsAt: '2026-03-01T12:00:00.000Z',
          expiresAt: '2026-03-01T13:00:00.000Z',
        },
      },
    ]);
  });

  it('tells of a purchase', async () => {
    const transaction = newTransaction();
    const terms = {
      id: contractOf(transaction),
      transaction,
      flavor: flavorOf('000b'),
      buyer: buyerOf('alice'),
      buyerCluster: buyerOf('alice').clusterId ?? SELLER.clusterId,
      seller: SELLER,
      sellerCluster: SELLER.clusterId,
      resources: ONE,
      startsAt: new Date(NOON).toISOString(),
      expiresAt: new Date(NOON + 60_000).toISOString(),
    } as Parameters<typeof store.contracts.storeBought>[0]['terms'];
    for (const _ of [1, 2]) await store.contracts.storeBought({ terms, acquisition: acquisitionId('a-1') });
    for (const _ of [1, 2])
      await store.contracts.markOver({ contract: terms.id, ending: { reason: 'budget', detail: '2 EUR are used up' } });
    expect(await audit.list({ limit: 10 })).toMatchObject([
      { kind: 'over', peer: 'north', facts: { role: 'buyer', reason: 'budget', detail: '2 EUR are used up' } },
      { kind: 'bought', peer: 'north', facts: { acquisition: 'a-1', seller: SELLER } },
    ]);
    expect((await audit.list({ limit: 10 }))[1]?.facts).not.toHaveProperty('price');
  });

  it('is added to only', async () => {
    await sealedInBatches(2, 1);
    await act(3);
    const refused = { message: expect.stringContaining('append-only') };
    for (const change of [
      "update event set facts = '{}'",
      'delete from event',
      'truncate event',
      'delete from seal',
      'truncate seal',
      "update seal set hash = '' where seq = 1",
      'update seal set seq = null, hash = null',
    ])
      await expect(db.sql.unsafe(change), change).rejects.toMatchObject(refused);
    expect(await verdict()).toBe('intact');
  });
});

describe('sealing', () => {
  it('hashes events onto one chain, each once, and has its head signed outside', async () => {
    expect(await chain.verify({})).toMatchObject({ verdict: 'intact', sealed: 0, waiting: 0, heads: { count: 0 } });
    await act(1);
    expect(await chain.verify({})).toMatchObject({ verdict: 'intact', sealed: 0, waiting: 1 });
    expect((await audit.list({ limit: 1 }))[0]).not.toHaveProperty('seal');
    await act(2);
    expect(await chain.seal()).toEqual({ sealed: 2 });
    expect(await chain.seal()).toEqual({ sealed: 0 });
    const [second, first] = await audit.list({ limit: 2 });
    expect([first?.seal?.seq, second?.seal?.seq]).toEqual([1, 2]);
    expect(await chain.verify({})).toMatchObject({
      verdict: 'intact',
      checked: 2,
      sealed: 2,
      waiting: 0,
      heads: { count: 2, first: { seq: 0 }, last: second?.seal ?? {}, unreadable: 0 },
    });
    expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(3);
  });

  it('by two at once, while others write, gives one chain', async () => {
    const second = await openStore({ url: db.url, schema: SCHEMA, maxConnections: 4, heads });
    const at = { writing: true };
    const sealers = [chain, second.chain].map(async ({ seal }) => {
      while (at.writing) await seal();
      await seal();
    });
    await Promise.all(
      Array.from({ length: 6 }, async (_, writer) => {
        for (let n = 0; n < 40; n += 1) await (n % 2 === 0 ? audit : second.audit).record({ kind: 'operator', facts: { writer, n } });
      }),
    );
    at.writing = false;
    await Promise.all(sealers);
    await second.close();
    expect(await chain.verify({})).toMatchObject({
      verdict: 'intact',
      checked: 240,
      sealed: 240,
      waiting: 0,
      heads: { last: { seq: 240 } },
    });
  });

  it('takes up what commits late', async () => {
    const late = postgres(db.url, { max: 1, onnotice: () => {}, connection: { search_path: SCHEMA } });
    await late.begin(async (sql) => {
      await sql`insert into event (at, kind, facts) values (clock_now(), 'operator', '{"n": 0}')`;
      await act(1);
      expect(await chain.seal()).toEqual({ sealed: 1 });
    });
    await late.end();
    expect(await chain.seal()).toEqual({ sealed: 1 });
    const rows = await db.sql`select seq::integer from seal order by event`;
    expect(rows.map(({ seq }) => seq)).toEqual([2, 1]);
    expect(await verdict()).toBe('intact');
  });

  it('goes on after a crash between seals and head, and signs what follows from the last head only', async () => {
    await sealedInBatches(2, 1);
    torn = true;
    await act(3);
    await expect(chain.seal()).rejects.toThrow('the disk is full');
    expect(await chain.verify({})).toMatchObject({
      verdict: 'intact',
      checked: 3,
      heads: { last: { seq: 2 } },
      words: expect.stringContaining('last 1,'),
    });
    torn = false;
    expect(await chain.seal()).toEqual({ sealed: 0 });
    expect(await chain.verify({})).toMatchObject({ verdict: 'intact', heads: { last: { seq: 3 } } });

    torn = true;
    await act(4);
    await expect(chain.seal()).rejects.toThrow('the disk is full');
    torn = false;
    await tampering(db.sql, (sql) => sql`update event set facts = '{}' where id = (select event from seal where seq = 4)`);
    expect(await chain.seal()).toEqual({ sealed: 0, broken: expect.stringContaining('does not follow') });
    expect((await chain.verify({})).heads.last?.seq).toBe(3);
  });

  it('leaves a line that a crash tore, and begins a new one', async () => {
    await sealedInBatches(1, 1);
    await appendFile(file, 'eyJhbGciOiJFZERTQSIs');
    await act(2);
    await chain.seal();
    expect(await chain.verify({})).toMatchObject({ verdict: 'intact', heads: { last: { seq: 2 }, unreadable: 1 } });
  });

  it('signs anew with each key, before the old one counts no more', async () => {
    let now = NOON;
    signer = signerAt('north.example:3004', { now: () => now });
    await sealedInBatches(2, 1);
    const { kid } = await vouchingAnew(signer, heads, () => {}).rotate({ overlapMs: 60_000 });
    now += 120_000;
    expect((await signer.published())[0]?.kid).toBe(kid);
    await chain.seal();
    now += 120_000;
    expect(await chain.verify({})).toMatchObject({
      verdict: 'intact',
      heads: { count: 2, first: { seq: 0 }, last: { seq: 2 }, unreadable: 3 },
    });
  });

  it('keeps the first and the newest heads where they lie in one text, whoever writes it', async () => {
    const place = memoryKeyStore();
    const open = () => signedHeads({ lines: headText(place), signer, clock, log: () => {} });
    const [one, other] = [open(), open()];
    await one.append(GENESIS);
    for (let seq = 1; seq < 300; seq += 2) await Promise.all([one.append({ ...GENESIS, seq }), other.append({ ...GENESIS, seq: seq + 1 })]);
    const { heads: kept, unreadable } = await other.list();
    expect([kept.length, kept[0]?.seq, kept[1]?.seq, kept.at(-1)?.seq, unreadable]).toEqual([101, 0, 201, 300, 0]);
  });

  it('is vouched for by a new key at once when the old one counts no more: rotated it is all the same when that fails', async () => {
    await sealedInBatches(2, 1);
    const said: string[] = [];
    const rotating = () => vouchingAnew(signer, heads, (why) => void said.push(why));
    await rotating().rotate({ overlapMs: 0 });
    expect(await chain.verify({})).toMatchObject({
      verdict: 'intact',
      heads: { count: 2, first: { seq: 0 }, last: { seq: 2 }, unreadable: 3 },
    });
    await act(3);
    await chain.seal();
    expect(await verdict()).toBe('intact');
    torn = true;
    const { kid } = await rotating().rotate({ overlapMs: 0 });
    expect([said, (await signer.published()).map((key) => key.kid)]).toEqual([['the disk is full', 'the disk is full'], [kid]]);
    expect(await chain.verify({})).toMatchObject({ verdict: 'unattested', heads: { count: 0 } });
  });

  it('begins a new file when one is full, and keeps the one before', async () => {
    await sealedInBatches(1, 1);
    await appendFile(file, `${'x'.repeat(1_100_000)}\n`);
    await act(2);
    await chain.seal();
    await act(3);
    await chain.seal();
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(3);
    expect(await chain.verify({})).toMatchObject({ verdict: 'intact', heads: { first: { seq: 0 }, last: { seq: 3 } } });
    await rm(`${file}.1`);
    expect(await chain.verify({})).toMatchObject({ verdict: 'intact', heads: { first: { seq: 0 }, last: { seq: 3 } } });
  });
});

describe('whoever changes it is found', () => {
  const at = (seq: number) => db.sql`(select event from seal where seq = ${seq})`;
  const CASES: readonly (readonly [string, Tamper, kind: string, firstBad: number | undefined, seenBySealer: boolean])[] = [
    ['other facts', (sql) => sql`update event set facts = '{"n": 40}' where id = ${at(4)}`, 'altered', 4, false],
    ['another peer', (sql) => sql`update event set peer = 'eve' where id = ${at(4)}`, 'altered', 4, false],
    ['a microsecond', (sql) => sql`update event set at = at + interval '1 microsecond' where id = ${at(1)}`, 'altered', 1, false],
    ['another seal', (sql) => sql`update seal set hash = sha256('x') where seq = 10`, 'altered', 10, true],
    ['an event that is gone', (sql) => sql`delete from event where id = ${at(4)}`, 'removed', 4, false],
    ['a seal that is gone', (sql) => sql`delete from seal where seq = 4`, 'removed', 4, false],
    [
      'an event that is gone with its seal',
      (sql) => sql`with s as (delete from seal where seq = 4 returning event) delete from event where id in (select event from s)`,
      'removed',
      undefined,
      false,
    ],
    [
      'a tail',
      (sql) => sql`with s as (delete from seal where seq > 7 returning event) delete from event where id in (select event from s)`,
      'cut-tail',
      undefined,
      true,
    ],
    ['a tail whose seals are left', (sql) => sql`delete from event where id >= ${at(8)}`, 'cut-tail', 8, false],
    ['a tail of seals', (sql) => sql`delete from seal where seq > 7`, 'cut-tail', undefined, true],
    [
      'a chain that was computed anew',
      async (sql) => [await sql`update event set facts = '{"n": 40}' where id = ${at(4)}`, await recompute(sql)],
      'recomputed',
      3,
      true,
    ],
    [
      'a chain without one event, computed anew',
      async (sql) => [await sql`delete from event where id = ${at(4)}`, await recompute(sql)],
      'recomputed',
      3,
      true,
    ],
    [
      'a chain of others’ making',
      async (sql) => [
        await sql`delete from event`,
        await sql`insert into event (at, kind, facts) select clock_now(), 'operator', '{}' from generate_series(1, 10)`,
        await sql`delete from seal`,
        await sql`insert into seal (event, seq, hash) select id, row_number() over (order by id), '' from event`,
        await recompute(sql),
      ],
      'recomputed',
      undefined,
      true,
    ],
    [
      'an event that was written past the sealing',
      (sql) => sql`insert into event (at, kind, facts) values (clock_now(), 'operator', '{}')`,
      'added',
      undefined,
      false,
    ],
  ];
  it.each(CASES)('%s', async (_, tamper, kind, seq, seenBySealer) => {
    const events = await sealedInBatches(10, 2);
    expect(await verdict()).toBe('intact');
    await tampering(db.sql, tamper);
    const found = await chain.verify({});
    expect(found).toMatchObject({ verdict: 'broken', tampering: { kind } });
    if (seq !== undefined) expect(found.tampering?.event).toBe(events[seq - 1]);
    // Whatever is sealed from then on covers nothing up.
    await act(11);
    const { broken } = await chain.seal();
    expect(broken !== undefined, broken).toBe(seenBySealer);
    await act(12);
    await chain.seal();
    expect((await chain.verify({})).verdict).toBe('broken');
  });

  it('one that is gone before it was sealed', async () => {
    await sealedInBatches(2, 1);
    await act(3);
    await tampering(db.sql, (sql) => sql`delete from event where id = (select event from seal where seq is null)`);
    expect(await chain.verify({})).toMatchObject({ verdict: 'broken', tampering: { kind: 'removed' } });
  });

  it('a head that another key signed in our name', async () => {
    await sealedInBatches(4, 2);
    const [, head = ''] = (await readFile(file, 'utf8')).split('\n');
    const [header = '', payload = ''] = head.split('.');
    const mallory = signerAt('mallory.example:3004', clock);
    const { signature } = await mallory.sign(Buffer.from(`${header}.${payload}`));
    await appendFile(file, `${header}.${payload}.${Buffer.from(signature).toString('base64url')}\n`);
    expect(await verdict()).toBe('broken: forged-head at undefined');
  });

  it('a lost file of heads is told apart, before and after a new one is begun', async () => {
    await sealedInBatches(4, 2);
    const whole = await readFile(file, 'utf8');
    await writeFile(file, '');
    expect(await chain.verify({})).toMatchObject({ verdict: 'unattested', checked: 4, heads: { count: 0 } });
    await act(5);
    expect(await chain.seal()).toEqual({ sealed: 1 });
    expect(await chain.verify({})).toMatchObject({ verdict: 'unattested', checked: 5, heads: { first: { seq: 5 } } });
    await appendFile(file, whole);
    expect(await verdict()).toBe('intact');
  });

  it('another node’s database under our heads, and the reverse', async () => {
    await sealedInBatches(3, 1);
    signer = signerAt('south.example:3004', clock);
    expect(await chain.verify({})).toMatchObject({ verdict: 'unattested', heads: { count: 0, unreadable: 4 } });
  });

  it('whatever single row is changed, and however it was sealed', async () => {
    const change = fc.constantFrom<readonly [string, (seq: number) => Tamper]>(
      ['facts', (seq) => (sql) => sql`update event set facts = facts || '{"x": 1}' where id = ${at(seq)}`],
      ['kind', (seq) => (sql) => sql`update event set kind = 'sold' where id = ${at(seq)}`],
      ['event', (seq) => (sql) => sql`delete from event where id = ${at(seq)}`],
      ['seal', (seq) => (sql) => sql`delete from seal where seq = ${seq}`],
      [
        'both',
        (seq) => (sql) =>
          sql`with s as (delete from seal where seq = ${seq} returning event) delete from event where id in (select event from s)`,
      ],
      ['anew', (seq) => async (sql) => [await sql`delete from event where id = ${at(seq)}`, await recompute(sql)]],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(),
        change,
        async (events, size, n, [, tamper]) => {
          await db.clear();
          await rm(file, { force: true });
          await sealedInBatches(events, size);
          expect(await verdict()).toBe('intact');
          await tampering(db.sql, tamper((n % events) + 1));
          expect((await chain.verify({})).verdict).toBe('broken');
        },
      ),
      { numRuns: 15 },
    );
  });
});

it('a large table is compared in pieces', async () => {
  await db.sql`insert into event (at, kind, facts) select clock_now(), 'operator', jsonb_build_object('n', n) from generate_series(1, 2500) n`;
  expect(await chain.seal()).toEqual({ sealed: 2_500 });
  let after = 0;
  const verdicts: string[] = [];
  for (;;) {
    const { verdict: found, next, checked } = await chain.verify({ after, forMs: 0 });
    verdicts.push(`${found} ${checked}`);
    if (next === undefined) break;
    after = next;
  }
  expect(verdicts).toEqual(['unfinished 1000', 'unfinished 2000', 'intact 2500']);
  await tampering(db.sql, (sql) => sql`update event set facts = '{}' where id = (select event from seal where seq = 1500)`);
  expect(await chain.verify({ after: 1_000, forMs: 0 })).toMatchObject({ verdict: 'broken', tampering: { kind: 'altered', seq: 1_500 } });
});
