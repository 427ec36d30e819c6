import { createHash } from 'node:crypto';
import type { NodeIdentity } from '../domain/flavor.ts';
import { type FlavorId, flavorId } from '../domain/ids.ts';

/** The id of a flavor of ours, as FLUIDOS nodes name theirs (`<domain>-k8slice-<hex>`): the same at each start for what has the same name here. */
export function derivedFlavorId(self: NodeIdentity, ...name: readonly string[]): FlavorId {
  const digest = createHash('sha256')
    .update(JSON.stringify([self.id, ...name]))
    .digest('hex');
  return flavorId(`${self.domain}-k8slice-${digest.slice(0, 10)}`);
}
