import type { KindName, UnmakeableKind } from '../domain/unmakeable.ts';

/** Which kinds of objects our own cluster can make of manifests in a namespace: the definitions of some come and go. */
export interface ClusterKinds {
  /** Which of these it cannot make now, or does not say. */
  unmakeable(kinds: readonly KindName[]): Promise<readonly UnmakeableKind[]>;
  /** Tells it at the beginning and within two seconds of a change, one call after the other, until `signal` aborts; what cannot be looked at any more is believed to be as it was. Rejects when the sink does. */
  watch(
    kinds: readonly KindName[],
    sink: (unmakeable: readonly UnmakeableKind[]) => Promise<undefined>,
    signal: AbortSignal,
  ): Promise<void>;
}
