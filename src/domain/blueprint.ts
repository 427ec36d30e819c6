import { configurationProblems } from './configuration-template.ts';
import type { BlueprintKind, Flavor, HostingPolicy } from './flavor.ts';
import { sharingProblems } from './hosted.ts';
import { offerProblems } from './hosted-offer.ts';
import type { Manifest } from './manifest.ts';

type Json = Readonly<Record<string, unknown>>;
/** What may stand for a name in a manifest: never more than one scalar. */
type Value = string | number | boolean;
export type Values = Readonly<Record<string, Value>>;

/** What this node makes when one is bought. */
export interface Blueprint {
  readonly name: string;
  readonly kind: BlueprintKind;
  readonly description: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly hostingPolicies: readonly HostingPolicy[];
  /** JSON Schema, draft-07, of what the buyer configures. */
  readonly configurationTemplate: Json;
  /** Properties that are made up where the buyer leaves them out, and how many characters long. */
  readonly generated: Readonly<Record<string, number>>;
  /** Kubernetes objects, of namespaced kinds, without a namespace; `${name}` in a text stands for the value of that property. */
  readonly manifests: readonly Manifest[];
  /** The Secret among them that the pods mount, and that is handed over. */
  readonly secret: string;
  /** The Service among them where it answers, and its port; `host` when buyers reach it under another name than the cluster's own. */
  readonly endpoint?: { readonly service: string; readonly port: number; readonly host?: string };
}

/** What this node makes of a flavor; `undefined` when it is a slice, or not configured any more. */
export const blueprintFor = (blueprints: readonly Blueprint[], { offer }: Pick<Flavor, 'offer'>): Blueprint | undefined =>
  offer.kind === 'k8slice' ? undefined : blueprints.find(({ name, kind }) => name === offer.name && kind === offer.kind);

/** `$${name}` stands for `${name}` itself. */
const PLACE = /\$?\$\{([^{}]*)\}/g;
/** A value within a longer text: nothing that could end a quotation, a line, a word or a path there, or begin anything. */
const EMBEDDABLE = /^[A-Za-z0-9_@.:-]*$/;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isScalar = (value: unknown): value is Value => ['string', 'number', 'boolean'].includes(typeof value);

/** Every text of a manifest, with where it stands. */
function* textsOf(value: unknown, path = ''): Generator<readonly [path: string, text: string]> {
  if (typeof value === 'string') yield [path, value];
  else if (Array.isArray(value)) for (const [at, each] of value.entries()) yield* textsOf(each, `${path}[${at}]`);
  else if (isObject(value)) for (const [key, each] of Object.entries(value)) yield* textsOf(each, path === '' ? key : `${path}.${key}`);
}

interface Place {
  readonly name: string;
  /** Where it stands. */
  readonly path: string;
  /** Within a longer text. */
  readonly embedded: boolean;
}
const placesIn = (path: string, text: string): readonly Place[] =>
  [...text.matchAll(PLACE)].flatMap(([found, name = '']) =>
    found.startsWith('$$') ? [] : [{ name, path, embedded: found.length !== text.length }],
  );
const placesOf = (manifests: readonly Manifest[]): readonly Place[] =>
  manifests.flatMap((manifest) =>
    [...textsOf(manifest)].flatMap(([path, text]) => placesIn(`${manifest.kind} ${manifest.metadata.name}: ${path}`, text)),
  );

const propertiesOf = (template: Json): Json => (isObject(template['properties']) ? template['properties'] : {});
const propertyOf = (template: Json, name: string): Json | undefined => {
  const properties = propertiesOf(template);
  const found = Object.hasOwn(properties, name) ? properties[name] : undefined;
  return isObject(found) ? found : undefined;
};

/** What is wrong with a blueprint, a line each: whoever sells it would otherwise learn it from a buyer. */
export function blueprintProblems(blueprint: Blueprint): readonly string[] {
  const { configurationTemplate: template, generated, manifests, secret, endpoint } = blueprint;
  const required = Array.isArray(template['required']) ? template['required'] : [];
  const places = placesOf(manifests).flatMap(({ name, path }) => {
    if (/: (apiVersion|kind|metadata\..*)$/.test(path)) return [`${path}: no value may stand here`];
    const property = propertyOf(template, name);
    if (!property) return [`${path}: \${${name}} is no property of the configuration`];
    if (!['string', 'number', 'integer', 'boolean'].includes(String(property['type'])))
      return [`${path}: \${${name}} is no text, number or boolean`];
    const always = required.includes(name) || Object.hasOwn(generated, name) || isScalar(property['default']);
    return always ? [] : [`${path}: \${${name}} may be missing: require it, give it a default, or have it generated`];
  });
  const made = Object.keys(generated).flatMap((name) =>
    propertyOf(template, name)?.['type'] === 'string' ? [] : [`generated.${name}: is no text of the configuration`],
  );
  const unreadable = configurationProblems(template, {}).filter((line) => line.startsWith('cannot be checked'));
  const has = (kind: string, name: string): boolean => manifests.some((each) => each.kind === kind && each.metadata.name === name);
  return [
    ...unreadable,
    ...(template['type'] === 'object' ? [] : ['configuration: its type must be "object"']),
    ...places,
    ...made,
    ...sharingProblems(blueprint),
    ...offerProblems(blueprint),
    ...(has('Secret', secret) ? [] : [`secret: no manifest is a Secret ${secret}`]),
    ...(endpoint === undefined || has('Service', endpoint.service) ? [] : [`endpoint: no manifest is a Service ${endpoint.service}`]),
  ];
}

/** What of a buyer's configuration this blueprint does not take, a line each, without any value of it. */
export function instanceProblems({ configurationTemplate, manifests }: Blueprint, configuration: Json): readonly string[] {
  const wrong = configurationProblems(configurationTemplate, configuration);
  if (wrong.length > 0) return wrong;
  const embedded = new Set(placesOf(manifests).flatMap((place) => (place.embedded ? [place.name] : [])));
  return Object.entries(configuration).flatMap(([name, value]) =>
    embedded.has(name) && !EMBEDDABLE.test(String(value)) ? [`configuration.${name} may have letters, digits and _@.:- only`] : [],
  );
}

/** Every value of an instance: the buyer's, else one that `make` makes up, else the template's default. */
export function instanceValues(blueprint: Blueprint, configuration: Json, make: (length: number) => string): Values {
  const { configurationTemplate: template, generated } = blueprint;
  return Object.fromEntries(
    Object.keys(propertiesOf(template)).flatMap((name) => {
      const given = Object.hasOwn(configuration, name) ? configuration[name] : undefined;
      const length = Object.hasOwn(generated, name) ? generated[name] : undefined;
      const value = given ?? (length === undefined ? propertyOf(template, name)?.['default'] : make(length));
      return isScalar(value) ? [[name, value]] : [];
    }),
  );
}

/**
 * The manifests of an instance. Values stand for scalars, in parsed manifests: whatever they hold, no object, key or line of a manifest comes of it, and what a value brings is not looked through again.
 */
export const instanceManifests = ({ manifests }: Pick<Blueprint, 'manifests'>, values: Values): readonly Manifest[] =>
  manifests.map((manifest) => filled(manifest, values) as Manifest);

function filled(value: unknown, values: Values): unknown {
  if (Array.isArray(value)) return value.map((each) => filled(each, values));
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, values)]));
  if (typeof value !== 'string') return value;
  const of = (name: string): Value => {
    if (!Object.hasOwn(values, name)) throw new Error(`a blueprint names ${name}, which has no value`);
    return values[name] ?? '';
  };
  const [only] = placesIn('', value);
  if (only && !only.embedded) return of(only.name);
  return value.replace(PLACE, (found: string, name: string) => (found.startsWith('$$') ? found.slice(1) : String(of(name))));
}
