import type { Manifest } from '../domain/manifest.ts';

/** How a manifest names what it is. */
export type KindName = Pick<Manifest, 'apiVersion' | 'kind'>;

/** A kind that nothing can be made of in our cluster, and why. */
export interface UnmakeableKind extends KindName {
  readonly why: string;
}

/** Which kinds of objects our own cluster can make of manifests in a namespace: the definitions of some come and go. Faults: CLUSTER_UNREACHABLE, CLUSTER_REFUSED. */
export interface ClusterKinds {
  /** Which of these it cannot make now. */
  unmakeable(kinds: readonly KindName[]): Promise<readonly UnmakeableKind[]>;
  /** Tells it at the beginning and within two seconds of a change, one call after the other, until `signal` aborts; what cannot be looked at any more is believed to be as it was. Rejects when the sink does. */
  watch(
    kinds: readonly KindName[],
    sink: (unmakeable: readonly UnmakeableKind[]) => Promise<undefined>,
    signal: AbortSignal,
  ): Promise<void>;
}
