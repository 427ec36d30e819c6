import { afterAll, describe, inject } from 'vitest';
import { inventoryContract } from '../contracts/inventory.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());

describe('inventory', () => {
  inventoryContract(async () => {
    await db.clear();
    return { ...db.store, setClock: db.setClock };
  });
});
