import type { Dialect } from './candidate.ts';
import type { Flavor, K8Slice } from './flavor.ts';
import { gpuMemoryDiffers, gpuResourceOf } from './gpu.ts';
import { sameJson } from './json.ts';
import type { Resources } from './resources.ts';

/** What an offer says under a name; a seller's own words, of any shape. */
type Said = readonly [what: string, asked: unknown, got: unknown];

/** A seller may say thousands of properties: so many that differ are named, and of each value so much. */
const MOST_NAMED = 20;
const LONGEST = 100;
const words = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none')).slice(0, LONGEST);

const PLACE = ['latitude', 'longitude', 'additionalNotes'] as const;

function properties(asked: Readonly<Record<string, unknown>> = {}, got: Readonly<Record<string, unknown>> = {}): readonly Said[] {
  const own = (of: Readonly<Record<string, unknown>>, name: string): unknown => (Object.hasOwn(of, name) ? of[name] : undefined);
  const names = [...new Set([...Object.keys(asked), ...Object.keys(got)])].toSorted();
  return names.map((name) => [`property ${name.slice(0, LONGEST)}`, own(asked, name), own(got, name)]);
}

/** Beyond what it is made of: what a seller of our dialect says of a slice, under the same terms for as long as its id is served. */
const ofSlice = (asked: K8Slice, got: K8Slice): readonly Said[] => [
  ['latency', asked.latencyMs, got.latencyMs],
  ['security standards', asked.securityStandards, got.securityStandards],
  ['carbon footprint', asked.carbonFootprint, got.carbonFootprint],
  ['network authorizations', asked.networkAuthorizations, got.networkAuthorizations],
  ...properties(asked.additionalProperties, got.additionalProperties),
];

/** GPUs by which pods get them, and how much memory one has: how many there are is an amount. */
const ofGpus = (asked: K8Slice, got: K8Slice, part: Resources): readonly Said[] =>
  gpuMemoryDiffers(asked, got, part.gpu)
    ? [['gpu memory', asked.gpu && `${asked.gpu.memory} of ${asked.gpu.cores}`, got.gpu ? `${got.gpu.memory} of ${got.gpu.cores}` : 'none']]
    : [];
const gpuResource = (asked: K8Slice, got: K8Slice): readonly Said[] =>
  asked.gpu || got.gpu ? [['gpu resource', gpuResourceOf(asked), gpuResourceOf(got)]] : [];

/**
 * What of an offer must be the same for it to be the same terms, line by line where it is not: amounts may have shrunk, since others buy too, and minimum and step bind nobody who bought. A
 * FLUIDOS node is held to what the thing is and where it stands; one of our dialect to all that it says of it, which is the same from LIST to contract (docs/decisions/0031).
 */
export function offerDifferences(
  { flavor: asked, part, dialect }: { readonly flavor: Flavor; readonly part: Resources; readonly dialect: Dialect },
  got: Flavor,
): readonly string[] {
  const isOurs = dialect === 'rearguard';
  const said: readonly Said[] = [
    ['offer', asked.offer.kind, got.offer.kind],
    ...(asked.offer.kind === 'k8slice' && got.offer.kind === 'k8slice'
      ? ([
          ['architecture', asked.offer.architecture, got.offer.architecture],
          ['gpu', asked.offer.gpu?.model, got.offer.gpu?.model],
          ...(isOurs
            ? [...gpuResource(asked.offer, got.offer), ...ofGpus(asked.offer, got.offer, part), ...ofSlice(asked.offer, got.offer)]
            : []),
        ] satisfies readonly Said[])
      : []),
    ...(asked.offer.kind !== 'k8slice' && got.offer.kind !== 'k8slice'
      ? ([
          ['name', asked.offer.name, got.offer.name],
          ['category', asked.offer.category, got.offer.category],
          ...(isOurs ? ([['tags', asked.offer.tags, got.offer.tags]] as const) : []),
        ] satisfies readonly Said[])
      : []),
    ['owner', asked.owner.id, got.owner.id],
    ['country', asked.location?.country, got.location?.country],
    ['city', asked.location?.city, got.location?.city],
    ...(isOurs ? PLACE.map((name): Said => [name, asked.location?.[name], got.location?.[name]]) : []),
  ];
  return said
    .filter(([, a, b]) => !sameJson(a, b))
    .slice(0, MOST_NAMED)
    .map(([what, a, b]) => `${what}: asked ${words(a)}, got ${words(b)}`);
}
