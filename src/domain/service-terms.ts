import type { ServiceTerms } from './contract.ts';
import type { BlueprintOffer } from './flavor.ts';

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A FLUIDOS node's ready-made templates mark nothing as secret. */
const SECRET_NAMES: ReadonlySet<string> = new Set(['password', 'token', 'secret']);
const isSecret = (name: string, schema: unknown): boolean =>
  SECRET_NAMES.has(name.toLowerCase()) || (isObject(schema) && (schema['writeOnly'] === true || schema['format'] === 'password'));

/**
 * A configuration without what only its instance may know: properties that the template says are `writeOnly` or of format `password`, or that are called so. Contracts are
 * kept, signed and shown to people, and so carry this alone.
 */
export function withoutSecrets(template: Json, configuration: Json): Json {
  const schemas = isObject(template['properties']) ? template['properties'] : {};
  return Object.fromEntries(
    Object.entries(configuration).flatMap(([name, value]) => {
      const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
      if (isSecret(name, schema)) return [];
      return [[name, isObject(value) ? withoutSecrets(isObject(schema) ? schema : {}, value) : value]];
    }),
  );
}

/** Terms as a contract carries them. */
export const contractedService = (
  { configurationTemplate }: BlueprintOffer,
  { hostingPolicy, configuration }: ServiceTerms,
): ServiceTerms => ({
  hostingPolicy,
  configuration: withoutSecrets(configurationTemplate, configuration),
});
