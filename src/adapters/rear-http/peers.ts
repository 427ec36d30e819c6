import { Fault } from '../../domain/faults.ts';
import type { Flavor } from '../../domain/flavor.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Peer, PeerDescription, Peers } from '../../ports/peer.ts';
import type { Turns } from '../../ports/turns.ts';
import { credentials } from '../../rear/contract.ts';
import * as extensions from '../../rear/extensions.ts';
import { readFlavors } from '../../rear/flavor.ts';
import { encode } from '../../rear/json.ts';
import { selectorOf, selectsSlice, writeSliceSelector } from '../../rear/selector.ts';
import { type Ask, type Calls, DEFAULT_REAR_LIMITS, type RearHttpLimits, type RearHttpLog, reading } from './calls.ts';
import { keptDescriptions } from './descriptions.ts';
import { type Answer, baseUrl, exchange, unlessAborted } from './exchange.ts';
import { refusal } from './refusals.ts';
import { trading } from './trading.ts';
import { localTurns } from './turns.ts';

/** Other nodes over HTTP, in whichever dialect each speaks. */
export function httpPeers(input: {
  readonly clock: Clock;
  readonly limits?: Partial<RearHttpLimits>;
  readonly log?: RearHttpLog;
  /** Shared by all our processes that buy; of this one alone when absent. */
  readonly turns?: Turns;
  /** Where to dial for the address of a stranger (`host:port`), or the fault why we do not; as it stands when absent. */
  readonly strangersPlace?: (address: string) => Promise<string>;
}): Peers {
  const limits: RearHttpLimits = { ...DEFAULT_REAR_LIMITS, ...input.limits };
  const described = keptDescriptions({ clock: input.clock, keepMs: limits.keepDescriptionMs });
  const turns = input.turns ?? localTurns(input.clock);

  return {
    at(address, options) {
      const base = (): string => baseUrl(address);
      const signal = options?.signal;
      const abortable = signal === undefined ? {} : { signal };
      const { strangersPlace } = input;
      const guarded = options?.stranger === true ? strangersPlace : undefined;
      const ask: Ask = async ({ operation, path, body, headers = {}, timeoutMs, limitBytes = limits.answerBytes, shared = false }) => {
        try {
          const place = guarded === undefined ? base() : baseUrl(await guarded(address));
          return await exchange({
            url: `${place}${path}`,
            // Whoever shares a machine with others is found by its name.
            ...(guarded !== undefined && { host: address }),
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
      const describe: Peer['describe'] = async ({ fresh } = {}) => await unlessAborted(described(base(), lookUp, fresh), signal);
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

const extended = ({
  ask,
  describe,
  limits,
  turns,
}: Calls & { readonly turns: Turns }): Pick<Peer, 'release' | 'terminate' | 'readContract' | 'notifyEnd' | 'refreshCredentials'> => {
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
      // First: of a seller that is away, or knows no release, the next of ours may buy all the same.
      await turns.free({ key: idempotencyKey });
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
