import type { ContractTerms } from '../../domain/contract.ts';
import { Fault } from '../../domain/faults.ts';
import type { Flavor } from '../../domain/flavor.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Peer, PeerDescription, Peers } from '../../ports/peer.ts';
import { credentials, readContract } from '../../rear/contract.ts';
import * as extensions from '../../rear/extensions.ts';
import { readFlavors } from '../../rear/flavor.ts';
import { encode, firstJson } from '../../rear/json.ts';
import { firstIssue } from '../../rear/reading.ts';
import { readTransaction, writeReservation } from '../../rear/reservation.ts';
import { selectorOf, selectsSlice, writeSliceSelector } from '../../rear/selector.ts';
import { z } from 'zod';
import { keptDescriptions } from './descriptions.ts';
import { type Answer, baseUrl, exchange, unlessAborted } from './exchange.ts';
import { type Operation, refusal } from './refusals.ts';
import { openTurns } from './turns.ts';

/** Deadlines and bounds of calls to other nodes; times in milliseconds. */
export interface RearHttpLimits {
  readonly describeMs: number;
  readonly listMs: number;
  readonly reserveMs: number;
  readonly purchaseMs: number;
  /** A FLUIDOS seller sleeps twice 5 s in PURCHASE (section 4.2 of our notes): at least a minute. */
  readonly legacyPurchaseMs: number;
  readonly extensionMs: number;
  readonly keepDescriptionMs: number;
  /** Of LIST's answer, and of every other one. */
  readonly listBytes: number;
  readonly answerBytes: number;
}

const DEFAULT_REAR_LIMITS: RearHttpLimits = {
  describeMs: 3_000,
  listMs: 3_000,
  reserveMs: 8_000,
  purchaseMs: 20_000,
  legacyPurchaseMs: 90_000,
  extensionMs: 8_000,
  keepDescriptionMs: 60_000,
  listBytes: 2_097_152,
  answerBytes: 1_048_576,
};

/** Where failures are told, words last; pino's loggers fit. */
export interface RearHttpLog {
  debug(facts: object, words: string): void;
}

type Ask = (question: {
  readonly operation: Operation;
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly limitBytes?: number;
  /** Other callers wait for the same answer: our caller's signal must not end it. */
  readonly shared?: boolean;
}) => Promise<Answer>;

/** Reads an answer, or says that it is not REAR. */
function reading<T>(what: string, text: string, read: (value: unknown) => T): T {
  try {
    return read(firstJson(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? firstIssue(error) : error instanceof Error ? error.message.slice(0, 200) : 'unreadable';
    throw new Fault('PEER_LIED', `its answer is no ${what}: ${why}`);
  }
}

/** Other nodes over HTTP, in whichever dialect each speaks. */
export function httpPeers(input: { readonly clock: Clock; readonly limits?: Partial<RearHttpLimits>; readonly log?: RearHttpLog }): Peers {
  const limits: RearHttpLimits = { ...DEFAULT_REAR_LIMITS, ...input.limits };
  const described = keptDescriptions({ clock: input.clock, keepMs: limits.keepDescriptionMs });
  const turns = openTurns({ lastsMs: limits.reserveMs + limits.legacyPurchaseMs });

  return {
    at(address, options) {
      const base = (): string => baseUrl(address);
      const signal = options?.signal;
      const abortable = signal === undefined ? {} : { signal };
      const ask: Ask = async ({ operation, path, body, headers = {}, timeoutMs, limitBytes = limits.answerBytes, shared = false }) => {
        try {
          return await exchange({
            url: `${base()}${path}`,
            timeoutMs,
            limitBytes,
            ...(shared ? {} : abortable),
            ...(body === undefined
              ? { method: 'GET', headers }
              : { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: encode(body) }),
          });
        } catch (error) {
          if (error instanceof Fault) input.log?.debug({ address, operation, code: error.code, ...error.facts }, error.message);
          throw error;
        }
      };
      const lookUp = async (): Promise<PeerDescription> => {
        const answer = await ask({ operation: 'describe', path: extensions.WELL_KNOWN, timeoutMs: limits.describeMs, shared: true });
        // A FLUIDOS node has no such page.
        if (answer.status === 404) return { dialect: 'fluidos', extensions: [] };
        if (answer.status !== 200) throw refusal('describe', 'rearguard', answer);
        return { dialect: 'rearguard', ...reading('description', answer.text, extensions.readDescription) };
      };
      const describe = async (): Promise<PeerDescription> => await unlessAborted(described(base(), lookUp), signal);
      const calls = { ask, describe, limits };
      return {
        describe,
        ...listing(calls),
        ...trading({ ...calls, turns, now: input.clock.now, place: base, ...abortable }),
        ...extended(calls),
      };
    },
  };
}

interface Calls {
  readonly ask: Ask;
  readonly describe: () => Promise<PeerDescription>;
  readonly limits: RearHttpLimits;
}

const listing = ({ ask, describe, limits }: Calls): Pick<Peer, 'listFlavors'> => ({
  async listFlavors(request) {
    const { dialect } = await describe();
    const selector = request === undefined ? undefined : selectorOf(request);
    // A FLUIDOS node answers a selector with the wrong rows (quirk 2 of our notes): it is asked for everything.
    const path =
      selector === undefined || dialect === 'fluidos' ? '/api/v2/flavors' : `/api/v2/flavors/k8slice?${writeSliceSelector(selector)}`;
    const answer = await ask({ operation: 'list', path, timeoutMs: limits.listMs, limitBytes: limits.listBytes });
    if (answer.status === 204) return { flavors: [], unreadable: [] };
    if (answer.status !== 200) throw refusal('list', dialect, answer);
    const { flavors, unreadable } = reading('list of flavors', answer.text, readFlavors);
    const once = new Map<string, Flavor>();
    const twice: string[] = [];
    for (const flavor of flavors) {
      if (once.has(flavor.id)) twice.push(`${JSON.stringify(flavor.id)}: listed twice`);
      else if (selector === undefined || selectsSlice(selector, flavor)) once.set(flavor.id, flavor);
    }
    return { flavors: [...once.values()], unreadable: [...unreadable, ...twice] };
  },
});

interface Trading extends Calls {
  readonly turns: ReturnType<typeof openTurns>;
  readonly now: () => number;
  readonly place: () => string;
  readonly signal?: AbortSignal;
}

const trading = ({ ask, describe, limits, turns, now, place, signal }: Trading): Pick<Peer, 'reserve' | 'purchase'> => ({
  async reserve({ flavor, buyer, part, idempotencyKey }) {
    const { dialect } = await describe();
    const send = async (headers: Readonly<Record<string, string>>) => {
      const body = writeReservation({ flavor, buyer, part });
      const answer = await ask({ operation: 'reserve', path: '/api/v2/reservations', body, headers, timeoutMs: limits.reserveMs });
      if (answer.status !== 200) throw refusal('reserve', dialect, answer);
      return reading('transaction', answer.text, (value) => readTransaction(value, { flavor }));
    };
    if (dialect === 'rearguard') return await send({ 'idempotency-key': idempotencyKey });
    const wait = { timeoutMs: limits.reserveMs, ...(signal === undefined ? {} : { signal }) };
    const turn = await turns.take({ place: `${place()} ${flavor}`, key: idempotencyKey, ...wait });
    try {
      const transaction = await send({});
      turn.transaction = transaction.id;
      return transaction;
    } catch (error) {
      // After a lost answer the seller may hold a transaction of ours: nobody else of us may be given it.
      if (error instanceof Fault && error.code !== 'PEER_TIMEOUT') turn.free();
      throw error;
    }
  },
  async purchase({ transaction, buyer }) {
    const { dialect } = await describe();
    const fluidos = dialect === 'fluidos';
    try {
      const answer = await ask({
        operation: 'purchase',
        path: `/api/v2/transactions/${encodeURIComponent(transaction)}/purchase`,
        body: fluidos ? {} : extensions.writeBuyer(buyer),
        timeoutMs: fluidos ? limits.legacyPurchaseMs : limits.purchaseMs,
      });
      if (answer.status !== 200) throw refusal('purchase', dialect, answer);
      const context = { receivedAt: new Date(now()).toISOString() };
      const read = reading('contract', answer.text, (value) => readContract(value, context));
      const wrong = strangeness(read.terms, { transaction, buyer, credentialsFor: read.credentials.clusterId });
      if (wrong !== undefined) throw new Fault('PEER_LIED', `its contract is not ours: ${wrong}`, { contract: read.terms.id });
      return read;
    } finally {
      turns.ofTransaction(transaction)?.free();
    }
  },
});

/** What shows, without knowing what was asked for, that an answer is no contract of ours; `checkContract` looks at the rest. */
function strangeness(
  terms: ContractTerms,
  asked: {
    readonly transaction: string;
    readonly buyer: { readonly id: string; readonly clusterId?: string };
    readonly credentialsFor: string;
  },
): string | undefined {
  if (terms.transaction !== asked.transaction) return 'another transaction';
  if (terms.buyer.id !== asked.buyer.id) return 'another buyer';
  if (asked.buyer.clusterId !== undefined && terms.buyerCluster !== asked.buyer.clusterId) return 'another cluster of ours';
  return terms.sellerCluster === asked.credentialsFor ? undefined : 'credentials of another cluster';
}

const extended = ({
  ask,
  describe,
  limits,
}: Calls): Pick<Peer, 'release' | 'terminate' | 'readContract' | 'notifyEnd' | 'refreshCredentials'> => {
  /** Asks in an extension; what the node does not announce is not sent. */
  const extension = async (name: (typeof extensions.EXTENSIONS)[number], path: string, body?: object): Promise<Answer> => {
    const { dialect, extensions: known } = await describe();
    if (!known.includes(name)) throw new Fault('PEER_REFUSED', `it knows no ${name}`, { unsupported: name, dialect });
    const answer = await ask({ operation: 'extension', path, timeoutMs: limits.extensionMs, ...(body === undefined ? {} : { body }) });
    if (answer.status < 200 || answer.status > 204) throw refusal('extension', dialect, answer);
    return answer;
  };
  const at = (contract: string): string => `/api/v2/contracts/${encodeURIComponent(contract)}`;
  return {
    async release({ buyer, idempotencyKey }) {
      await extension('release', '/api/v2/reservations/release', extensions.writeRelease(buyer, idempotencyKey));
    },
    async terminate({ contract, buyer, ending }) {
      await extension('terminate', `${at(contract)}/terminate`, extensions.writeTermination(buyer, ending));
    },
    async readContract(contract) {
      const { text } = await extension('contract', at(contract));
      return reading('state of a contract', text, extensions.readContractState);
    },
    async notifyEnd({ contract, ending }) {
      await extension('notice', `${at(contract)}/notice`, { ending });
    },
    async refreshCredentials({ contract, buyer }) {
      const { text } = await extension('credentials', `${at(contract)}/credentials`, extensions.writeBuyer(buyer));
      return reading('set of credentials', text, (value) => credentials.parse(value));
    },
  };
};
