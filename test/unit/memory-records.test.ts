/** What stands in for the store's records in other tests behaves as the store does. */
import { describe } from 'vitest';
import { candidatesContract, intentRecordsContract, knownNodesContract } from '../contracts/records.ts';
import { pagesContract } from '../contracts/pages.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { memoryRecords } from '../fakes/memory-records.ts';

const clock = { now: () => Date.now() };
const records = () => memoryRecords({ clock });

describe('intents', () => intentRecordsContract(async () => records().intents));
describe('candidates', () => candidatesContract(async () => records()));
describe('known nodes', () => knownNodesContract(async () => records().knownNodes));
describe('lists in memory', () => pagesContract(async () => ({ ...memoryInventory({ clock }), ...records(), ...memoryAudit({ clock }) })));
