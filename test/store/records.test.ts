import { afterAll, describe, inject } from 'vitest';
import { contractsContract } from '../contracts/contracts.ts';
import { candidatesContract, intentRecordsContract, knownNodesContract } from '../contracts/records.ts';
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
describe('intents', () => intentRecordsContract(cleared(db.store.intents)));
describe('candidates', () => candidatesContract(cleared(db.store.candidates)));
describe('known nodes', () => knownNodesContract(cleared(db.store.knownNodes)));
