import { afterAll, describe, inject } from 'vitest';
import { inventoryContract } from '../contracts/inventory.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('postgresUrl'));
afterAll(() => db.drop());

describe('inventory', () => {
  inventoryContract(async () => {
    await db.clear();
    const { inventory, contracts } = db.store;
    return { inventory, contracts, setClock: (at) => db.setClock(new Date(at).toISOString()) };
  });
});
