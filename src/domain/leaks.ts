/** One object of a cluster, as a leak report names it. */
export interface SnapshotEntry {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** `left`: it was not there before. `missing`: it was there before, so somebody else's was taken. */
export interface Leak extends SnapshotEntry {
  readonly change: 'left' | 'missing';
}

const keyOf = ({ apiVersion, kind, namespace = '', name }: SnapshotEntry): string => JSON.stringify([apiVersion, kind, namespace, name]);

/** What differs between two snapshots of a cluster; empty when everything was given back and nothing else was touched. In a fixed order. */
export function compareSnapshots(before: readonly SnapshotEntry[], after: readonly SnapshotEntry[]): readonly Leak[] {
  const [was, is] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  const changes = [
    ...after.filter((entry) => !was.has(keyOf(entry))).map((entry) => ({ ...entry, change: 'left' as const })),
    ...before.filter((entry) => !is.has(keyOf(entry))).map((entry) => ({ ...entry, change: 'missing' as const })),
  ];
  return changes.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
