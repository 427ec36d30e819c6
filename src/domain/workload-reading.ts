import { WorkloadManifest, asMeant } from './workload-schema.ts';

type Path = readonly PropertyKey[];
type Tree = Record<PropertyKey, unknown>;

/** A manifest as far as it can be read: whole, or with what has a wrong shape left out, so that the rest of it is looked at in the same round. */
export interface ReadManifest {
  readonly manifest: WorkloadManifest;
  /** The manifest as it was probably meant, when its kind is mistyped. */
  readonly meant?: unknown;
  /** Nothing had to be left out. */
  readonly whole: boolean;
  /** Whether nothing can be said about a place, since something there, or that it is held against, was left out. */
  readonly isHidden: (path: Path) => boolean;
}

/** How often what was left out may leave something missing. */
const ROUNDS = 4;

/** Reads a manifest; `undefined` when too little of it is left. */
export function readManifest(item: unknown): ReadManifest | { readonly meant?: unknown; readonly manifest?: undefined } {
  const { manifest: meant, mistyped } = asMeant(item);
  const told = mistyped ? { meant } : {};
  const leftOut: Path[] = [];
  let tried = meant;
  for (let round = 0; round < ROUNDS; round += 1) {
    const read = WorkloadManifest.safeParse(tried);
    if (read.success)
      return { ...told, manifest: read.data, whole: leftOut.length === 0, isHidden: (path) => leftOut.some((out) => concerns(out, path)) };
    if (round === 0) tried = structuredClone(meant);
    for (const issue of read.error.issues) {
      if (!mend(tried, issue.path, 'expected' in issue ? issue.expected : undefined, leftOut.length)) return told;
      leftOut.push(issue.path);
    }
  }
  return told;
}

/** Leaves out what has a wrong shape; what is missing is made up. */
function mend(tree: unknown, path: Path, expected: unknown, count: number): boolean {
  const last = path.at(-1);
  const at = path.slice(0, -1).reduce<unknown>((from, key) => (isTree(from) && Object.hasOwn(from, key) ? from[key] : undefined), tree);
  if (last === undefined || !isTree(at) || Array.isArray(at)) return false;
  if (Object.hasOwn(at, last)) return delete at[last];
  const made = { string: `left-out-${count}`, object: {}, record: {}, array: [] }[String(expected)];
  if (made === undefined) return false;
  Object.defineProperty(at, last, { value: made, enumerable: true, configurable: true, writable: true });
  return true;
}
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** The same place, one within the other, the amounts of one container, or labels and what selects them. */
function concerns(out: Path, path: Path): boolean {
  const shared = out.findIndex((key, i) => key !== path[i]);
  if (shared === -1 || shared >= path.length) return true;
  if (out.includes('labels') && path.includes('selector')) return true;
  const container = out.indexOf('resources');
  return container !== -1 && shared > container;
}
