/** The audit on a real Postgres: what is told. */
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/adapters/postgres/open.ts';
import { acquisitionId, contractOf } from '../../src/domain/ids.ts';
import { auditContract } from '../contracts/audit.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER } from '../contracts/samples.ts';
import { SCHEMA } from './database.ts';
import { db, store, act, verdict, sealedInBatches, audit } from './audit-subject.ts';

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
    const parties = { buyer: buyerOf('alice'), seller: SELLER };
    expect((await audit.page({ contract: terms.id, limit: 10 })).items).toMatchObject([
      { kind: 'over', contract: terms.id, peer: 'alice', facts: { role: 'seller', reason: 'drained', ...parties } },
      { kind: 'ending', contract: terms.id, peer: 'alice', facts: { role: 'seller', reason: 'drained', ...parties } },
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
          ...parties,
          startsAt: '2026-03-01T12:00:00Z',
          expiresAt: '2026-03-01T13:00:00Z',
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
    expect((await audit.page({ limit: 10 })).items).toMatchObject([
      { kind: 'over', peer: 'north', facts: { role: 'buyer', reason: 'budget', detail: '2 EUR are used up' } },
      { kind: 'bought', peer: 'north', facts: { acquisition: 'a-1', seller: SELLER } },
    ]);
    expect((await audit.page({ limit: 10 })).items[1]?.facts).not.toHaveProperty('price');
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
