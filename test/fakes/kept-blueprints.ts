import type { Blueprint } from '../../src/domain/blueprint.ts';
import type { FlavorId } from '../../src/domain/ids.ts';
import type { KeptBlueprints, ReadBlueprint } from '../../src/ports/blueprints.ts';

/** Those of the last writing, for whoever publishes; which one a sale finds, the real one alone tells (test/store/kept-blueprints.test.ts). */
export function memoryKeptBlueprints(): KeptBlueprints {
  const kept = new Map<FlavorId, Blueprint>();
  let written: readonly ReadBlueprint[] = [];
  return {
    async keep({ flavor, blueprint }) {
      kept.set(flavor, blueprint);
    },
    of: async (flavor) => kept.get(flavor),
    flavors: async () => [...kept.keys()],
    async noteRead(read) {
      written = read;
    },
    read: async () => written,
  };
}
