import { base64url } from 'jose';
import type { AgreementSignature } from '../../domain/agreement.ts';
import { didOf, ownerOfKey } from '../../domain/did.ts';
import type { NodeIdentity } from '../../domain/flavor.ts';
import { type PeerRules, countsKey, ruleFor } from '../../domain/peer-policy.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import type { Notary } from '../../ports/notary.ts';
import type { PeerKeys, Signer } from '../../ports/signer.ts';
import { agreementPayload, keyIdOf, signatureHolds, toSign } from '../../rear/agreement.ts';
import { renewalPayload } from '../../rear/renewal.ts';

/** Contracts signed with this node's own keys; others' keys are those that they show at the addresses which the terms name, and that the operator did not rule out. */
export function notary(input: {
  readonly signer: Signer;
  readonly peerKeys: PeerKeys;
  /** The keys that the operator lets count of each node; every one that its address shows when absent. */
  readonly policy?: PeerRules;
}): Notary {
  const { signer, peerKeys, policy = { rules: [], otherwise: 'signed' } } = input;
  const signature = async (payload: string): Promise<AgreementSignature> => {
    // The header names the key and is signed by it: which key signs is asked for first.
    const [present] = await signer.published();
    if (!present) throw new Fault('KEYS_UNAVAILABLE', 'this node has no key that signs');
    const { protected: header, bytes } = toSign(payload, present.kid);
    const signed = await signer.sign(bytes);
    if (signed.kid !== present.kid) return await signature(payload);
    return { protected: header, header: { jwk: present.jwk }, signature: base64url.encode(signed.signature) };
  };
  /** Why a signature cannot be that node's, whatever keys it shows; `undefined` when it can. */
  const strangeness = async (
    payload: string,
    { id, domain, address }: NodeIdentity,
    shown: AgreementSignature,
  ): Promise<string | undefined> => {
    const kid = keyIdOf(shown);
    if (kid === undefined || ownerOfKey(kid)?.did !== didOf(address)) return `the key is not one of ${address}`;
    if (!countsKey(ruleFor(policy, { id, domain, address }), kid)) return 'the key is none of those that are pinned for this node';
    return (await signatureHolds(payload, shown)) === 'holds' ? undefined : 'the signature is not over these terms';
  };
  const isShown = async (address: string, stranger: boolean, shown: AgreementSignature): Promise<boolean> =>
    (await peerKeys.find({ address, kid: keyIdOf(shown) ?? '', stranger }))?.x === shown.header.jwk.x;
  const checkShown = async (address: string, shown: AgreementSignature): Promise<void> => {
    const there = await isShown(address, true, shown).catch((error: unknown) => {
      if (!isFault(error)) throw error;
      return false;
    });
    // Whoever bought named the address: what is there is not told to it (decision 0055).
    if (!there) throw new Fault('KEYS_UNAVAILABLE', 'this key is not to be had where its id says at the moment', { why: 'key' });
  };

  return {
    async sign(terms) {
      const payload = agreementPayload(terms);
      return { payload, signatures: [await signature(payload)] };
    },
    async signAnew(agreement) {
      const { payload, signatures } = agreement;
      const ours = signatures.find((each) => ownerOfKey(keyIdOf(each) ?? '')?.did === signer.did);
      if (!ours || (await signer.published()).some(({ kid }) => kid === keyIdOf(ours))) return agreement;
      const anew = await signature(payload);
      return { payload, signatures: signatures.map((each) => (each === ours ? anew : each)) };
    },
    async countersign({ terms, agreement: { payload, signatures } }) {
      const [sellers] = signatures;
      const lied = (why: string): Fault =>
        new Fault('PEER_LIED', `the contract is not signed by its seller: ${why}`, { contract: terms.id });
      if (payload !== agreementPayload(terms)) throw lied('what it signed is not what it says');
      if (!sellers) throw lied('there is no signature');
      const { address } = terms.seller;
      const why = await strangeness(payload, terms.seller, sellers);
      if (why !== undefined) throw lied(why);
      if (!(await isShown(address, false, sellers))) throw lied(`${address} shows no such key`);
      return { payload, signatures: [sellers, await signature(payload)] };
    },
    async checkBuyer({ terms, agreement: { payload }, signature: shown }) {
      const why = await strangeness(payload, terms.buyer, shown);
      if (why !== undefined) throw new Fault('BUYER_REFUSED', `this is not the buyer's signature: ${why}`, { contract: terms.id });
      await checkShown(terms.buyer.address, shown);
    },
    async proposeRenewal({ contract, until }) {
      const payload = renewalPayload(contract, until);
      return { payload, signatures: [await signature(payload)] };
    },
    async grantRenewal({ contract, until, proposed }) {
      const { terms } = contract;
      const payload = renewalPayload(contract, until);
      const refuse = (why: string): Fault => new Fault('BUYER_REFUSED', `this renewal is not the buyer's: ${why}`, { contract: terms.id });
      const [buyers] = proposed.signatures;
      if (proposed.payload !== payload || !buyers) throw refuse('another end, or it follows from another document');
      const why = await strangeness(payload, terms.buyer, buyers);
      if (why !== undefined) throw refuse(why);
      await checkShown(terms.buyer.address, buyers);
      return { payload, signatures: [buyers, await signature(payload)] };
    },
    async checkRenewal({ contract, until, granted }) {
      const { terms } = contract;
      const payload = renewalPayload(contract, until);
      const lied = (why: string): Fault =>
        new Fault('PEER_LIED', `the renewal is not signed by the seller: ${why}`, { contract: terms.id });
      const [, sellers] = granted.signatures;
      if (granted.payload !== payload || !sellers) throw lied('another end than was asked for');
      const why = await strangeness(payload, terms.seller, sellers);
      if (why !== undefined) throw lied(why);
      const { address } = terms.seller;
      if (!(await isShown(address, false, sellers))) throw lied(`${address} shows no such key`);
    },
  };
}
