import { bareAddress, comparedAddress } from '../../domain/address.ts';
import { Fault } from '../../domain/faults.ts';
import type { BlueprintRequest, Dialect } from '../../domain/candidate.ts';
import type { Flavor } from '../../domain/flavor.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Peer, PeerDescription, Peers } from '../../ports/peer.ts';
import type { Turns } from '../../ports/turns.ts';
import { credentials } from '../../rear/contract.ts';
import * as extensions from '../../rear/extensions.ts';
import { readFlavors } from '../../rear/flavor.ts';
import { encode } from '../../rear/json.ts';
import { isLookedFor, selectorOf, selectsSlice, writeSliceSelector } from '../../rear/selector.ts';
import { type Ask, type Calls, DEFAULT_REAR_LIMITS, type RearHttpLimits, type RearHttpLog, reading } from './calls.ts';
import { keptDescriptions } from './descriptions.ts';
import { type Dial, dialling } from './dialling.ts';
import { type Answer, baseUrl, exchange, unlessAborted } from './exchange.ts';
import { refusal } from './refusals.ts';
import { trading } from './trading.ts';
import { type Outgoing, signs, type Trust, trusting } from './trust.ts';
import { localTurns } from './turns.ts';

/** Other nodes over HTTP, in whichever dialect each speaks. */
export function httpPeers(input: {
  readonly clock: Clock;
  readonly limits?: Partial<RearHttpLimits>;
  readonly log?: RearHttpLog;
  /** Shared by all our processes that buy; of this one alone when absent. */
  readonly turns?: Turns;
  /** How a node is found at its address; in clear where nothing else stands there when absent. */
  readonly dial?: Dial;
  /** Our own key, and what we ask of others'; who has none reads what everybody may read. */
  readonly trust?: Trust;
}): Peers {
  const limits: RearHttpLimits = { ...DEFAULT_REAR_LIMITS, ...input.limits };
  const described = keptDescriptions({ clock: input.clock, keepMs: limits.keepDescriptionMs });
  const dial = input.dial ?? dialling({ clock: input.clock });
  const turns = input.turns ?? localTurns(input.clock);
  const trust = input.trust && trusting(input.trust, input.clock);

  return {
    at(address, options) {
      const bare = comparedAddress(address);
      const base = (): string => baseUrl(bare);
      const signal = options?.signal;
      const abortable = signal === undefined ? {} : { signal };
      const called = { address: bare, stranger: options?.stranger === true };
      /** Asks, signed by us when we have a key and it cares; what becomes of the answer is the caller's. */
      const send = async (
        question: Parameters<Ask>[0],
        withTrust: boolean,
      ): Promise<{ readonly answer: Answer; readonly outgoing?: Outgoing }> => {
        const {
          operation,
          path,
          body,
          headers = {},
          timeoutMs,
          limitBytes = limits.answerBytes,
          shared = false,
          anonymous = false,
        } = question;
        const request =
          body === undefined
            ? { method: 'GET' as const, headers }
            : { method: 'POST' as const, headers: { 'content-type': 'application/json', ...headers }, body: encode(body) };
        const bounds = { timeoutMs, limitBytes, ...(shared ? {} : abortable) };
        try {
          return await dial(address, { ...request, stranger: called.stranger }, async ({ base: place, options: how }) => {
            const url = `${place}${path}`;
            const named = { ...request, url, anonymous, ...(how.host !== undefined && { authority: how.host }) };
            const outgoing = withTrust && trust ? await trust.outgoing(named) : undefined;
            const answer = await exchange({ ...request, ...how, ...bounds, ...(outgoing && { headers: outgoing.headers }), url });
            return { answer, ...(outgoing && { outgoing }) };
          });
        } catch (error) {
          throw told(error, operation);
        }
      };
      const told = (error: unknown, operation: string): unknown => {
        if (error instanceof Fault) input.log?.debug({ address, operation, code: error.code, ...error.facts }, error.message);
        return error;
      };
      const ask: Ask = async (question) => {
        const described = trust && (await describe());
        if (described && question.parting !== true) trust.checkBlocked(bare, described);
        const { answer, outgoing } = await send(question, described !== undefined && signs(described));
        try {
          if (described && outgoing) await trust?.checkAnswer(answer, outgoing, called, described);
          return answer;
        } catch (error) {
          throw told(error, question.operation);
        }
      };
      const lookUp = async (): Promise<PeerDescription> => {
        const question = {
          operation: 'describe',
          path: extensions.WELL_KNOWN,
          timeoutMs: limits.describeMs,
          shared: true,
          anonymous: true,
        } as const;
        const { answer, outgoing } = await send(question, true);
        if (answer.status !== 404 && answer.status !== 200) throw refusal('describe', 'rearguard', answer);
        // A FLUIDOS node has no such page.
        const found: PeerDescription =
          answer.status === 404
            ? { dialect: 'fluidos', extensions: [] }
            : { dialect: 'rearguard', ...reading('description', answer.text, extensions.readDescription) };
        if (outgoing) await trust?.checkDescription(found, answer, outgoing, called);
        return found;
      };
      const describe: Peer['describe'] = async ({ fresh } = {}) =>
        await unlessAborted(described(baseUrl(bare, address !== bareAddress(address)), lookUp, fresh), signal);
      const calls = { ask, describe, limits };
      return {
        describe,
        ...listing(calls),
        ...trading({ ...calls, turns, now: input.clock.now, place: base, ...(input.log && { log: input.log }), ...abortable }),
        ...extended({ ...calls, turns }),
      };
    },
  };
}

/** Where blueprints are listed; FLUIDOS nodes have services alone. */
const BLUEPRINTS = { service: '/api/v2/flavors/service', vm: '/api/v2/flavors/vm', sensor: '/api/v2/flavors/sensors' } as const;

const KINDS: ReadonlySet<string> = new Set(Object.values(BLUEPRINTS));

const listing = ({ ask, describe, limits }: Calls): Pick<Peer, 'listFlavors'> => {
  const listed = async (path: string, dialect: Dialect, takes: (flavor: Flavor) => boolean): ReturnType<Peer['listFlavors']> => {
    const answer = await ask({ operation: 'list', path, timeoutMs: limits.listMs, limitBytes: limits.listBytes, anonymous: true });
    // A node that has no such kind knows no such path.
    if (answer.status === 204 || (answer.status === 404 && KINDS.has(path))) return { flavors: [], unreadable: [] };
    if (answer.status !== 200) throw refusal('list', dialect, answer);
    const { flavors, unreadable } = reading('list of flavors', answer.text, readFlavors);
    const once = new Map<string, Flavor>();
    const twice: string[] = [];
    for (const flavor of flavors) {
      if (once.has(flavor.id)) twice.push(`${JSON.stringify(flavor.id)}: listed twice`);
      else if (takes(flavor)) once.set(flavor.id, flavor);
    }
    return { flavors: [...once.values()], unreadable: [...unreadable, ...twice] };
  };
  const blueprints = async (request: BlueprintRequest, dialect: Dialect): ReturnType<Peer['listFlavors']> => {
    if (dialect === 'fluidos' && request.kind !== 'service') return { flavors: [], unreadable: [] };
    return await listed(BLUEPRINTS[request.kind], dialect, (flavor) => isLookedFor(request, flavor));
  };
  return {
    async listFlavors(request) {
      const { dialect } = await describe();
      if (request !== undefined && 'kind' in request) return await blueprints(request, dialect);
      const selector = request === undefined ? undefined : selectorOf(request);
      // A FLUIDOS node answers a selector with the wrong rows (quirk 2 of our notes): it is asked for everything.
      const path =
        selector === undefined || dialect === 'fluidos' ? '/api/v2/flavors' : `/api/v2/flavors/k8slice?${writeSliceSelector(selector)}`;
      return await listed(path, dialect, (flavor) => selector === undefined || selectsSlice(selector, flavor));
    },
  };
};

const PARTING: ReadonlySet<string> = new Set(['release', 'terminate', 'contract', 'notice']);

const extended = ({
  ask,
  describe,
  limits,
  turns,
}: Calls & { readonly turns: Turns }): Pick<
  Peer,
  'countersign' | 'release' | 'terminate' | 'readContract' | 'notifyEnd' | 'renew' | 'refreshCredentials' | 'handover'
> => {
  /** Asks in an extension; what the node does not announce is not sent. */
  const extension = async (name: (typeof extensions.EXTENSIONS)[number], path: string, body?: object): Promise<Answer> => {
    const { dialect, extensions: known } = await describe();
    if (!known.includes(name)) throw new Fault('PEER_REFUSED', `it knows no ${name}`, { unsupported: name, dialect });
    const parting = PARTING.has(name);
    const answer = await ask({
      operation: 'extension',
      path,
      timeoutMs: limits.extensionMs,
      parting,
      ...(body === undefined ? {} : { body }),
    });
    if (answer.status < 200 || answer.status > 204) throw refusal('extension', dialect, answer);
    return answer;
  };
  const at = (contract: string): string => `/api/v2/contracts/${encodeURIComponent(contract)}`;
  return {
    async release({ buyer, idempotencyKey }) {
      // First: of a seller that is away, or knows no release, the next of ours may buy all the same.
      await turns.free({ key: idempotencyKey });
      await extension('release', '/api/v2/reservations/release', extensions.writeRelease(buyer, idempotencyKey));
    },
    async countersign({ contract, buyer, signature }) {
      await extension('countersign', `${at(contract)}/signature`, extensions.writeCountersignature(buyer, signature));
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
    async renew({ contract, buyer, proposed }) {
      const { text } = await extension('renewal', `${at(contract)}/renewal`, extensions.writeRenewalRequest(buyer, proposed));
      return reading('renewal', text, extensions.readRenewal);
    },
    async refreshCredentials({ contract, buyer }) {
      const { text } = await extension('credentials', `${at(contract)}/credentials`, extensions.writeBuyer(buyer));
      return reading('set of credentials', text, (value) => credentials.parse(value));
    },
    async handover({ contract, buyer }) {
      const { text } = await extension('handover', `${at(contract)}/handover`, extensions.writeBuyer(buyer));
      return reading('handover', text, extensions.readHandover);
    },
  };
};
