import type { AcquisitionId, ClusterId, ContractId, TransactionId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Step } from '../../src/domain/saga.ts';

/** What a sale's steps read and learn. Its contract id derives from the transaction, so that a sale whose answer was lost can be taken back. */
export interface Sale {
  readonly transaction: TransactionId;
  readonly contract: ContractId;
  /** The workflow to which the peering answers. */
  readonly workflowId: string;
  readonly buyerCluster?: ClusterId;
  readonly buyerAddress?: string;
  readonly acquisition?: AcquisitionId;
  readonly hourly?: string;
  readonly tenantStands?: boolean;
  /** The sale joined the peering already. */
  readonly joined?: boolean;
  readonly expiresAt?: number;
  readonly renewable?: boolean;
  /** The notice that was agreed on, in milliseconds. */
  readonly noticeMs?: number;
  /** The notice that was given: why, and when it ends, in milliseconds since the epoch. */
  readonly notice?: { readonly ending: Ending; readonly endsAt: number };
  /** The buyer's slice was let in: from then on nothing that is said of a slice ends the contract. */
  readonly admitted?: boolean;
  readonly ending?: Ending;
}

export type SaleStep = Step<Sale>;
