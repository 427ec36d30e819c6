import type { AcquisitionId, ContractId } from './ids.ts';

/** Somebody who needs the peering with one cluster: a contract, in one direction. */
export interface PeeringUser {
  readonly contract: ContractId;
  /** `sold`: we are its seller and keep the tenant; `bought`: we are its buyer and keep the remote identity. */
  readonly direction: 'sold' | 'bought';
  /** Of the buyer's side: whose stored credentials may serve. */
  readonly acquisition?: AcquisitionId;
  /** The workflow that gets the answer. */
  readonly replyTo: string;
  /** Who joins found what it needs standing: the tenant, and waits for no answer; or the identity, which then need not be looked at. */
  readonly stands?: boolean;
}

/** An answer, and the workflow that gets it. */
export interface PeeringAnswer {
  readonly replyTo: string;
  readonly report: PeeringReport;
}

/** The peering's answer to one user. */
export interface PeeringReport {
  readonly contract: ContractId;
  readonly state: 'ready' | 'left' | 'failed';
  readonly detail?: string;
}
