import type { Candidate } from '../../src/domain/candidate.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import type { HostedBound } from '../../src/domain/hosted.ts';
import type { AcquisitionId, ClusterId, ContractId, TransactionId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Step } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';

/** What an acquisition is started with. */
export interface AcquisitionInput {
  readonly id: AcquisitionId;
  readonly candidate: Candidate;
  /** The intent's name, and the workflow that hears how it goes. */
  readonly intent: string;
  readonly replyTo: string;
  readonly self: NodeIdentity;
  readonly timing: Timing;
  /** Buying may begin the next steps too; absent in what an earlier release started. */
  readonly further?: true;
  /** Of a service: its name in the intent, the namespace where it is handed over, and what it may take where it is hosted here. */
  readonly service?: { readonly name: string; readonly namespace: string; readonly bound?: HostedBound };
  /** When the intent ends by itself, in milliseconds since the epoch. */
  readonly deadline?: number;
}

/** What its steps read and learn. */
export interface Acquisition {
  readonly id: AcquisitionId;
  readonly candidate: Candidate;
  /** The workflow to which the peering answers. */
  readonly workflowId: string;
  /** Buying may begin the next steps too. */
  readonly further?: true;
  readonly transaction?: TransactionId;
  readonly contract?: ContractId;
  /** When that was bought, or may have been, in milliseconds since the epoch. */
  readonly boughtAt?: number | undefined;
  readonly sellerCluster?: ClusterId;
  readonly identityStands?: boolean;
  /** What bought joined the peering too, and asked for the slice. */
  readonly joined?: true;
  readonly asked?: true;
  readonly expiresAt?: number;
  /** When a notice was heard that leaves little time, in milliseconds since the epoch. */
  readonly noticedAt?: number;
  readonly renewsForMs?: number;
  readonly node?: string;
  /** A service's Secret is there. */
  readonly handedOver?: boolean;
  readonly ending?: Ending;
  /** What stays at the seller, in words: a FLUIDOS node knows neither release nor termination. */
  readonly residue?: string;
}

export type AcquisitionStep = Step<Acquisition>;
