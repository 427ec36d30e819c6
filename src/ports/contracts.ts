import type { Agreement, AgreementSignature } from '../domain/agreement.ts';
import type { Allocation, Contract, ContractRole, ContractTerms, EndNotice } from '../domain/contract.ts';
import type { AcquisitionId, ContractId, TransactionId } from '../domain/ids.ts';
import type { ByTime, Page, PageOf } from '../domain/pages.ts';
import type { Ending } from '../domain/reasons.ts';

/** Contracts and allocations, of both roles. */
export interface Contracts {
  /** The buyer's side: stores a bought contract and its inactive allocation of type VirtualNode. Idempotent; PEER_LIED when that id is another contract's, or was signed with other terms. */
  storeBought(input: { readonly terms: ContractTerms; readonly acquisition: AcquisitionId; readonly agreement?: Agreement }): Promise<void>;
  /** The seller's side: the buyer's signature beside its own; the first one stays. `false` when no sale of ours has that payload. */
  countersign(input: { readonly contract: ContractId; readonly payload: string; readonly signature: AgreementSignature }): Promise<boolean>;
  /** The seller's side: its signature made anew under the same terms of a living sale. Nothing where the buyer signed beside the old one: both keep that. */
  signAnew(input: { readonly contract: ContractId; readonly agreement: Agreement }): Promise<void>;
  /**
   * A later end of a living contract, by what both signed: as its renewal number `number`, counted from 1. `false` when it ends already, or that number is not the next one; the same document again is success.
   */
  renew(input: {
    readonly contract: ContractId;
    readonly role: ContractRole;
    readonly number: number;
    readonly renewal: Agreement;
    /** RFC 3339. */
    readonly until: string;
  }): Promise<boolean>;
  /** The seller's side: active → ending at its end, unless it was renewed beyond `expiresAt` (ms since the epoch); then it answers its later end. */
  lapse(input: { readonly contract: ContractId; readonly expiresAt: number; readonly ending: Ending }): Promise<string | undefined>;
  /** Written to a living contract, of either role; the first notice stays, and no renewal follows it. */
  giveNotice(input: { readonly contract: ContractId; readonly notice: EndNotice }): Promise<void>;
  get(contract: ContractId): Promise<Contract | undefined>;
  ofTransaction(transaction: TransactionId): Promise<Contract | undefined>;
  ofAcquisition(acquisition: AcquisitionId): Promise<Contract | undefined>;
  /** All of them, newest first; only the living ones do not grow for ever. */
  list(filter?: ContractFilter): Promise<readonly Contract[]>;
  page(of: PageOf<ByTime> & ContractFilter): Promise<Page<Contract, ByTime>>;
  /** What these sales and acquisitions of ours are about, over or not: as much as is asked for, however many there ever were. */
  ofProcesses(processes: {
    readonly sales: readonly TransactionId[];
    readonly acquisitions: readonly AcquisitionId[];
  }): Promise<readonly Contract[]>;
  /** active → ending; the first ending wins. */
  markEnding(input: { readonly contract: ContractId; readonly ending: Ending }): Promise<void>;
  /** The buyer's side: contract over, allocation released. */
  markOver(input: { readonly contract: ContractId; readonly ending: Ending }): Promise<void>;
  /** inactive → active (a released one stays released). */
  activate(contract: ContractId): Promise<void>;
  /** All of them, those of the newest contracts first; released ones too unless told otherwise. */
  allocations(filter?: AllocationFilter): Promise<readonly Allocation[]>;
  allocationPage(of: PageOf<ByTime> & AllocationFilter): Promise<Page<Allocation, ByTime>>;
}
interface ContractFilter {
  readonly role?: ContractRole;
  readonly living?: boolean;
}
type AllocationFilter = Pick<ContractFilter, 'living'>;
