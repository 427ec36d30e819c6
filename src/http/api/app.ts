import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { FAULTS, isFault } from '../../domain/faults.ts';
import { contractId } from '../../domain/ids.ts';
import type { Caller, Callers } from '../../ports/callers.ts';
import { type HttpLog, type RequestVariables, remoteAddress, requestLog } from '../request-log.ts';
import { type Attempts, countedAttempts } from './attempts.ts';
import { auditRoutes } from './audit.ts';
import { admit, lacks } from './authentication.ts';
import { foreign } from './browser.ts';
import { intentRoutes } from './intents.ts';
import { keyRoutes } from './keys.ts';
import { buyersRoutes } from './buyers.ts';
import { marketRoutes } from './market.ts';
import { openApiDocument } from './openapi.ts';
import { operationsRoutes } from './operations.ts';
import { type Problem, faultProblem, httpProblem } from './problem.ts';
import { type ApiDeps, InvalidInput, Refused, type Route } from './route.ts';

/** Every operation of the management API, below {@link API_PREFIX}. */
export const API_ROUTES: readonly Route[] = [
  ...intentRoutes,
  ...marketRoutes,
  ...buyersRoutes,
  ...operationsRoutes,
  ...keyRoutes,
  ...auditRoutes,
];
export const API_PREFIX = '/api/v1';

/** The management API: every answer that is not a success is problem+json. */
export function managementApi(
  deps: ApiDeps,
  options: {
    readonly log: HttpLog;
    readonly version: string;
    readonly loopbackOnly: boolean;
    readonly callers: Callers;
    readonly attempts?: Attempts;
  },
): Hono<{ Variables: RequestVariables }> {
  const { log, version, loopbackOnly, callers, attempts = countedAttempts(deps.clock.now) } = options;
  const app = new Hono<{ Variables: RequestVariables }>();
  const document = openApiDocument(API_ROUTES, version);
  const refuse = (problem: Problem, path: string, requestId: string, headers: Readonly<Record<string, string>> = {}): Response =>
    new Response(JSON.stringify({ ...problem, instance: path.slice(0, 500), requestId }), {
      status: problem.status,
      headers: {
        'content-type': 'application/problem+json',
        ...(problem.status === 503 && { 'retry-after': '2' }),
        ...headers,
      },
    });

  app.use(requestLog(log));
  app.use(async (context, next) => {
    const why = foreign(context, loopbackOnly);
    if (why === undefined) return await next();
    return refuse(faultProblem('FORBIDDEN', why), context.req.path, context.get('requestId'));
  });
  // Before anything of the path is told: what is there is for those who may see it.
  app.use(`${API_PREFIX}/*`, async (context, next) => {
    const asked = { authorization: context.req.header('authorization'), source: remoteAddress(context) };
    const admission = await admit(asked, { callers, attempts });
    if ('caller' in admission) context.set('caller', admission.caller);
    const denied = 'denied' in admission ? admission.denied : lacks(context.get('caller'), 'viewer');
    if (denied) return refuse(denied.problem, context.req.path, context.get('requestId'), denied.headers);
    return await next();
  });
  app.get('/openapi.json', (context) => context.json(document));
  /** Of the change of an operator, which is done by then, or may be: what cannot be told of it is logged. */
  const tell = async (
    { operationId, path }: Route,
    params: Readonly<Record<string, string>>,
    told: object,
    caller: Caller | undefined,
  ): Promise<void> => {
    const contract = path.startsWith('/contracts/') ? params['id'] : undefined;
    const facts = { operation: operationId, ...params, ...told, ...(caller && { by: caller.name }) };
    try {
      await deps.audit.record({ kind: 'operator', facts, ...(contract !== undefined && { contract: contractId(contract) }) });
    } catch (error) {
      log.error({ ...facts, why: error instanceof Error ? error.message : String(error) }, 'the audit does not know of this');
    }
  };
  for (const route of API_ROUTES) {
    const { method, path, role, handle } = route;
    app.on(method.toUpperCase(), routed(path), async (context) => {
      const caller = context.get('caller');
      const denied = lacks(caller, role);
      if (denied) return refuse(denied.problem, context.req.path, context.get('requestId'), denied.headers);
      const told: Record<string, unknown> = {};
      const telling = async (more = {}): Promise<void> => {
        if (method !== 'get') await tell(route, context.req.param(), { ...told, ...more }, caller);
      };
      const {
        status,
        body,
        headers,
        changed = true,
      } = await handle(context, deps, (facts) => void Object.assign(told, facts)).catch(async (error: unknown) => {
        const failed = inDoubt(error);
        if (failed !== undefined) await telling({ failed });
        throw error;
      });
      if (changed) await telling();
      return context.json(body, status as ContentfulStatusCode, { ...headers });
    });
  }
  for (const path of new Set(API_ROUTES.map((route) => route.path))) {
    const allow = API_ROUTES.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
    if (allow.includes('GET')) allow.push('HEAD');
    app.all(routed(path), (context) => {
      const problem = httpProblem(405, `${context.req.method} is not taken here; ${allow.join(', ')} is`);
      return refuse(problem, context.req.path, context.get('requestId'), { allow: allow.join(', ') });
    });
  }
  app.notFound((context) =>
    refuse(httpProblem(404, `there is nothing at this path; see /openapi.json`), context.req.path, context.get('requestId')),
  );
  app.onError((error, context) => {
    const requestId = context.get('requestId');
    const { path } = context.req;
    if (error instanceof Refused) return refuse(error.problem, path, requestId);
    if (error instanceof InvalidInput) return refuse(faultProblem(error.code, error.message, {}, error.wrong), path, requestId);
    if (isFault(error)) return refuse(faultProblem(error.code, error.message, error.facts), path, requestId);
    log.error({ requestId, path, error: { name: error.name, message: error.message, stack: error.stack } }, 'a bug');
    return refuse(httpProblem(500, `something is wrong on our side; the log knows it as request ${requestId}`), path, requestId);
  });
  return app;
}

/** Why a change failed that may have been made all the same; `undefined` when it was refused, and nothing is changed. */
function inDoubt(error: unknown): string | undefined {
  if (error instanceof Refused || error instanceof InvalidInput) return undefined;
  if (!isFault(error)) return 'a bug';
  return FAULTS[error.code].http < 500 ? undefined : error.code;
}

const routed = (path: string): string => `${API_PREFIX}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
