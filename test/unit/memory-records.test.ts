/** What stands in for the store's records in other tests behaves as the store does. */
import { describe } from 'vitest';
import { candidatesContract, intentRecordsContract, knownNodesContract } from '../contracts/records.ts';
import { memoryRecords } from '../fakes/memory-records.ts';

const records = () => memoryRecords({ clock: { now: () => Date.now() } });

describe('intents', () => intentRecordsContract(async () => records().intents));
describe('candidates', () => candidatesContract(async () => records()));
describe('known nodes', () => knownNodesContract(async () => records().knownNodes));
