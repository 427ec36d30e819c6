import { randomBytes } from 'node:crypto';
import { comparedAddress, isSameAddress } from '../../domain/address.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import { countsKey, isElsewhere, isPinned, mustSign, type PeerRules, ruleFor, waiverOf } from '../../domain/peer-policy.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KnownSigners } from '../../ports/known-signers.ts';
import type { PeerDescription } from '../../ports/peer.ts';
import type { PeerKeys, Signer } from '../../ports/signer.ts';
import { isSignedBy } from '../../rear/ed25519.ts';
import { SIGNATURES } from '../../rear/extensions.ts';
import { ACCEPT_SIGNATURE, checkDigest, contentDigest, readResponseSignature, signRequest } from '../../rear/signed-messages.ts';
import type { RequestParts } from '../../rear/signatures.ts';
import { type Answer, retryAfter } from './exchange.ts';

/** As whom we call other nodes, and what we ask of them. */
export interface Trust {
  readonly signer: Pick<Signer, 'published' | 'sign'>;
  readonly peerKeys: PeerKeys;
  readonly knownSigners: KnownSigners;
  readonly policy: PeerRules;
  readonly replay: { readonly pastMs: number; readonly futureMs: number };
}

/** A node that we call. */
export interface Called {
  readonly address: string;
  readonly stranger: boolean;
}

/** A request as it goes out, and what its answer is checked against. */
export interface Outgoing {
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: RequestParts;
  readonly isSigned: boolean;
}

export const signs = ({ extensions }: Pick<PeerDescription, 'extensions'>): boolean => extensions.includes(SIGNATURES);

const lied = (words: string, facts: Fault['facts'] = {}): Fault => new Fault('PEER_LIED', words, facts);

/** What a signature's fault means of an answer. */
function asLie(error: unknown): unknown {
  if (!isFault(error) || error.code !== 'SIGNATURE_REFUSED') return error;
  return lied(`its answer is not what it signed: ${error.message}`, error.facts);
}

export function trusting({ signer, peerKeys, knownSigners, policy, replay }: Trust, clock: Clock) {
  /** Whether it is the node at that address, or where that one says it is, who signed this answer to this request. PEER_LIED when not. */
  const verify = async (
    answer: Answer,
    { parts, isSigned }: Outgoing,
    { address, stranger }: Called,
    { identity }: PeerDescription,
  ): Promise<void> => {
    const { status, field, bytes } = answer;
    const claimed = readResponseSignature({ request: parts, response: { status, field } }, { now: clock.now(), ...replay }, isSigned);
    if (claimed === undefined) throw unsigned(answer);
    checkDigest(field, bytes);
    const places = [address, ...(identity === undefined ? [] : [identity.address])];
    if (!places.some((place) => isSameAddress(place, claimed.address)))
      throw lied(`${claimed.address} signs its answer`, { why: 'not-theirs' });
    const rule = ruleFor(policy, { address: claimed.address, id: identity?.id, domain: identity?.domain });
    if (!countsKey(rule, claimed.kid)) throw lied('it signs with a key that does not count for it', { why: 'key' });
    const found = await peerKeys.find({
      address: claimed.address,
      kid: claimed.kid,
      stranger: stranger || !isSameAddress(address, claimed.address),
    });
    if (found === undefined) throw lied('it signs with a key that it does not show', { why: 'key' });
    if (!isSignedBy(found, claimed.base, claimed.bytes)) throw lied('its signature is not by its key', { why: 'forged' });
  };

  /** PEER_LIED when this is not the node's own answer to this request. */
  const checkAnswer = async (answer: Answer, outgoing: Outgoing, called: Called, described: PeerDescription): Promise<void> => {
    try {
      await verify(answer, outgoing, called, described);
    } catch (error) {
      throw asLie(error);
    }
  };

  return {
    /** PEER_REFUSED when the operator wants no trade with this node. */
    checkBlocked(address: string, { identity }: PeerDescription): void {
      if (ruleFor(policy, { address, id: identity?.id, domain: identity?.domain })?.policy !== 'blocked') return;
      throw new Fault('PEER_REFUSED', 'this node is blocked here', { address });
    },
    /** Signs a request, and asks for a signed answer. What is anonymous is not signed. */
    async outgoing(request: {
      readonly method: 'GET' | 'POST';
      readonly url: string;
      readonly authority?: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly anonymous: boolean;
    }): Promise<Outgoing> {
      const { protocol, host, pathname, search } = new URL(request.url);
      const digest = request.body === undefined ? {} : { 'content-digest': contentDigest(new TextEncoder().encode(request.body)) };
      const headers: Readonly<Record<string, string>> = { ...request.headers, ...digest, 'accept-signature': ACCEPT_SIGNATURE };
      const partsWith = (fields: Readonly<Record<string, string>>): RequestParts => ({
        method: request.method,
        authority: request.authority === undefined ? host : new URL(`${protocol}//${request.authority}`).host,
        target: `${pathname}${search}`,
        field: (name) => fields[name],
      });
      if (request.anonymous) return { headers, parts: partsWith(headers), isSigned: false };
      const made = { hasBody: request.body !== undefined, signer, createdMs: clock.now(), nonce: randomBytes(16).toString('base64url') };
      const signed = { ...headers, ...(await signRequest(partsWith(headers), made)) };
      return { headers: signed, parts: partsWith(signed), isSigned: true };
    },
    checkAnswer,
    /** Whether a node that describes itself so is traded with: PEER_REFUSED when the operator wants it otherwise, PEER_LIED when it is not who it says, or once signed and does no longer; PEER_UNREACHABLE when it did, and has no description now. */
    async checkDescription(described: PeerDescription, answer: Answer, outgoing: Outgoing, called: Called): Promise<void> {
      const { dialect, identity } = described;
      const { address } = called;
      const rule = ruleFor(policy, { address, id: identity?.id, domain: identity?.domain });
      if (signs(described)) {
        await checkAnswer(answer, outgoing, called, described);
        await remember(address, identity);
        return;
      }
      if (identity !== undefined && isElsewhere(policy, identity.id, identity.address))
        throw lied(`${identity.id} is not there`, { why: 'not-theirs' });
      const waiver = waiverOf(rule);
      if (waiver === 'node') return;
      // A blocked one may still be given back what we have of it.
      const expected = rule?.policy ?? (dialect === 'fluidos' ? 'legacy' : policy.otherwise);
      const at = comparedAddress(address);
      const spoke = await knownSigners.signs({
        ...(waiver === 'address' ? { except: at } : { address: at }),
        ...(identity && { nodeId: identity.id }),
      });
      // Not it, which would sign that too: a proxy that does not find it at the moment, for one.
      if (spoke && dialect === 'fluidos') throw unsigned(answer);
      if (expected === 'signed' || mustSign(policy, identity?.id, rule))
        throw new Fault('PEER_REFUSED', 'it does not sign what it says', { address });
      if (spoke) throw lied('it signed before, and does no longer', { why: 'missing' });
    },
  };

  async function remember(address: string, identity: PeerDescription['identity']): Promise<void> {
    const own = identity !== undefined && isSameAddress(identity.address, address);
    if (identity !== undefined && isElsewhere(policy, identity.id, identity.address))
      throw lied(`${identity.id} is not there`, { why: 'not-theirs' });
    try {
      await knownSigners.heard({
        address: comparedAddress(address),
        ...(own && { nodeId: identity.id, pinned: isPinned(policy, identity.id, address) }),
      });
    } catch (error) {
      throw isFault(error) && error.code === 'BUYER_REFUSED' ? lied(error.message, { why: 'not-theirs' }) : error;
    }
  }
}

/** What stands in between may answer for a node, but decides nothing: it is asked again later. */
function unsigned(answer: Answer): Fault {
  const { status } = answer;
  const facts = { status, why: 'missing', ...retryAfter(answer) };
  if (status === 504) return new Fault('PEER_TIMEOUT', 'somebody on the way to it gave up', facts);
  if (status === 404 || status === 429 || status >= 500)
    return new Fault('PEER_UNREACHABLE', `it answers ${status}, without a signature`, facts);
  return lied('its answer has no signature', facts);
}
