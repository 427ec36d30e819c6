import { describe } from 'vitest';
import { knownSignersContract } from '../contracts/known-signers.ts';
import { memoryKnownSigners } from '../fakes/memory-known-signers.ts';
import { handClock } from '../fakes/samples.ts';

describe('known signers in memory', () =>
  knownSignersContract(async () => {
    const clock = handClock();
    return { signers: memoryKnownSigners({ clock }), setClock: async (at) => clock.advance(at - clock.now()) };
  }));
