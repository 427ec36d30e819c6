import { afterAll, describe, inject } from 'vitest';
import { blueprintsContract } from '../contracts/blueprints.ts';
import { changingContract } from '../contracts/changing.ts';
import { gpusContract } from '../contracts/gpus.ts';
import { inventoryContract } from '../contracts/inventory.ts';
import { limitsContract } from '../contracts/limits.ts';
import { salesContract } from '../contracts/sales.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const make = async () => {
  await db.clear();
  return { ...db.store, setClock: db.setClock };
};

describe('inventory', () => inventoryContract(make));
describe('blueprints', () => blueprintsContract(make));
describe('sales', () => salesContract(make));
describe('limits', () => limitsContract(make));
describe('changing amounts', () => changingContract(make));
describe('GPUs', () => gpusContract(make));
