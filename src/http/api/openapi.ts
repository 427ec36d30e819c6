import { z } from 'zod';
import { Problem, titleOf } from './problem.ts';
import type { Route } from './route.ts';

type Schema = z.core.JSONSchema.BaseSchema;
type Json = Readonly<Record<string, unknown>>;

/** Statuses that any operation may answer. */
const ALWAYS = [400, 401, 403, 404, 429, 500, 503, 504] as const;
const TAGS = {
  intents: 'What somebody wants to run, and what became of it',
  market: 'What this node sells, is offered and has agreed on',
  nodes: 'The nodes that are asked for flavors',
  processes: 'The running workflows',
  audit: 'What happened here, in a chain that shows when somebody changes it',
  keys: 'The keys with which this node signs',
} as const;

/** The OpenAPI 3.1 document of the management API, from the same lines that route it. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const components = new Map<string, Schema>();
  // Zod closes objects of `output`, and an answer may grow; of parameters the parsed type is told.
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Schema => {
    const wrapped = z.toJSONSchema(z.object({ it: schema }), { io, unrepresentable: 'any' });
    for (const [name, definition] of Object.entries(wrapped.$defs ?? {})) components.set(name, moved(definition) as Schema);
    return moved(wrapped.properties?.['it'] ?? {}) as Schema;
  };
  const parameters = (route: Route): readonly Json[] =>
    (['path', 'query'] as const).flatMap((place) => {
      const shape = place === 'path' ? route.params.shape : route.query.shape;
      return Object.entries(shape).map(([name, schema]) => {
        const { description, ...rest } = schemaOf(schema as z.ZodType, 'output');
        const required = place === 'path' || !(schema as z.ZodType).safeParse(undefined).success;
        return { name, in: place, required, ...(description !== undefined && { description }), schema: rest };
      });
    });
  const problem = schemaOf(Problem, 'input');
  const operation = (route: Route): Json => {
    const statuses = [...new Set([...ALWAYS, ...route.problems])].filter((status) => !(status in route.answers)).sort((a, b) => a - b);
    const answers = Object.entries(route.answers).map(([status, { description, schema }]) => [
      status,
      { description, content: { 'application/json': { schema: schemaOf(schema, 'input') } } },
    ]);
    const problems = statuses.map((status) => [
      String(status),
      { description: titleOf(status), content: { 'application/problem+json': { schema: problem } } },
    ]);
    const content = route.body && schemaOf(route.body.schema, 'input');
    return {
      operationId: route.operationId,
      summary: route.summary,
      tags: [route.tag],
      security: [{ bearer: [route.role] }],
      parameters: parameters(route),
      ...(route.body && {
        requestBody: {
          required: route.body.required,
          content: { 'application/json': { schema: content }, 'application/yaml': { schema: content } },
        },
      }),
      responses: Object.fromEntries([...answers, ...problems]),
    };
  };

  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operation(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rearguard management API',
      version,
      description:
        'Intents, contracts and known nodes of one node. Creating is idempotent by name; problems are RFC 9457 and name every wrong field at once. Each operation names the role that it needs: a viewer reads, an operator does, an admin changes whom the node trusts. Where neither tokens nor an OIDC issuer are configured, the API binds to loopback only and asks for none.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v1' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of `api.tokens` or `api.tokensFile` (made by `rearguard token create`), or a JWT of the issuer of `api.oidc`. What stands beside it in `security` is the least role.',
        },
      },
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

/** Points references at the components, and drops what only zod reads. */
function moved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(moved);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (key === '$schema' || (key === 'id' && typeof inner === 'string')) return [];
      if (key === '$ref' && typeof inner === 'string') return [[key, inner.replace('#/$defs/', '#/components/schemas/')]];
      return [[key, moved(inner)]];
    }),
  );
}
