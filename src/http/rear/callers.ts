import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { comparedAddress, isSameAddress } from '../../domain/address.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import type { NodeIdentity } from '../../domain/flavor.ts';
import { countsKey, isElsewhere, isPinned, mustSign, type PeerNames, type PeerRule, ruleFor, waiverOf } from '../../domain/peer-policy.ts';
import type { PublicJwk } from '../../domain/did.ts';
import { isSignedBy } from '../../rear/ed25519.ts';
import { checkDigest, type Claimed, readRequestSignature } from '../../rear/signed-messages.ts';
import { refused } from '../../rear/signatures.ts';
import { readBody } from './body.ts';
import { type From, openSources } from './limit.ts';
import { boundedLookups } from './lookups.ts';
import { openRates } from './rates.ts';
import { isOurAuthority, requestParts } from './request-parts.ts';
import type { Rear } from './ports.ts';
import { unproven } from './told.ts';

/** A request whose signature, if it has one, fits it; who made it is not proven yet. */
export interface Call<T> {
  readonly data: T;
  readonly from: From;
}

export interface Caller {
  /** Who it says that it is. */
  readonly as: NodeIdentity;
  readonly from: From;
  /** Who it must be: the buyer of a reservation, a party of a contract. */
  readonly recorded?: NodeIdentity;
  /** It gives back, or tells of an end: a blocked node may do that too. */
  readonly parting?: boolean;
  /** A FLUIDOS node could have sent this. */
  readonly fluidos?: boolean;
}

/** Refused before anybody is asked for its keys: who it is, is not proven. */
function blocked({ id }: NodeIdentity): Fault {
  const fault = new Fault('BUYER_REFUSED', 'this node is blocked here');
  fault.cause = new Fault('BUYER_REFUSED', unproven(id));
  return fault;
}

/** Who may speak for which node. What costs nothing is looked at first, what asks a stranger last. */
export function callers(rear: Rear) {
  const { peerKeys, knownSigners, clock, options } = rear;
  const { policy, replay } = options;
  const sourceOf = openSources();
  const lookUp = boundedLookups();
  const rateOf = openRates(rear);

  /** Whoever calls names the address where we ask, and could look around in our own network by what we tell of it: it is told one thing, whatever is there; our log and audit know the rest, out of the cause. */
  const keyOf = async ({ address, kid }: Claimed, source: string | undefined): Promise<PublicJwk> => {
    try {
      return await lookUp(source, address, async () => {
        const found = await peerKeys.find({ address, kid, stranger: true });
        if (found === undefined) throw new Fault('KEYS_UNAVAILABLE', 'it shows no such key');
        return found;
      });
    } catch (error) {
      if (!isFault(error)) throw error;
      options.log?.info({ address, kid, code: error.code }, `a caller's key was not found: ${error.message}`);
      const untold = new Fault('KEYS_UNAVAILABLE', 'this key is not to be had where its id says at the moment', { why: 'key' });
      untold.cause = error;
      throw untold;
    }
  };

  /** Nothing proves an id or an address here: each is held against what we know of the other. */
  const unsigned = async (names: PeerNames, rule: PeerRule | undefined, { as, recorded, fluidos = false }: Caller): Promise<void> => {
    const moved = rule?.node !== undefined && rule.address !== undefined;
    checkPlace(as, as.address, moved ? undefined : recorded);
    if (mustSign(policy, as.id, rule)) throw refused('missing', 'this node must sign what it says');
    const waiver = waiverOf(rule);
    if (waiver === 'node') return;
    const expected = rule?.policy ?? (fluidos && options.legacyBuyers ? 'legacy' : fluidos ? 'signed' : policy.otherwise);
    if (expected === 'signed') throw refused('missing', 'this node must sign what it says');
    const at = names.address ? comparedAddress(names.address) : undefined;
    const known = { ...(at && (waiver === 'address' ? { except: at } : { address: at })), ...(as.id && { nodeId: as.id }) };
    if (await knownSigners.signs(known)) throw refused('missing', 'this node signed before, and does no longer');
  };

  /** An id is where the operator says, and what is about an agreement comes from where it was made. */
  const checkPlace = ({ id }: NodeIdentity, address: string, recorded: NodeIdentity | undefined): void => {
    if (isElsewhere(policy, id, address)) throw refused('not-theirs', `${id} is not at ${address}`);
    if (recorded !== undefined && recorded.address !== '' && address !== '' && !isSameAddress(recorded.address, address)) {
      throw refused('not-theirs', 'it was agreed with a node at another address');
    }
  };

  return {
    /** Reads a body and its signature. SIGNATURE_REFUSED when that one can never count: old, moved here from elsewhere, of another body. */
    async read<T extends z.ZodType>(schema: T, incoming: IncomingMessage): Promise<Call<z.output<T>>> {
      const parts = requestParts(incoming);
      const claimed = readRequestSignature(parts, { now: clock.now(), ...replay }, true);
      if (claimed !== undefined && !isOurAuthority(parts.authority, options))
        throw refused('retargeted', `this is not ${parts.authority.slice(0, 100)}`);
      const { data, bytes } = await readBody(schema, incoming, options);
      const from = { source: sourceOf(incoming), remote: incoming.socket.remoteAddress ?? 'unknown' };
      if (claimed === undefined) return { data, from };
      checkDigest(parts.field, bytes);
      return { data, from: { ...from, claimed } };
    },
    /**
     * Lets in whoever may speak for that node. BUYER_REFUSED or SIGNATURE_REFUSED when not; KEYS_UNAVAILABLE when its keys cannot be had at the moment; TOO_MANY_REQUESTS when it spoke too often. Only what is
     * proven and new is counted, so that nobody uses up another's; what gives back is neither refused nor counted.
     */
    async admit(caller: Caller): Promise<void> {
      const { as, from, recorded, parting = false } = caller;
      const { claimed, source } = from;
      const rate = parting ? undefined : rateOf(as, from);
      const names = { id: as.id, domain: as.domain, address: as.address || claimed?.address };
      const rule = ruleFor(policy, names);
      if (rule?.policy === 'blocked' && !parting) throw blocked(as);
      if (claimed === undefined) {
        await rate?.check();
        await unsigned(names, rule?.policy === 'blocked' ? undefined : rule, caller);
        return await rate?.count();
      }
      const { address, kid, nonce, createdMs } = claimed;
      if (as.address !== '' && !isSameAddress(as.address, address))
        throw refused('not-theirs', `${address} signs for a node at ${as.address}`);
      const pinned = isPinned(policy, as.id, address);
      checkPlace(as, address, pinned ? undefined : recorded);
      if (!countsKey(rule, kid)) throw refused('key', 'this key does not count for this node');
      if (!isSignedBy(await keyOf(claimed, source), claimed.base, claimed.bytes))
        throw refused('forged', 'the signature is not by that key');
      await rate?.check();
      const keepMs = createdMs + replay.pastMs - clock.now() + 1_000;
      await knownSigners.heard({
        address: comparedAddress(address),
        ...(as.id !== '' && { nodeId: as.id }),
        pinned,
        ...(nonce !== undefined && { nonce: { value: nonce, keepMs } }),
      });
      await rate?.count();
    },
  };
}
export type Callers = ReturnType<typeof callers>;
