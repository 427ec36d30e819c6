import type { Manifest } from './manifest.ts';

/** How a manifest names what it is. */
export type KindName = Pick<Manifest, 'apiVersion' | 'kind'>;

/** A kind that nothing can be made of in our cluster, and why. */
export interface UnmakeableKind extends KindName {
  readonly why: string;
  /** Nobody knows whether it can: the API server does not say now, and has not said to this process. What is on sale goes on being so, and nothing else is put on sale. */
  readonly unknown?: true;
}

/** What keeps something of these kinds from being made: what is certain comes before what is not known. */
export function hindrance(unmakeable: readonly UnmakeableKind[], kinds: readonly KindName[]): UnmakeableKind | undefined {
  const found = unmakeable.filter((each) => kinds.some(({ apiVersion, kind }) => each.apiVersion === apiVersion && each.kind === kind));
  return found.find(({ unknown }) => unknown === undefined) ?? found[0];
}
