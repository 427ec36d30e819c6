import { calculateJwkThumbprint } from 'jose';
import { comparedAddress } from '../../domain/address.ts';
import { type Did, type PublicJwk, didOf, ownerOfKey } from '../../domain/did.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PeerKeys } from '../../ports/signer.ts';
import { DID_DOCUMENT, readDidDocument } from '../../rear/did.ts';
import { reading } from './calls.ts';
import { type Dial, dialling } from './dialling.ts';
import { exchange } from './exchange.ts';
import { refusal } from './refusals.ts';

/** Of a document; a real one has some hundred bytes for each key. */
const LIMIT_BYTES = 65_536;
const TIMEOUT_MS = 3_000;
/** How long what a node shows counts, ms: a key that it takes back is believed for so long. */
const KEPT_MS = 60_000;
/** How often a stranger is asked again for a key that it did not show, ms: strangers name keys, and each could cost a question. Whom we asked ourselves is read afresh before we say that it shows no such key. */
const AGAIN_MS = 2_000;
/** Strangers fill it: so many nodes, and of each the keys that it shows first. */
const MOST = 500;
const MOST_KEYS = 16;

/** Whoever asked something else of the node, and met this on the way, has to be told of what it is. */
const ofDocument = (error: unknown): unknown =>
  isFault(error) ? new Fault(error.code, `its DID document: ${error.message}`, error.facts) : error;

interface Shown {
  readonly at: number;
  readonly keys: Promise<ReadonlyMap<string, PublicJwk>>;
}

/** Keys of other nodes, out of the DID documents at their own addresses. */
export function httpPeerKeys(input: {
  readonly clock: Clock;
  /** How a node is found at its address; in clear where nothing else stands there when absent. */
  readonly dial?: Dial;
}): PeerKeys {
  const { clock, dial = dialling({ clock }) } = input;
  const shown = new Map<string, Shown>();

  const ask = async (address: string, did: Did, stranger: boolean): Promise<ReadonlyMap<string, PublicJwk>> => {
    const question = { method: 'GET', timeoutMs: TIMEOUT_MS, limitBytes: LIMIT_BYTES } as const;
    const answer = await dial(
      address,
      { ...question, stranger },
      async ({ base, options }) => await exchange({ ...question, ...options, url: `${base}${DID_DOCUMENT}` }),
    ).catch((error: unknown) => {
      throw ofDocument(error);
    });
    if (answer.status === 404) return new Map();
    if (answer.status !== 200) throw ofDocument(refusal('describe', 'rearguard', answer));
    const keys = new Map<string, PublicJwk>();
    for (const { kid, jwk } of reading('DID document', answer.text, (value) => readDidDocument(value, did))) {
      if (keys.size < MOST_KEYS && kid === `${did}#${await calculateJwkThumbprint({ ...jwk })}`) keys.set(kid, jwk);
    }
    return keys;
  };
  const keysAt = async (address: string, kid: string, stranger: boolean): Promise<ReadonlyMap<string, PublicJwk>> => {
    const known = shown.get(address);
    const age = known ? clock.now() - known.at : Number.POSITIVE_INFINITY;
    if (known && age < KEPT_MS) {
      const kept = await known.keys;
      if (kept.has(kid) || (stranger && age < AGAIN_MS)) return kept;
      // Who missed a key at the same time read it afresh already, after we came.
      const now = shown.get(address);
      if (now && now !== known) return await now.keys;
    }
    const keys = ask(address, didOf(address), stranger);
    shown.delete(address);
    shown.set(address, { at: clock.now(), keys });
    const oldest = shown.keys().next();
    if (shown.size > MOST && oldest.done !== true) shown.delete(oldest.value);
    try {
      return await keys;
    } catch (error) {
      if (shown.get(address)?.keys === keys) shown.delete(address);
      throw error;
    }
  };

  return {
    async find({ address, kid, stranger = false }) {
      if (ownerOfKey(kid)?.address !== comparedAddress(address)) return undefined;
      return (await keysAt(address, kid, stranger)).get(kid);
    },
  };
}
