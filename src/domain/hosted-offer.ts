import type { HostingPolicy } from './flavor.ts';
import { type HostedBound, manifestsAt } from './hosted.ts';
import { NOT_RUN, hostedProblems } from './hosted-check.ts';
import type { Manifest } from './manifest.ts';
import { type WrongField, fieldPath } from './wrong-fields.ts';

/** How much it may take is each buyer's to say. */
const ENDLESS: HostedBound = { cpu: '1E', memory: '1E', pods: '1E', storage: '1E' };

/** Where a value of the buyer's will stand: what it is nobody knows yet. */
function* openFields(value: unknown, path: readonly PropertyKey[]): Generator<string> {
  if (typeof value === 'string' && value.includes('${')) yield fieldPath(path);
  if (typeof value !== 'object' || value === null) return;
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  for (const [key, each] of entries) yield* openFields(each, [...path, key]);
}

/** What a buyer of our kind would refuse to run of a blueprint that it may host, a line each: its seller would otherwise learn it from the first one. */
export function offerProblems(blueprint: {
  readonly manifests: readonly Manifest[];
  readonly secret: string;
  readonly hostingPolicies: readonly HostingPolicy[];
}): readonly string[] {
  const lines = blueprint.hostingPolicies.flatMap((policy) => {
    const part = manifestsAt('buyer', policy, blueprint);
    const open = new Set(openFields(part, ['manifests']));
    const decided = ({ field, problem }: WrongField): boolean => problem === NOT_RUN || !open.has(field);
    return hostedProblems(part, ENDLESS, decided).map(({ field, problem }) => {
      const [, index = '', rest = ''] = /^manifests\[(\d+)\]\.?(.*)$/s.exec(field) ?? [];
      const manifest = part[Number(index)];
      return `a buyer would not host it: ${manifest ? `${manifest.kind} ${manifest.metadata.name}: ` : ''}${rest} ${problem}`;
    });
  });
  return [...new Set(lines)];
}
