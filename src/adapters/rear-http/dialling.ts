import { bareAddress, comparedAddress } from '../../domain/address.ts';
import { Fault } from '../../domain/faults.ts';
import type { Clock } from '../../ports/clock.ts';
import { baseUrl } from './exchange.ts';
import type { TlsMaterial } from './secure.ts';

export type { TlsMaterial };

/** What TLS towards other nodes stands on. */
export interface PeerTls {
  /** Whether a node (`host:port`, in lower case) is known to be asked over TLS. While that cannot be found out it is asked nothing: the fault is the question's. */
  isKnown(address: string): boolean | Promise<boolean>;
  /** Whom we believe there, and what we show. The same object until it changes: connections are kept by it. */
  of(address: string): TlsMaterial;
}
const SYSTEM_ROOTS: TlsMaterial = {};
const PLAIN: PeerTls = { isKnown: () => false, of: () => SYSTEM_ROOTS };

/**
 * How long a stranger that answered over TLS is asked over nothing else, ms, counted from its last answer: much longer than a description of it is kept, before which nothing is sent that
 * may not be sent twice. Somebody on the way can make TLS fail: that alone must not have us say in clear what was meant for it.
 */
const LEARNT_MS = 3_600_000;
const MOST_LEARNT = 5_000;
/** Nodes that answered somebody who asked them as `https://`, which only operators do: as many as anybody adds. */
const MOST_SECURE = 5_000;

/** What a server of TLS does with plain HTTP: it closes the connection, or answers what is none. */
const LIKE_TLS = new Set(['ECONNRESET', 'EPIPE']);
const likeTls = (error: unknown): boolean =>
  error instanceof Fault && (LIKE_TLS.has(String(error.facts['cause'])) || String(error.facts['cause']).startsWith('HPE_'));

/** Where a question goes, and what its exchange needs for it. */
export interface Place {
  /** The base of its URL. */
  readonly base: string;
  readonly options: { readonly host?: string; readonly tls?: TlsMaterial };
}

/** Asks a node at the place where it is found. May ask twice: a GET that found no plain HTTP. */
export type Dial = <T>(
  address: string,
  question: { readonly method: 'GET' | 'POST'; readonly stranger?: boolean },
  ask: (place: Place) => Promise<T>,
) => Promise<T>;

/**
 * Finds nodes by their addresses: `https://host:port`, and those that are known so, over TLS alone, every other one in clear as REAR has it. A node that a question in clear
 * cannot reach, but one over TLS can, is asked so from then on, until it was silent for an hour: strangers announce `host:port`, whatever they speak there.
 */
export function dialling(input: {
  readonly clock: Clock;
  readonly tls?: PeerTls;
  /** Where to dial for the address of a stranger (`host:port`), or the fault why we do not; as it stands when absent. */
  readonly strangersPlace?: (address: string) => Promise<string>;
}): Dial {
  const { clock, tls = PLAIN, strangersPlace } = input;
  /** Never asked in clear again, by whatever name, also when nobody knows it so any more: whoever sits on the way would show other keys for a node that is trusted over TLS. */
  const secure = new Set<string>();
  const learnt = new Map<string, number>();
  const learn = (bare: string): void => {
    learnt.delete(bare);
    learnt.set(bare, clock.now() + LEARNT_MS);
    const [oldest] = learnt.keys();
    if (learnt.size > MOST_LEARNT && oldest !== undefined) learnt.delete(oldest);
  };

  return async (address, { method, stranger = false }, ask) => {
    const bare = comparedAddress(address);
    const overTls = address !== bareAddress(address);
    const guarded = stranger && strangersPlace !== undefined ? await strangersPlace(bare) : undefined;
    const at = (tlsThere: boolean): Place => ({
      base: baseUrl(guarded ?? bare, tlsThere),
      options: {
        // Whoever shares a machine with others is found by its name.
        ...(guarded !== undefined && { host: bare }),
        ...(tlsThere && { tls: tls.of(bare) }),
      },
    });
    if (overTls || secure.has(bare) || (await tls.isKnown(bare))) {
      const answer = await ask(at(true));
      // Not sooner: who added a node so by mistake adds it anew in clear.
      if (overTls && secure.size < MOST_SECURE) secure.add(bare);
      return answer;
    }
    if ((learnt.get(bare) ?? 0) > clock.now()) {
      const answer = await ask(at(true));
      learn(bare);
      return answer;
    }
    try {
      return await ask(at(false));
    } catch (error) {
      if (method !== 'GET' || !likeTls(error)) throw error;
      const answer = await ask(at(true)).catch((untrusted: unknown) => {
        throw speaksTls(untrusted) ? untrusted : error;
      });
      learn(bare);
      return answer;
    }
  };
}

/** TLS is spoken there, and fails: worth more to whoever reads it than that plain HTTP is not. */
const speaksTls = (error: unknown): boolean => error instanceof Fault && error.facts['tls'] === true;
