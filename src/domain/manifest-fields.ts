import { z } from 'zod';
import { KUBERNETES_FIELDS, KUBERNETES_RELEASE } from './kubernetes-fields.ts';
import { asMeant } from './workload-schema.ts';
import { UNKNOWN_FIELD, type WrongField, checked, fieldPath } from './wrong-fields.ts';

/** An API server drops, or refuses only after a place was bought, a field that it does not know: a misspelt one is told here, as is what is no text, number or list where Kubernetes wants one. */

type TypeName = keyof typeof KUBERNETES_FIELDS;
const isType = (name: string): name is TypeName => Object.hasOwn(KUBERNETES_FIELDS, name);

const text = z.string({
  error: ({ input }) => (['number', 'boolean'].includes(typeof input) ? 'must be a text; put it in quotes' : undefined),
});
const PLAIN: Readonly<Record<string, z.ZodType>> = {
  text,
  whole: z.number().int(),
  flag: z.boolean(),
  wholeOrText: z.union([z.number().int(), z.string()], { error: 'must be a whole number or a text' }),
  amount: z.union([z.string(), z.number()], { error: 'must be a Kubernetes quantity, such as 500m, 4 or 8Gi' }),
  any: z.unknown(),
};

/** Made when first asked for: a pod is a hundred types. */
const made = new Map<TypeName, z.ZodType>();
function schemaOf(name: TypeName): z.ZodType {
  const known = made.get(name);
  if (known) return known;
  const fields = KUBERNETES_FIELDS[name].split(' ').map((field) => {
    const [key = '', type = ''] = field.split(':');
    return [key, typed(type).nullish()] as const;
  });
  const schema = z.strictObject(Object.fromEntries(fields));
  made.set(name, schema);
  return schema;
}
function typed(type: string): z.ZodType {
  if (type.endsWith('[]')) return z.array(typed(type.slice(0, -2)));
  if (type.endsWith('{}')) return z.record(z.string(), typed(type.slice(0, -2)));
  if (isType(type)) return schemaOf(type);
  return PLAIN[type] ?? z.unknown();
}

/** With so many problems told already, nothing more is guessed at: each guess costs a walk through all that a pod may have. */
const MOST_GUESSED = 50;

/** What in a workload's manifests is no field of Kubernetes, or of another type; each is looked at as what it was probably meant to be. Paths begin at `at`. */
export function fieldProblems(manifests: unknown, at: readonly PropertyKey[]): readonly WrongField[] {
  const wrong: WrongField[] = [];
  for (const [i, item] of (Array.isArray(manifests) ? manifests : []).entries()) {
    const { manifest } = asMeant(item);
    const kind = typeof manifest === 'object' && manifest !== null && 'kind' in manifest ? String(manifest.kind) : '';
    if (!isType(kind)) continue;
    const read = checked(schemaOf(kind), manifest, { hints: wrong.length < MOST_GUESSED });
    if (read.ok) continue;
    const here = fieldPath([...at, i]);
    for (const { field, problem } of read.wrong)
      wrong.push({ field: `${here}${/^(\[|$)/.test(field) ? '' : '.'}${field}`, problem: problem.replace(UNKNOWN_FIELD, NOT_KUBERNETES) });
  }
  return wrong;
}
const NOT_KUBERNETES = `is not a field of Kubernetes ${KUBERNETES_RELEASE}`;
