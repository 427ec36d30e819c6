import { z } from 'zod';
import { type Fault, isFault } from '../../domain/faults.ts';
import { DNS_LABEL, intentName, workflowIds } from '../../domain/ids.ts';
import { IntentDocument } from '../../domain/intent-schema.ts';
import { reduceIntent } from '../../domain/intent.ts';
import type { IntentRecord } from '../../domain/status.ts';
import { intentPage } from './intent-list.ts';
import { PLACES, pageOf, pages } from './lists.ts';
import { type ApiDeps, type Answer, InvalidInput, type Route, type Tell, bodyOf, notFound, ok, route } from './route.ts';
import { Accepted, Created, IntentStatus, IntentView, Journal, Plan, Retried } from './schemas.ts';
import { withoutSecrets } from './without-secrets.ts';

/** A long poll that is shorter than what proxies cut off. */
const MOST_WAIT_SECONDS = 60;

const params = z.object({ name: z.string().max(40, 'must be at most 40 characters long').regex(DNS_LABEL, 'must be a DNS label') });

async function create(document: unknown, deps: ApiDeps, tell: Tell, name?: string): Promise<Answer> {
  const reduced = reduceIntent(document, deps.clock.now());
  if ('problems' in reduced) throw new InvalidInput('INTENT_INVALID', reduced.problems);
  if (name !== undefined && name !== reduced.ok.name) {
    throw new InvalidInput('INTENT_INVALID', [{ field: 'metadata.name', problem: `is ${reduced.ok.name}, but the path says ${name}` }]);
  }
  tell({ name: reduced.ok.name });
  const { created } = await deps.processes.startIntent({ name: reduced.ok.name, document });
  tell({ created });
  return {
    status: created ? 201 : 200,
    body: { name: reduced.ok.name, created },
    headers: { location: `/api/v1/intents/${reduced.ok.name}` },
    changed: created,
  };
}

/** What the workflow says; what was written down when it is over, or does not answer. NOT_FOUND when neither knows it. */
async function read(name: string, deps: ApiDeps): Promise<IntentRecord & { readonly source: 'workflow' | 'projection' }> {
  const kept = await deps.intents.get(name);
  // An ended one needs no worker to be told.
  if (kept?.status.state === 'ended' && !(await runs(name, deps))) return { ...kept, source: 'projection' };
  let silent: Fault | undefined;
  try {
    const living = await deps.processes.readIntent(intentName(name));
    if (living) return { ...living, source: 'workflow' };
  } catch (error) {
    if (!isFault(error) || error.code !== 'PROCESSES_UNAVAILABLE') throw error;
    silent = error;
  }
  if (kept) return { ...kept, source: 'projection' };
  throw silent ?? notFound(`intent named ${name}`);
}

async function runs(name: string, { processes }: ApiDeps): Promise<boolean> {
  try {
    return await processes.isOpen(workflowIds.intent(intentName(name)));
  } catch (error) {
    if (isFault(error)) return false;
    throw error;
  }
}

async function journals(name: string, deps: ApiDeps): Promise<z.input<typeof Journal>> {
  const { journal } = await read(name, deps);
  const workflows: { workflowId: string; lines: never[] }[] = [
    { workflowId: workflowIds.intent(intentName(name)), lines: [...journal] as never[] },
  ];
  const unread: string[] = [];
  let acquisitions: readonly string[] = [];
  try {
    acquisitions = (await deps.processes.acquisitionsOf(intentName(name))).map((id) => workflowIds.acquisition(id));
  } catch (error) {
    if (!isFault(error)) throw error;
    if (error.code !== 'NOT_FOUND') unread.push(`acquisitions of ${name}`);
  }
  for (const workflowId of acquisitions) {
    try {
      workflows.push({ workflowId, lines: [...(await deps.processes.journal(workflowId))] as never[] });
    } catch (error) {
      if (!isFault(error)) throw error;
      unread.push(workflowId);
    }
  }
  return { workflows, unread };
}

const EndRequest = z.strictObject({
  reason: z.enum(['ended-by-user', 'operator']).default('ended-by-user'),
  detail: z.string().max(500).optional(),
});

const document = { schema: IntentDocument.meta({ ...IntentDocument.meta(), id: 'IntentDocument' }), required: true } as const;
const creating = {
  answers: {
    200: { description: 'It lives already, with the same document.', schema: Created },
    201: { description: 'It was started.', schema: Created },
  },
  problems: [409, 413, 415, 422],
} as const;

const intents = pages('intents', PLACES.byTime);

export const intentRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/intents',
    operationId: 'listIntents',
    role: 'viewer',
    summary: 'The status of the intents that live or are remembered: newest first by their start, those of the same moment by name',
    tag: 'intents',
    query: z.strictObject(intents.query),
    answers: { 200: { description: 'Their status.', schema: pageOf(IntentStatus) } },
    handle: async ({ query }, deps) => await intents.answer(query, (of) => intentPage(of, deps)),
  }),
  route({
    method: 'post',
    path: '/intents',
    operationId: 'createIntent',
    role: 'operator',
    summary: 'Starts an intent under the name in its document; again with the same document is success',
    tag: 'intents',
    body: document,
    ...creating,
    handle: async ({ body, tell }, deps) => await create(await body(), deps, tell),
  }),
  route({
    method: 'put',
    path: '/intents/{name}',
    operationId: 'putIntent',
    role: 'operator',
    summary: 'The same, under the name in the path',
    tag: 'intents',
    params,
    body: document,
    ...creating,
    handle: async ({ params: { name }, body, tell }, deps) => await create(await body(), deps, tell, name),
  }),
  route({
    method: 'get',
    path: '/intents/{name}',
    operationId: 'getIntent',
    role: 'viewer',
    summary: 'Status, plan, journal and document; with `after` and `wait` as soon as something has happened',
    tag: 'intents',
    params,
    query: z.object({
      after: z.string().max(500).optional().describe('A `mark` of an earlier answer.'),
      wait: z.coerce.number().min(0).max(MOST_WAIT_SECONDS).optional().describe('Seconds to wait for something to happen after it.'),
    }),
    answers: { 200: { description: 'As it is now.', schema: IntentView } },
    handle: async ({ params: { name }, query: { after, wait = 0 }, role, signal }, deps) => {
      let mark: string | undefined;
      try {
        mark = (
          await deps.processes.awaitIntent(intentName(name), { ...(after !== undefined && { after }), timeoutMs: wait * 1_000, signal })
        )?.mark;
      } catch (error) {
        if (!isFault(error) || error.code !== 'PROCESSES_UNAVAILABLE') throw error;
      }
      const { status, plan, silent, journal, document, source } = await read(name, deps);
      const shown = role === 'viewer' ? withoutSecrets(document) : document;
      return ok({ status, plan: { entries: plan, silent }, journal, document: shown, source, ...(mark !== undefined && { mark }) });
    },
  }),
  route({
    method: 'get',
    path: '/intents/{name}/plan',
    operationId: 'getPlan',
    role: 'viewer',
    summary: 'Ranked candidates, and why each was or was not taken',
    tag: 'intents',
    params,
    answers: { 200: { description: 'The plan.', schema: Plan } },
    handle: async ({ params: { name } }, deps) => {
      const { plan, silent } = await read(name, deps);
      return ok({ entries: plan, silent });
    },
  }),
  route({
    method: 'get',
    path: '/intents/{name}/journal',
    operationId: 'getJournal',
    role: 'viewer',
    summary: 'What the intent and each of its acquisitions did and undid',
    tag: 'intents',
    params,
    answers: { 200: { description: 'The journals.', schema: Journal } },
    handle: async ({ params: { name } }, deps) => ok(await journals(name, deps)),
  }),
  route({
    method: 'post',
    path: '/intents/{name}/end',
    operationId: 'endIntent',
    role: 'operator',
    summary: 'Ends the intent; everything is given back',
    tag: 'intents',
    params,
    body: { schema: EndRequest, required: false },
    answers: { 202: { description: 'It is ending, or ended already.', schema: Accepted } },
    problems: [413, 415],
    handle: async ({ params: { name }, body, tell }, deps) => {
      const { reason, detail } = await bodyOf(EndRequest, body);
      const ending = { reason, ...(detail !== undefined && { detail }) };
      tell(ending);
      await deps.processes.endIntent(intentName(name), ending);
      return { status: 202, body: { accepted: true } };
    },
  }),
  route({
    method: 'post',
    path: '/intents/{name}/retry-teardown',
    operationId: 'retryTeardown',
    role: 'operator',
    summary: 'Tries at once again what could not be undone, of the intent and of its acquisitions',
    tag: 'intents',
    params,
    answers: { 202: { description: 'It is being tried.', schema: Retried } },
    handle: async ({ params: { name } }, deps) => {
      const id = intentName(name);
      const ids = [workflowIds.intent(id), ...(await deps.processes.acquisitionsOf(id)).map((each) => workflowIds.acquisition(each))];
      let tried = 0;
      for (const workflowId of ids) {
        try {
          await deps.processes.retryTeardown(workflowId);
          tried += 1;
        } catch (error) {
          // What is over has nothing left to retry.
          if (!isFault(error) || error.code !== 'NOT_FOUND') throw error;
        }
      }
      return { status: 202, body: { accepted: true, tried } };
    },
  }),
];
