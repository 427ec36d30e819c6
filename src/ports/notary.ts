import type { Agreement, AgreementSignature } from '../domain/agreement.ts';
import type { Contract, ContractTerms } from '../domain/contract.ts';

/** Signs contracts as this node, and knows whether another node's signature counts. Also faults of {@link Signer} and {@link PeerKeys}. */
export interface Notary {
  /** The seller's signature under its terms. */
  sign(terms: ContractTerms): Promise<Agreement>;
  /** The same, our own signature made anew where its key is not shown any more: whoever is told it looks for that key. What needs none is answered as it is. */
  signAnew(agreement: Agreement): Promise<Agreement>;
  /** The buyer's signature beside the seller's: over these very terms, by a key that the seller shows at its own address; else PEER_LIED. */
  countersign(input: { readonly terms: ContractTerms; readonly agreement: Agreement }): Promise<Agreement>;
  /** Whether a buyer's signature is over what the seller signed, by a key that the buyer shows at its own address; else BUYER_REFUSED. */
  checkBuyer(input: {
    readonly terms: ContractTerms;
    readonly agreement: Agreement;
    readonly signature: AgreementSignature;
  }): Promise<void>;
  /** The buyer's signature under a later end of a signed contract. */
  proposeRenewal(input: { readonly contract: Contract; readonly until: string }): Promise<Agreement>;
  /** The seller's signature beside the buyer's: under that end and what it follows from, by a key that the buyer shows; else BUYER_REFUSED. */
  grantRenewal(input: { readonly contract: Contract; readonly until: string; readonly proposed: Agreement }): Promise<Agreement>;
  /** Whether both signed that end: the seller by a key that it shows at its own address; else PEER_LIED. */
  checkRenewal(input: { readonly contract: Contract; readonly until: string; readonly granted: Agreement }): Promise<void>;
}
