import type { Context } from 'hono';
import { z } from 'zod';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { BuyerLimits } from '../../domain/buyer-limits.ts';
import { Fault } from '../../domain/faults.ts';
import type { NodeIdentity } from '../../domain/flavor.ts';
import type { Role } from '../../domain/roles.ts';
import { type WrongField, checked } from '../../domain/wrong-fields.ts';
import type { Audit, Chain } from '../../ports/audit.ts';
import type { BlueprintSales } from '../../ports/blueprints.ts';
import type { Caller } from '../../ports/callers.ts';
import type { Contracts } from '../../ports/contracts.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Processes } from '../../ports/processes.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Candidates, IntentRecords, KnownNodes } from '../../ports/records.ts';
import type { Clock } from '../../ports/clock.ts';
import { readBody } from './body.ts';
import type { Problem } from './problem.ts';

/** What the management API works with: ports only. */
export interface ApiDeps {
  readonly processes: Processes;
  readonly inventory: Inventory;
  readonly blueprints: BlueprintSales;
  readonly contracts: Contracts;
  readonly candidates: Candidates;
  readonly intents: IntentRecords;
  readonly knownNodes: KnownNodes;
  readonly audit: Audit;
  readonly chain: Pick<Chain, 'verify'>;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly limitsOf: (buyer: NodeIdentity) => BuyerLimits;
  readonly bodyLimitBytes: number;
  /** Aborts when the server stops: nobody waits on. */
  readonly stopping?: AbortSignal;
}

export interface Answer {
  readonly status: ContentfulStatusCode;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** `false`: nothing was changed, since all was so already; the audit then tells nothing. */
  readonly changed?: boolean;
}
/** Says what the audit is to tell of a change beside its operation and the parameters of its path: before it is made, since its answer may fail after it. */
export type Tell = (facts: Readonly<Record<string, unknown>>) => void;
export const ok = (body: unknown): Answer => ({ status: 200, body });

/** Invalid input, every wrong field named; becomes a problem of `code`. */
export class InvalidInput extends Error {
  readonly code: 'INTENT_INVALID' | 'BAD_REQUEST';
  readonly wrong: readonly WrongField[];
  constructor(code: 'INTENT_INVALID' | 'BAD_REQUEST', wrong: readonly WrongField[]) {
    super(wrong.map(({ field, problem }) => (field === '' ? problem : `${field}: ${problem}`)).join('; '));
    this.name = 'InvalidInput';
    this.code = code;
    this.wrong = wrong;
  }
}

/** An answer that was a problem before any handler ran. */
export class Refused extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'Refused';
    this.problem = problem;
  }
}

/** What a handler gets: parsed parameters, and the body when it asks for one. */
export interface Request<P, Q> {
  readonly params: P;
  readonly query: Q;
  readonly body: () => Promise<unknown>;
  readonly tell: Tell;
  /** Of whoever asks; absent where nobody is asked who they are. */
  readonly role: Role | undefined;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

/** One operation: registered with the router and described in the OpenAPI document from the same lines. */
export interface Route {
  readonly method: 'get' | 'put' | 'post' | 'delete';
  /** As OpenAPI spells it: `/intents/{name}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** What whoever asks for it must be, where the API asks for credentials. */
  readonly role: Role;
  readonly tag: 'intents' | 'market' | 'nodes' | 'processes' | 'keys' | 'audit';
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: { readonly schema: z.ZodType; readonly required: boolean };
  readonly answers: Readonly<Record<number, { readonly description: string; readonly schema: z.ZodType }>>;
  /** The statuses of problems it may answer beside those of every operation (400, 401, 403, 404, 429, 500, 503, 504). */
  readonly problems: readonly number[];
  readonly handle: (context: Context, deps: ApiDeps, tell: Tell) => Promise<Answer>;
}

interface Definition<P extends z.ZodObject, Q extends z.ZodObject> extends Omit<Route, 'params' | 'query' | 'handle' | 'problems'> {
  readonly params?: P;
  readonly query?: Q;
  readonly problems?: readonly number[];
  readonly handle: (request: Request<z.output<P>, z.output<Q>>, deps: ApiDeps) => Promise<Answer>;
}

const NOTHING = z.strictObject({});

/** Makes a route whose parameters are parsed before its handler runs. */
export function route<P extends z.ZodObject = typeof NOTHING, Q extends z.ZodObject = typeof NOTHING>(definition: Definition<P, Q>): Route {
  const { params = NOTHING as never, query = NOTHING as never, problems = [] } = definition;
  return {
    ...definition,
    params,
    query,
    problems,
    async handle(context, deps, tell) {
      const request = {
        tell,
        params: parsed(params, context.req.param(), 'path'),
        query: parsed(query, single(context), 'query'),
        role: (context.get('caller') as Caller | undefined)?.role,
        signal: AbortSignal.any([context.req.raw.signal, ...(deps.stopping ? [deps.stopping] : [])]),
        body: async (): Promise<unknown> => {
          const body = await readBody(context, { limitBytes: deps.bodyLimitBytes, required: definition.body?.required ?? false });
          if (!body.ok) throw new Refused(body.problem);
          return body.value;
        },
      };
      return await definition.handle(request as never, deps);
    },
  };
}

function parsed<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = checked(schema, value);
  if (result.ok) return result.value;
  throw new InvalidInput(
    'BAD_REQUEST',
    result.wrong.map(({ field, problem }) => ({ field: `${where}.${field}`, problem })),
  );
}

/** Query parameters; one that is given twice is refused rather than half ignored. */
function single(context: Context): Record<string, string> {
  const twice = Object.entries(context.req.queries()).filter(([, values]) => values.length > 1);
  if (twice.length > 0) {
    throw new InvalidInput(
      'BAD_REQUEST',
      twice.map(([name]) => ({ field: `query.${name}`, problem: 'is given more than once' })),
    );
  }
  return context.req.query();
}

/** The parsed body, or every wrong field of it. */
export async function bodyOf<S extends z.ZodType>(schema: S, body: () => Promise<unknown>): Promise<z.output<S>> {
  const result = checked(schema, await body());
  if (result.ok) return result.value;
  throw new InvalidInput('BAD_REQUEST', result.wrong);
}

export const notFound = (what: string): Fault => new Fault('NOT_FOUND', `there is no ${what}`);
