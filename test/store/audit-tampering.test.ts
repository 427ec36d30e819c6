/** Whoever changes the audit is found. */
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signerAt } from '../fakes/keys.ts';
import { recompute, type Tamper, tampering } from './tampering.ts';
import { db, file, clock, keeping, act, verdict, sealedInBatches, chain } from './audit-subject.ts';

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
    keeping.signer = signerAt('south.example:3004', clock);
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
