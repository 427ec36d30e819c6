import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { nearestName } from '../domain/nearest.ts';
import { type WrongField, checked } from '../domain/wrong-fields.ts';
import { type Configuration, ConfigurationSchema, completed } from './configuration.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration that cannot be used: every wrong field, each with where it was written. */
export class ConfigurationError extends Error {
  readonly wrong: readonly WrongField[];
  constructor(source: string, wrong: readonly WrongField[]) {
    const lines = wrong.map(({ field, problem }) => `  ${field === '' ? '(the whole)' : field}: ${problem}`);
    super(`the configuration (${source}) cannot be used:\n${lines.join('\n')}`);
    this.name = 'ConfigurationError';
    this.wrong = wrong;
  }
}

/** One setting that the environment can give. */
export interface Setting {
  readonly variable: string;
  readonly path: readonly string[];
  readonly type: string;
  readonly description: string;
  readonly default?: unknown;
  /** Whether a node cannot start without it; `with-section`: whoever says anything of its section has to say it. */
  readonly required: boolean | 'with-section';
}

type Described = z.core.JSONSchema.BaseSchema;
const isSchema = (value: unknown): value is Described => typeof value === 'object' && value !== null;

/** Every setting, by walking the schema: the environment, the manual and the nearest names read this one list. */
export function settings(): readonly Setting[] {
  const walk = (schema: Described, path: readonly string[], required: Setting['required']): readonly Setting[] => {
    if (schema.type === 'object' && schema.properties && path.length < 2) {
      return Object.entries(schema.properties).flatMap(([name, inner]) =>
        isSchema(inner)
          ? walk(inner, [...path, name], (schema.required?.includes(name) ?? false) && (required === true || 'with-section'))
          : [],
      );
    }
    const setting = {
      variable: variableOf(path),
      path,
      type: Array.isArray(schema.enum) ? schema.enum.join(' \\| ') : String(schema.type ?? 'any'),
      description: schema.description ?? '',
      required,
    };
    return [schema.default === undefined ? setting : { ...setting, default: schema.default }];
  };
  return walk(z.toJSONSchema(ConfigurationSchema, { io: 'input', unrepresentable: 'any' }), [], true);
}

/** `rear.holdSeconds` → `REARGUARD_REAR_HOLD_SECONDS`. */
const variableOf = (path: readonly string[]): string =>
  `REARGUARD_${path.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()).join('_')}`;

/** The file (`--config`, or REARGUARD_CONFIG), the standard variables of others over it, and ours over both. Throws {@link ConfigurationError}. */
export function readConfiguration(input: { readonly file?: string; readonly environment: Environment }): Configuration {
  const file = input.file ?? input.environment['REARGUARD_CONFIG'];
  const source = file === undefined ? 'environment only' : file;
  let tree = file === undefined ? {} : readTree(file);
  const wrong: WrongField[] = [];
  const known = settings();
  const give = (path: readonly string[], value: unknown): void => {
    tree = placed(tree, path, value);
  };
  for (const [variable, path] of STANDARD) {
    const value = input.environment[variable];
    if (value !== undefined && value !== '') give(path, value);
  }
  const kubeconfig = input.environment['KUBECONFIG'];
  if (kubeconfig && valueAt(tree, KUBECONFIG) === undefined) give(KUBECONFIG, kubeconfig);
  for (const [variable, text] of Object.entries(input.environment)) {
    if (text === undefined || text === '' || !variable.startsWith('REARGUARD_')) continue;
    const setting = known.find((candidate) => candidate.variable === variable);
    if (setting) give(setting.path, valueOf(text, setting.type));
    else if (looksLikeOurs(variable, known)) {
      const near = nearestName(
        variable,
        known.map((candidate) => candidate.variable),
      );
      wrong.push({ field: `environment ${variable}`, problem: `is not a known variable${near ? `; did you mean ${near}?` : ''}` });
    }
  }
  const result = checked(ConfigurationSchema, tree);
  if (!result.ok) wrong.push(...result.wrong);
  if (!result.ok || wrong.length > 0) throw new ConfigurationError(source, wrong);
  return completed(result.value);
}

/** Variables that other programs read too. */
const STANDARD: readonly (readonly [string, readonly string[]])[] = [
  ['TEMPORAL_ADDRESS', ['temporal', 'address']],
  ['TEMPORAL_NAMESPACE', ['temporal', 'namespace']],
  ['DATABASE_URL', ['database', 'url']],
];

/** Stands in many a shell for another cluster: unlike the others it says only what the file does not. */
const KUBECONFIG = ['cluster', 'kubeconfig'] as const;

/** Only variables of a section of ours are taken for misspelt settings: REARGUARD_ANYTHING may belong to the playground or the CLI. */
const looksLikeOurs = (variable: string, known: readonly Setting[]): boolean => {
  const sections = new Set(known.filter(({ path }) => path.length === 2).map(({ path }) => variableOf(path.slice(0, 1))));
  return [...sections].some((section) => variable.startsWith(`${section}_`));
};

function valueOf(text: string, type: string): unknown {
  if (type === 'number' || type === 'integer') return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (type === 'array' || type === 'object') {
    if (/^\s*[[{]/.test(text)) {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return text;
      }
    }
    return type === 'array' ? text.split(',').map((part) => part.trim()) : text;
  }
  return text;
}

function readTree(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new ConfigurationError(file, [{ field: '', problem: `cannot be read (${code})` }]);
  }
  const document = parseDocument(text, { uniqueKeys: true });
  const [first] = document.errors;
  if (first)
    throw new ConfigurationError(
      file,
      document.errors.map(({ message }) => ({ field: '', problem: message.split('\n')[0] ?? 'is not YAML' })),
    );
  let tree: unknown;
  try {
    tree = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new ConfigurationError(file, [{ field: '', problem: 'must not use aliases' }]);
  }
  if (tree === null || tree === undefined) return {};
  if (typeof tree !== 'object' || Array.isArray(tree)) throw new ConfigurationError(file, [{ field: '', problem: 'must be an object' }]);
  return tree as Record<string, unknown>;
}

const valueAt = (tree: unknown, path: readonly string[]): unknown =>
  path.reduce((at, name) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined), tree);

function placed(tree: Record<string, unknown>, path: readonly string[], value: unknown): Record<string, unknown> {
  const [name, ...rest] = path;
  if (name === undefined) return tree;
  if (rest.length === 0) return { ...tree, [name]: value };
  const inner = tree[name];
  const below = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Record<string, unknown>) : {};
  return { ...tree, [name]: placed(below, rest, value) };
}
