import { z } from 'zod';
import { type Blueprint, blueprintProblems } from '../domain/blueprint.ts';
import { HOSTING_POLICIES, type HostingPolicy, type Location } from '../domain/flavor.ts';
import { blueprintManifest } from '../domain/manifest-schema.ts';
import type { Manifest } from '../domain/manifest.ts';
import { PERIODS, type Period, parseAmount } from '../domain/money.ts';
import { translated } from './go-template.ts';
import { isRecord } from './json.ts';
import { compact, firstIssue, goObject, listOf, opaque, strictText } from './reading.ts';

/** What a resource ServiceBlueprint of FLUIDOS (`nodecore.fluidos.eu/v1alpha1`) says, and what its annotations say of what FLUIDOS has no field for. */
export interface ServiceBlueprintResource {
  readonly blueprint: Blueprint;
  /** Which of its hosting policies cannot be offered. */
  readonly unoffered: readonly { readonly policy: HostingPolicy; readonly why: string }[];
  readonly price: { readonly amount?: string; readonly currency?: string; readonly period?: Period };
  readonly location?: Location;
  readonly instances?: number;
}

const MOST_TEMPLATES = 50;
const LONGEST_NAME = 100;
/** What a FLUIDOS node wants configured of the categories that it knows. */
const WANTED: Readonly<Record<string, readonly string[]>> = {
  database: ['username', 'password', 'database'],
  'message-queue': ['username', 'password'],
};
/** The Service where it answers, and of several Secrets the one that is handed over. */
const ENDPOINT = 'nodecore.fluidos.eu/flavor-service-endpoint';
const CREDENTIALS = 'nodecore.fluidos.eu/flavor-service-credentials';

const spec = goObject({
  name: strictText,
  description: strictText,
  category: strictText,
  tags: listOf(z.string().max(LONGEST_NAME)),
  hostingPolicies: listOf(z.string()),
  templates: listOf(goObject({ name: strictText, serviceData: opaque })),
});

/** Those that can be offered, as written, the first being what a buyer gets that asks for none; and why the others cannot. None written means the provider's cluster, as FLUIDOS' definition says. */
function hostingOf(blueprint: Blueprint, written: readonly string[]): Pick<ServiceBlueprintResource, 'blueprint' | 'unoffered'> {
  const named = HOSTING_POLICIES.filter((policy) => written.includes(policy)).toSorted((a, b) => written.indexOf(a) - written.indexOf(b));
  const tried = (written.length === 0 ? (['Provider'] as const) : named).map((policy) => ({
    policy,
    why: blueprintProblems({ ...blueprint, hostingPolicies: [policy] })[0],
  }));
  return {
    blueprint: { ...blueprint, hostingPolicies: tried.flatMap(({ policy, why }) => (why === undefined ? [policy] : [])) },
    unoffered: tried.flatMap(({ policy, why }) => (why === undefined ? [] : [{ policy, why }])),
  };
}

/** Those of its labels that mean something to FLUIDOS alone would be refused by a buyer that hosts it. */
function unlabelled(manifest: Manifest): Manifest {
  const { labels, ...metadata } = manifest.metadata;
  if (!isRecord(labels) || (labels[ENDPOINT] === undefined && labels[CREDENTIALS] === undefined)) return manifest;
  const { [ENDPOINT]: _, [CREDENTIALS]: __, ...others } = labels;
  return { ...manifest, metadata: { ...metadata, ...(Object.keys(others).length > 0 && { labels: others }) } };
}

function templateOf(category: string, names: readonly string[]): Blueprint['configurationTemplate'] {
  const wanted = Object.hasOwn(WANTED, category) ? (WANTED[category] ?? []) : undefined;
  const all = [...new Set([...(wanted ?? []), ...names])];
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: Object.fromEntries(all.map((name) => [name, { type: 'string' }])),
    required: all,
    // A FLUIDOS node's own templates do not say it.
    ...(wanted === undefined && { additionalProperties: false }),
  };
}

const labelled = (manifests: readonly Manifest[], kind: string, label: string): readonly Manifest[] =>
  manifests.filter((each) => {
    const { labels }: { readonly labels?: unknown } = each.metadata;
    return each.kind === kind && isRecord(labels) && labels[label] !== undefined && labels[label] !== 'false';
  });

/** The Secret that is handed over, or why it is not known. */
function secretOf(manifests: readonly Manifest[]): { readonly name: string } | { readonly wrong: string } {
  const secrets = manifests.filter(({ kind }) => kind === 'Secret');
  const [first, ...others] = secrets.length > 1 ? labelled(manifests, 'Secret', CREDENTIALS) : secrets;
  if (first && others.length === 0) return { name: first.metadata.name };
  return {
    wrong: secrets.length === 0 ? 'templates: none is a Secret that could be handed over' : `templates: label one Secret ${CREDENTIALS}`,
  };
}

/** The Service where it answers and its first port; none when none is labelled, or why it is not known. */
function endpointOf(manifests: readonly Manifest[], host: string | undefined): Pick<Blueprint, 'endpoint'> | { readonly wrong: string } {
  const [service, ...others] = labelled(manifests, 'Service', ENDPOINT);
  if (!service) return {};
  if (others.length > 0) return { wrong: `templates: several Services are labelled ${ENDPOINT}: one can be handed over` };
  const { ports = [] } = (service['spec'] ?? {}) as { readonly ports?: readonly { readonly port?: unknown }[] };
  const port = Array.isArray(ports) ? ports[0]?.port : undefined;
  if (typeof port !== 'number') return { wrong: `templates: Service ${service.metadata.name} has no port` };
  return { endpoint: { service: service.metadata.name, port, ...(host !== undefined && { host }) } };
}

const annotations = z.looseObject({
  'rearguard.dev/price': z
    .string()
    .refine((text) => parseAmount(text) !== undefined, 'not a decimal')
    .optional(),
  'rearguard.dev/currency': z.string().min(1).max(16).optional(),
  'rearguard.dev/period': z.enum(PERIODS).optional(),
  'rearguard.dev/instances': z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'not a whole number from 1 to 9999')
    .optional(),
  'rearguard.dev/host': z.string().min(1).max(253).optional(),
  'rearguard.dev/country': z.string().max(100).optional(),
  'rearguard.dev/city': z.string().max(100).optional(),
  'rearguard.dev/latitude': z.string().max(32).optional(),
  'rearguard.dev/longitude': z.string().max(32).optional(),
  'rearguard.dev/additionalNotes': z.string().max(500).optional(),
});

/** Reads such a resource, or says what is wrong with it. Values of manifests are not quoted: it may be shown to anybody. */
export function readServiceBlueprint(resource: {
  readonly spec: unknown;
  readonly annotations: unknown;
}): ServiceBlueprintResource | { readonly wrong: string } {
  const read = spec.safeParse(resource.spec);
  if (!read.success) return { wrong: firstIssue(read.error) };
  const notes = annotations.safeParse(resource.annotations ?? {});
  if (!notes.success) return { wrong: firstIssue(notes.error) };
  const { name, description, category, tags, templates } = read.data;
  if (name === '' || name.length > LONGEST_NAME) return { wrong: `name: must have 1 to ${LONGEST_NAME} characters` };
  if (templates.length === 0 || templates.length > MOST_TEMPLATES) return { wrong: `templates: must be 1 to ${MOST_TEMPLATES}` };

  const names = new Set<string>();
  const manifests: Manifest[] = [];
  for (const [index, template] of templates.entries()) {
    const at = `templates[${index}]${template.name === '' ? '' : ` (${template.name.slice(0, 60)})`}`;
    const { value, wrong } = translated(template.serviceData, names);
    if (wrong !== undefined) return { wrong: `${at}: ${wrong}` };
    const manifest = blueprintManifest.safeParse(value);
    if (!manifest.success) return { wrong: `${at}: serviceData.${firstIssue(manifest.error)}` };
    manifests.push(manifest.data as Manifest);
  }

  const said = notes.data;
  const secret = secretOf(manifests);
  if ('wrong' in secret) return secret;
  const endpoint = endpointOf(manifests, said['rearguard.dev/host']);
  if ('wrong' in endpoint) return endpoint;
  const written: Blueprint = {
    name,
    kind: 'service',
    description,
    category,
    tags,
    hostingPolicies: [],
    configurationTemplate: templateOf(category, [...names]),
    generated: {},
    manifests: manifests.map(unlabelled),
    secret: secret.name,
    ...endpoint,
  };
  const [problem] = blueprintProblems(written);
  if (problem !== undefined) return { wrong: problem };
  const hosting = hostingOf(written, read.data.hostingPolicies);
  if (hosting.blueprint.hostingPolicies.length === 0)
    return { wrong: `hostingPolicies: ${hosting.unoffered[0]?.why ?? `must name one of ${HOSTING_POLICIES.join(', ')}`}` };
  const location = compact({
    country: said['rearguard.dev/country'],
    city: said['rearguard.dev/city'],
    latitude: said['rearguard.dev/latitude'],
    longitude: said['rearguard.dev/longitude'],
    additionalNotes: said['rearguard.dev/additionalNotes'],
  });
  const { 'rearguard.dev/price': amount, 'rearguard.dev/currency': currency, 'rearguard.dev/period': period } = said;
  const instances = said['rearguard.dev/instances'];
  return {
    ...hosting,
    price: compact({ amount, currency, period }),
    ...(Object.keys(location).length > 0 && { location }),
    ...(instances !== undefined && { instances: Number(instances) }),
  };
}
