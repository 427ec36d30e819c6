/** The inventory in memory, on which other tests stand, keeps the rules of the real one. */
import { describe } from 'vitest';
import { blueprintsContract } from '../contracts/blueprints.ts';
import { changingContract } from '../contracts/changing.ts';
import { contractsContract } from '../contracts/contracts.ts';
import { gpusContract } from '../contracts/gpus.ts';
import { inventoryContract } from '../contracts/inventory.ts';
import { renewalsContract } from '../contracts/renewals.ts';
import { limitsContract } from '../contracts/limits.ts';
import { salesContract } from '../contracts/sales.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';

const make = async () => {
  let now = Date.now();
  const { inventory, contracts } = memoryInventory({ clock: { now: () => now } });
  return {
    inventory,
    contracts,
    setClock: async (at: number) => {
      now = at;
    },
  };
};

describe('inventory in memory', () => inventoryContract(make));
describe('blueprints in memory', () => blueprintsContract(make));
describe('sales in memory', () => salesContract(make));
describe('contracts in memory', () => contractsContract(make));
describe('renewals in memory', () => renewalsContract(make));
describe('limits in memory', () => limitsContract(make));
describe('changing amounts in memory', () => changingContract(make));
describe('GPUs in memory', () => gpusContract(make));
