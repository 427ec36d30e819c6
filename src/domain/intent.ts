import type { ResourceRequest } from './candidate.ts';
import { parseDuration } from './duration.ts';
import type { GpuWish } from './gpu.ts';
import { type IntentName, intentName } from './ids.ts';
import { reduceGpus } from './intent-gpus.ts';
import { IntentDocument, IntentResources, MOST_INTENT_BYTES, type Placement, isInstant } from './intent-schema.ts';
import { checkServices, reduceLimits, reduceServices } from './intent-services.ts';
import { sizeOfJson } from './json.ts';
import { fieldProblems } from './manifest-fields.ts';
import type { Manifest } from './manifest.ts';
import { canonicalAmount } from './money.ts';
import { nanos } from './quantity.ts';
import { RESOURCE_NAMES, type ResourceName, type Resources, canonicalResources } from './resources.ts';
import type { ServiceRequest } from './service-request.ts';
import { checkManifest } from './workload-check.ts';
import { readManifest } from './workload-reading.ts';
import { WorkloadManifest } from './workload-schema.ts';
import { needsOf, shareOut, sumOf } from './workload.ts';
import { type WrongField, checked, fieldPath } from './wrong-fields.ts';

/** What is to run: manifests in a namespace that the intent has for itself, or a namespace of the user's, which stays. */
export type Workload =
  | { readonly kind: 'manifests'; readonly manifests: readonly Manifest[] }
  | { readonly kind: 'namespace'; readonly namespace: string };

/** An intent in lowest terms: what the processes work with. Plain JSON. */
export interface Intent {
  readonly name: IntentName;
  readonly workload: Workload;
  readonly request: ResourceRequest;
  /** Bought together with the place, all or nothing; absent when there are none. */
  readonly services?: readonly ServiceRequest[];
  readonly placement: Placement;
  /** RFC 3339: the end of the whole intent. */
  readonly deadline?: string;
  /** How long to look for capacity. */
  readonly patienceMs: number;
  /** What the whole intent may cost. */
  readonly budget?: { readonly amount: string; readonly currency: string };
}

export type Reduced = { readonly ok: Intent } | { readonly problems: readonly WrongField[] };

/**
 * Brings an Intent document to lowest terms, or names everything that is wrong with it at once. Pure: it runs at the HTTP edge and, since anybody may
 * start the workflow with a document, in the workflow's first local activity too. `now`: milliseconds since the epoch.
 */
export function reduceIntent(document: unknown, now: number): Reduced {
  const size = sizeOfJson(document);
  if (size === undefined) return { problems: [{ field: '', problem: 'must be plain data that JSON can hold' }] };
  if (size > MOST_INTENT_BYTES)
    return {
      problems: [
        {
          field: '',
          problem: `must be at most ${MOST_INTENT_BYTES} bytes of JSON, and is ${size}: it is kept whole in the intent's history`,
        },
      ],
    };

  const parsed = checked(IntentDocument, document);
  const spec = recordOf(recordOf(document)['spec']);
  const placed = reduceWorkload(recordOf(spec['workload']), spec);
  const when = reduceDeadline(spec['deadline'], now);
  const told = [...(parsed.ok ? [] : parsed.wrong), ...placed.problems, ...when.problems, ...checkServices(spec)];
  const places = new Set(told.map(({ field }) => field));
  const misspelt = fieldProblems(recordOf(spec['workload'])['manifests'], ['spec', 'workload', 'manifests']);
  const problems = [...told, ...misspelt.filter(({ field }) => !places.has(field))];
  if (!parsed.ok || problems.length > 0 || !placed.workload || !placed.resources) return { problems };

  const { metadata, spec: terms } = parsed.value;
  const request: ResourceRequest = {
    resources: placed.resources,
    ...(placed.gpu && Object.keys(placed.gpu).length > 0 ? { gpu: placed.gpu } : {}),
    ...(terms.resources?.architecture ? { architecture: terms.resources.architecture } : {}),
    ...reduceLimits(terms.limits, terms.budget?.currency),
  };
  return {
    ok: {
      name: intentName(metadata.name),
      workload: placed.workload,
      request,
      ...(terms.services ? { services: reduceServices(terms.services, terms.budget?.currency) } : {}),
      placement: terms.placement,
      ...(when.deadline ? { deadline: when.deadline } : {}),
      patienceMs: parseDuration(terms.patience) ?? 0,
      ...(terms.budget ? { budget: { amount: canonicalAmount(String(terms.budget.amount)), currency: terms.budget.currency } } : {}),
    },
  };
}

/** Whether two documents are good and ask for the same, so that creating an intent again is success: spelling of quantities and the order of keys do not matter. */
export function sameIntent(a: unknown, b: unknown): boolean {
  const [first, second] = [reduceIntent(a, 0), reduceIntent(b, 0)];
  return 'ok' in first && 'ok' in second && sorted(first.ok) === sorted(second.ok);
}

interface Placed {
  readonly problems: readonly WrongField[];
  readonly workload?: Workload;
  readonly resources?: Resources;
  readonly gpu?: GpuWish;
}

/** What is to run and how much it needs; it looks at whatever is readable, so that its problems are told together with those of the shape. */
function reduceWorkload(workload: Readonly<Record<string, unknown>>, spec: Readonly<Record<string, unknown>>): Placed {
  const at = ['spec', 'workload'] as const;
  const { manifests, namespace } = workload;
  const read = IntentResources.safeParse(spec['resources'] ?? {});
  const section = read.success ? resourcesOf(read.data) : undefined;
  if (manifests !== undefined && namespace !== undefined)
    return { problems: [{ field: fieldPath(at), problem: 'must be either manifests or a namespace, not both' }] };
  const gpu = read.success ? read.data.gpu : undefined;
  if (typeof namespace === 'string') return withGpus(reduceNamespace(namespace, section), gpu, []);
  if (!Array.isArray(manifests)) {
    if (manifests !== undefined || namespace !== undefined || spec['workload'] === undefined) return { problems: [] };
    return { problems: [{ field: fieldPath(at), problem: 'is empty: give manifests, or the namespace that is to be sent' }] };
  }
  const readable: WorkloadManifest[] = [];
  const problems: WrongField[] = [];
  const first = new Map<string, number>();
  const needed = (['cpu', 'memory'] as const).filter((name) => section?.[name] === undefined);
  for (const [i, item] of manifests.entries()) {
    const here = [...at, 'manifests', i];
    const read = readManifest(item);
    if (read.meant !== undefined) problems.push(...hiddenByKind(read.meant, fieldPath(here)));
    const { manifest } = read;
    if (!manifest) continue;
    if (read.whole) readable.push(manifest);
    const terms = { remote: spec['placement'] !== 'local', needed, gpu: gpu?.resource, isHidden: read.isHidden };
    problems.push(...checkManifest(manifest, here, terms));
    const name = `${manifest.kind} ${manifest.metadata.name}`;
    const before = first.get(name);
    if (before !== undefined)
      problems.push({ field: fieldPath([...here, 'metadata', 'name']), problem: `must be unique: manifests[${before}] is a ${name} too` });
    else first.set(name, i);
  }
  const complete = readable.length > 0 && readable.length === manifests.length && problems.length === 0 && section !== undefined;
  return complete ? withGpus(reduceManifests(readable, section), gpu, readable) : { problems };
}

/** What is wrong with the shape of a manifest whose mistyped kind kept the schema from looking at it. */
function hiddenByKind(manifest: unknown, at: string): readonly WrongField[] {
  const read = checked(WorkloadManifest, manifest);
  return read.ok ? [] : read.wrong.map(({ field, problem }) => ({ field: `${at}${/^(\[|$)/.test(field) ? '' : '.'}${field}`, problem }));
}

function withGpus(placed: Placed, section: IntentResources['gpu'], manifests: readonly WorkloadManifest[]): Placed {
  const { problems, count, wish } = reduceGpus(section, manifests);
  if (problems.length > 0) return { problems: [...placed.problems, ...problems] };
  if (!placed.resources || count === undefined || !wish) return placed;
  return { ...placed, resources: canonicalResources({ ...placed.resources, gpu: count }), gpu: wish };
}

function reduceNamespace(namespace: string, section: Partial<Resources> | undefined): Placed {
  if (section === undefined) return { problems: [] };
  const missing = (['cpu', 'memory', 'pods'] as const).filter((name) => section[name] === undefined);
  const problems = missing.map((name) => ({
    field: `spec.resources.${name}`,
    problem: 'is missing: with workload.namespace nothing else says how much to acquire',
  }));
  const { cpu = '0', memory = '0', pods = '0', storage } = section;
  const resources = canonicalResources({ cpu, memory, pods, ...(storage === undefined ? {} : { storage }) });
  return problems.length > 0 ? { problems } : { problems, workload: { kind: 'namespace', namespace }, resources };
}

function reduceManifests(manifests: readonly WorkloadManifest[], section: Partial<Resources>): Placed {
  const needs = needsOf(manifests);
  const sum = sumOf(needs);
  if (nanos(sum.pods) === 0n) {
    const problem = 'must run at least one pod: give a Deployment, a Job or a Pod, with replicas or parallelism of at least 1';
    return { problems: [{ field: 'spec.workload.manifests', problem }] };
  }
  const low: readonly ResourceName[] = SECTION_NAMES.filter(
    (name) => section[name] !== undefined && nanos(section[name]) < nanos(sum[name] ?? '0'),
  );
  const pods = needs
    .map(({ kind, name, pods: count }) => `${kind} ${name}: ${count}`)
    .slice(0, 5)
    .join(', ');
  const problems = low.map((name) => ({
    field: `spec.resources.${name}`,
    problem: `must be at least ${sum[name]}: that is what the pods of the manifests ask for together (${pods})`,
  }));
  const shared = shareOut(manifests, section);
  const unsaid = (name: ResourceName) => ({
    field: `spec.resources.${name}`,
    problem: `must be more than ${sum[name]}: containers of the manifests ask for no ${name} and would share what is left, which is nothing`,
  });
  problems.push(...shared.short.filter((name) => !low.includes(name)).map(unsaid));
  if (problems.length > 0) return { problems };
  const resources = canonicalResources({ ...sum, ...section });
  return { problems, workload: { kind: 'manifests', manifests: shared.manifests as readonly Manifest[] }, resources };
}

/** Amounts in one word; GPUs take more. */
const SECTION_NAMES = RESOURCE_NAMES.filter((name) => name !== 'gpu');

/** The section's amounts as quantities; only those that are given. */
function resourcesOf(section: IntentResources): Partial<Resources> {
  const given = SECTION_NAMES.flatMap((name) => (section[name] === undefined ? [] : [[name, String(section[name])] as const]));
  return Object.fromEntries(given);
}

function reduceDeadline(text: unknown, now: number): { readonly problems: readonly WrongField[]; readonly deadline?: string } {
  if (typeof text !== 'string') return { problems: [] };
  const span = parseDuration(text);
  if (span === undefined && !isInstant(text)) return { problems: [] };
  const at = span === undefined ? Date.parse(text) : now + span;
  if (at > now) return { problems: [], deadline: new Date(at).toISOString() };
  return { problems: [{ field: 'spec.deadline', problem: `must lie in the future; it is now ${new Date(now).toISOString()}` }] };
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** JSON with the keys of every object in order. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  ) ?? '';
