import type { Blueprint } from '../domain/blueprint.ts';
import type { BlueprintKind, Flavor } from '../domain/flavor.ts';
import type { FlavorId } from '../domain/ids.ts';
import type { Page, PageOf } from '../domain/pages.ts';

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
  /** What is written now, all of it, and what came of each: for whoever is asked, in whatever process. */
  noteRead(read: readonly ReadBlueprint[]): Promise<void>;
  /** In no order. */
  read(): Promise<readonly ReadBlueprint[]>;
}

/** A resource in which a blueprint is written. */
export interface ReadBlueprint {
  /** Its name. */
  readonly resource: string;
  /** Under which id it is published, once it is. */
  readonly flavor: FlavorId;
  /** The blueprint's name, and how many may be sold at a time; absent where it cannot be read. */
  readonly name?: string;
  readonly instances?: number;
  /** Why it is not on sale; of one that is, what of it is not, or is not known. */
  readonly why?: string;
}

/** Whether a blueprint is on sale, and why not. */
export interface BlueprintSale {
  readonly name: string;
  readonly kind: BlueprintKind;
  readonly writtenIn: 'configuration' | 'resource';
  /** The resource's name, while there is one. */
  readonly resource?: string;
  /** Under which id it is published, once it is. */
  readonly flavor: FlavorId;
  readonly state: 'on-sale' | 'sold-out' | 'not-on-sale';
  /** Why nobody can buy one now; of one that is on sale, what is not known of it. */
  readonly why?: string;
  /** How many may be sold at a time. */
  readonly instances: number;
  readonly free: number;
}

/** Every blueprint that is written for this node: those of the configuration first, each by name. Faults: STORE_UNAVAILABLE. */
export interface BlueprintSales {
  page(of: PageOf<SalePlace>): Promise<Page<BlueprintSale, SalePlace>>;
}
export type SalePlace = readonly [writtenIn: BlueprintSale['writtenIn'], name: string, flavor: string];
