/** How the audit is sealed, and its heads are kept. */
import { appendFile, readFile, rm } from 'node:fs/promises';
import postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { headText } from '../../src/adapters/audit/head-text.ts';
import { signedHeads } from '../../src/adapters/audit/heads.ts';
import { vouchingAnew } from '../../src/adapters/audit/rotation.ts';
import { openStore } from '../../src/adapters/postgres/open.ts';
import { GENESIS } from '../../src/domain/audit.ts';
import { NOON } from '../contracts/samples.ts';
import { memoryKeyStore, signerAt } from '../fakes/keys.ts';
import { SCHEMA } from './database.ts';
import { tampering } from './tampering.ts';
import { db, file, clock, keeping, heads, act, verdict, sealedInBatches, audit, chain } from './audit-subject.ts';

describe('sealing', () => {
  it('hashes events onto one chain, each once, and has its head signed outside', async () => {
    expect(await chain.verify({})).toMatchObject({ verdict: 'intact', sealed: 0, waiting: 0, heads: { count: 0 } });
    await act(1);
    expect(await chain.verify({})).toMatchObject({ verdict: 'intact', sealed: 0, waiting: 1 });
    expect((await audit.page({ limit: 1 })).items[0]).not.toHaveProperty('seal');
    await act(2);
    expect(await chain.seal()).toEqual({ sealed: 2 });
    expect(await chain.seal()).toEqual({ sealed: 0 });
    const [second, first] = (await audit.page({ limit: 2 })).items;
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

  it('counts one as one', async () => {
    await act(1);
    await chain.seal();
    expect(await chain.verify({})).toMatchObject({ verdict: 'intact', words: '1 seal is as it was signed' });
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
    keeping.torn = true;
    await act(3);
    await expect(chain.seal()).rejects.toThrow('the disk is full');
    expect(await chain.verify({})).toMatchObject({
      verdict: 'intact',
      checked: 3,
      heads: { last: { seq: 2 } },
      words: expect.stringContaining('but for the last, whose head is to come'),
    });
    keeping.torn = false;
    expect(await chain.seal()).toEqual({ sealed: 0 });
    expect(await chain.verify({})).toMatchObject({ verdict: 'intact', heads: { last: { seq: 3 } } });

    keeping.torn = true;
    await act(4);
    await expect(chain.seal()).rejects.toThrow('the disk is full');
    keeping.torn = false;
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
    keeping.signer = signerAt('north.example:3004', { now: () => now });
    await sealedInBatches(2, 1);
    const { kid } = await vouchingAnew(keeping.signer, heads, () => {}).rotate({ overlapMs: 60_000 });
    now += 120_000;
    expect((await keeping.signer.published())[0]?.kid).toBe(kid);
    await chain.seal();
    now += 120_000;
    expect(await chain.verify({})).toMatchObject({
      verdict: 'intact',
      heads: { count: 2, first: { seq: 0 }, last: { seq: 2 }, unreadable: 3 },
    });
  });

  it('keeps the first and the newest heads where they lie in one text, whoever writes it', async () => {
    const place = memoryKeyStore();
    const open = () => signedHeads({ lines: headText(place), signer: keeping.signer, clock, log: () => {} });
    const [one, other] = [open(), open()];
    await one.append(GENESIS);
    for (let seq = 1; seq < 300; seq += 2) await Promise.all([one.append({ ...GENESIS, seq }), other.append({ ...GENESIS, seq: seq + 1 })]);
    const { heads: kept, unreadable } = await other.list();
    expect([kept.length, kept[0]?.seq, kept[1]?.seq, kept.at(-1)?.seq, unreadable]).toEqual([101, 0, 201, 300, 0]);
  });

  it('is vouched for by a new key at once when the old one counts no more: rotated it is all the same when that fails', async () => {
    await sealedInBatches(2, 1);
    const said: string[] = [];
    const rotating = () => vouchingAnew(keeping.signer, heads, (why) => void said.push(why));
    await rotating().rotate({ overlapMs: 0 });
    expect(await chain.verify({})).toMatchObject({
      verdict: 'intact',
      words: expect.stringMatching(
        /^2 seals are as they were signed; up to seal 2 they are vouched for since \S+Z only: earlier heads are of keys that count no more, /,
      ) as string,
      heads: { count: 2, first: { seq: 0 }, last: { seq: 2 }, unreadable: 3, withdrawn: 3 },
    });
    await act(3);
    await chain.seal();
    expect(await verdict()).toBe('intact');
    keeping.torn = true;
    const { kid } = await rotating().rotate({ overlapMs: 0 });
    expect([said, (await keeping.signer.published()).map((key) => key.kid)]).toEqual([['the disk is full', 'the disk is full'], [kid]]);
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
