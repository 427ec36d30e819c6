/** Turns within one process keep the rules of those that all processes share. */
import { localTurns } from '../../src/adapters/rear-http/turns.ts';
import { turnsContract } from '../contracts/turns.ts';

turnsContract(async () => {
  let now = 0;
  return {
    turns: localTurns({ now: () => now }),
    setClock: async (at) => {
      now = at;
    },
  };
});
