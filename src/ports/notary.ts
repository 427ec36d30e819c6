import type { Agreement, AgreementSignature } from '../domain/agreement.ts';
import type { ContractTerms } from '../domain/contract.ts';

/** Signs contracts as this node, and knows whether another node's signature counts. Also faults of {@link Signer} and {@link PeerKeys}. */
export interface Notary {
  /** The seller's signature under its terms. */
  sign(terms: ContractTerms): Promise<Agreement>;
  /** The buyer's signature beside the seller's: over these very terms, by a key that the seller shows at its own address; else PEER_LIED. */
  countersign(input: { readonly terms: ContractTerms; readonly agreement: Agreement }): Promise<Agreement>;
  /** Whether a buyer's signature is over what the seller signed, by a key that the buyer shows at its own address; else BUYER_REFUSED. */
  checkBuyer(input: {
    readonly terms: ContractTerms;
    readonly agreement: Agreement;
    readonly signature: AgreementSignature;
  }): Promise<void>;
}
