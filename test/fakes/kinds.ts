/** `ClusterKinds` in memory: a cluster that lacks what a test says. */
import type { KindName, UnmakeableKind } from '../../src/domain/unmakeable.ts';
import type { ClusterKinds } from '../../src/ports/cluster-kinds.ts';

/** A cluster whose definitions come and go as a test has it; each change is told at once, and resolves when it is through. */
export function shownKinds(...lacking: readonly string[]) {
  let lacks: readonly string[] = lacking;
  let hides: readonly string[] = [];
  const watches = new Map<object, () => Promise<undefined>>();
  const unmakeable = (kinds: readonly KindName[]): readonly UnmakeableKind[] =>
    kinds.flatMap(({ apiVersion, kind }): readonly UnmakeableKind[] => {
      if (hides.includes(kind))
        return [{ apiVersion, kind, why: `whether this cluster has ${apiVersion} ${kind} is not known`, unknown: true }];
      return lacks.includes(kind) ? [{ apiVersion, kind, why: `this cluster has no ${apiVersion} ${kind}` }] : [];
    });
  const tellAll = async (): Promise<void> => {
    for (const tell of watches.values()) await tell();
  };
  const kinds: ClusterKinds = {
    unmakeable: async (wanted) => unmakeable(wanted),
    async watch(wanted, sink, signal) {
      const tell = async (): Promise<undefined> => await sink(unmakeable(wanted));
      watches.set(tell, tell);
      await tell();
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      watches.delete(tell);
    },
  };
  return {
    kinds,
    async lack(...now: readonly string[]): Promise<void> {
      lacks = now;
      await tellAll();
    },
    /** What it does not say of these from now on. */
    async hide(...now: readonly string[]): Promise<void> {
      hides = now;
      await tellAll();
    },
  };
}
