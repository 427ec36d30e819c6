import type { Blueprint } from '../domain/blueprint.ts';
import type { Flavor } from '../domain/flavor.ts';
import type { FlavorId } from '../domain/ids.ts';

/** What this node makes of what it sells. Faults: STORE_UNAVAILABLE. */
export interface Blueprints {
  /** `undefined` when it is a slice, or nothing that this node makes any more. */
  of(flavor: Pick<Flavor, 'id' | 'offer'>): Promise<Blueprint | undefined>;
}

/** Blueprints that are written elsewhere than in the configuration, kept as long as something is sold of them: whatever sells, makes or hands over needs them when their author took them away. Faults: STORE_UNAVAILABLE. */
export interface KeptBlueprints {
  /** What is made of a flavor (by the id under which it is published) once it is published under these terms; what is sold of it already stays what it was. */
  keep(input: { readonly flavor: FlavorId; readonly terms: string; readonly blueprint: Blueprint }): Promise<void>;
  /** What is made of a flavor, of one that is retired or withdrawn too, as it was written when that flavor was made. */
  of(flavor: FlavorId): Promise<Blueprint | undefined>;
  /** Under which ids such flavors were published. */
  flavors(): Promise<readonly FlavorId[]>;
}
