import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { Fault, isFault } from '../../domain/faults.ts';
import { DID_DOCUMENT, writeDidDocument } from '../../rear/did.ts';
import { WELL_KNOWN, writeDescription } from '../../rear/extensions.ts';
import { parseServiceSelector, parseSliceSelector } from '../../rear/selector.ts';
import {
  type Answer,
  answerRefusal,
  listAnswer,
  json,
  notReady,
  nothing,
  Refusal,
  refusalOf,
  responseOf,
  unknownPath,
  wrongMethod,
} from './answers.ts';
import { callers } from './callers.ts';
import { contractRoutes } from './contracts.ts';
import { limitSources } from './limit.ts';
import { currentList, type Listed } from './list.ts';
import type { Rear, RearOptions, RearPorts } from './ports.ts';
import { purchasing } from './purchase.ts';
import { reserving } from './reserve.ts';
import { sealing } from './seal.ts';
import { isTold } from './told.ts';

type Bindings = { Bindings: HttpBindings };
type Handler = (incoming: IncomingMessage, id: string) => Promise<Answer> | Answer;

/** The provider's side of REAR v2: the routes of a FLUIDOS node, status by status, and our additions. */
export function rearRoutes(ports: RearPorts, options: RearOptions): Hono<Bindings> {
  const rear: Rear = { ...ports, options };
  const app = new Hono<Bindings>();
  const current = currentList(rear.inventory, { most: options.listMost, ageMs: options.listAgeMs });
  // One that fails is gone on with by the first who asks.
  if (options.listAtOnce) current.ask().catch(() => {});
  const seal = sealing(rear);
  const calls = callers(rear);
  if (options.requestsPerSecond > 0) app.use(limitSources(options.requestsPerSecond));

  const answered = async (path: string, handle: () => Promise<Answer> | Answer, { headers, socket }: IncomingMessage): Promise<Answer> => {
    try {
      return await handle();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal.fault.code === 'SIGNATURE_REFUSED') {
        options.log?.info(
          { path, from: socket.remoteAddress, ...refusal.fault.facts },
          `a signature was refused: ${refusal.fault.message}`,
        );
      }
      if (!(error instanceof Refusal) && !isFault(error)) options.log?.error({ path, error: String(error) }, 'a REAR call failed');
      const { code, facts, message, cause } = refusal.fault;
      // Told by where it came from: whom it names is not proven, and may be somebody else. Keys of ours that are not there are no stranger's doing.
      const why = facts['why'] === undefined ? '' : `: ${String(facts['why'])}`;
      const isToTell = code === 'SIGNATURE_REFUSED' || code === 'BUYER_REFUSED' || (code === 'KEYS_UNAVAILABLE' && why !== '');
      if (isToTell && !isTold(error))
        await rear.audit.tally({
          kind: 'request-refused',
          peer: socket.remoteAddress ?? 'unknown',
          code: `${code}${why}`,
          // What stays untold there: why a key was not to be had, and who is blocked.
          detail: isFault(cause) ? `${path}: ${message}: ${cause.message}` : `${path}: ${message}`,
        });
      return answerRefusal(refusal, headers.accept);
    }
  };
  /** One path, one method: everything else on it is 405, HEAD too. */
  const route = (method: 'GET' | 'POST', path: string, handler: Handler): void => {
    app.all(path, async (context: Context<Bindings>) => {
      const { incoming } = context.env;
      if (options.self() === undefined) return responseOf(notReady());
      if (incoming.method !== method) return responseOf(wrongMethod());
      const answer = await answered(path, () => handler(incoming, context.req.param('id') ?? ''), incoming);
      // Whoever was answered finds in the next list what it did.
      if (method === 'POST') current.outdate();
      try {
        return responseOf(answer, await seal(answer, incoming));
      } catch (error) {
        options.log?.error({ path, error: String(error) }, 'an answer could not be signed');
        return responseOf(answerRefusal(refusalOf(isFault(error) ? error : new Fault('KEYS_UNAVAILABLE', 'not signed')), undefined));
      }
    });
  };
  const listing = async (failure: string): Promise<Listed> => {
    try {
      return await current.ask();
    } catch (error) {
      throw isFault(error) ? new Refusal(500, failure, error) : error;
    }
  };
  const queryOf = ({ url = '' }: IncomingMessage): string => {
    const at = url.indexOf('?');
    return at < 0 ? '' : url.slice(at + 1);
  };
  const { release, read, countersign, renew, terminate, notice, credentials, handover } = contractRoutes(rear, calls);

  route('GET', '/api/v2/flavors', async () => {
    const list = await listing('Error getting all the Flavor CRs');
    return list.isEmpty ? nothing() : listAnswer(list.all());
  });
  route('GET', '/api/v2/flavors/k8slice', async (incoming) => {
    const query = queryOf(incoming);
    const selector = badQuery(() => parseSliceSelector(query));
    return listAnswer((await listing('Error getting all the Flavor CRs')).slices(query, selector));
  });
  route('GET', '/api/v2/flavors/service', async (incoming) => {
    const query = queryOf(incoming);
    const selector = badQuery(() => parseServiceSelector(query));
    return listAnswer((await listing('Error getting the available Flavors')).services(query, selector));
  });
  for (const [path, kind] of [
    ['vm', 'vm'],
    ['sensors', 'sensor'],
  ] as const) {
    // Paths of the specification; a FLUIDOS node asks for neither.
    route('GET', `/api/v2/flavors/${path}`, async () => {
      return listAnswer((await listing('Error getting the available Flavors')).kind(kind));
    });
  }
  route('POST', '/api/v2/reservations', reserving(rear, calls, current.ask));
  route('POST', '/api/v2/transactions/:id/purchase', purchasing(rear, calls));

  route('GET', WELL_KNOWN, () => {
    const self = options.self();
    return self === undefined ? notReady() : json(writeDescription(self));
  });
  route('GET', DID_DOCUMENT, async () => json(writeDidDocument(rear.signer.did, await rear.signer.published())));
  route('POST', '/api/v2/reservations/release', release);
  route('GET', '/api/v2/contracts/:id', read);
  route('POST', '/api/v2/contracts/:id/signature', countersign);
  route('POST', '/api/v2/contracts/:id/renewal', renew);
  route('POST', '/api/v2/contracts/:id/terminate', terminate);
  route('POST', '/api/v2/contracts/:id/notice', notice);
  route('POST', '/api/v2/contracts/:id/credentials', credentials);
  route('POST', '/api/v2/contracts/:id/handover', handover);

  app.notFound(() => responseOf(unknownPath()));
  app.onError((error, context) => {
    options.log?.error({ error: error.message }, 'a REAR call failed');
    return responseOf(answerRefusal(refusalOf(error), context.req.header('accept')));
  });
  return app;
}

/** A FLUIDOS node says this of every query that it cannot read. */
function badQuery<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isFault(error) ? new Refusal(400, 'Error building the selector from the URL query parameters', error) : error;
  }
}
