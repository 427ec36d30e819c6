import type { JournalEntry } from '../domain/journal.ts';
import type { AcquisitionId, ClusterId, ContractId, IntentName, TransactionId } from '../domain/ids.ts';
import type { Ending } from '../domain/reasons.ts';
import type { IntentRecord, IntentStatus } from '../domain/status.ts';
import type { PeeringAnswer, PeeringUser } from '../domain/peering.ts';

/** The running processes (Temporal). Faults: PROCESSES_UNAVAILABLE, NOT_FOUND. */
export interface Processes {
  /** Starts an intent; INTENT_EXISTS when one of that name lives with another document. Starting it again with the same document is success. */
  startIntent(input: { readonly name: IntentName; readonly document: unknown }): Promise<{ readonly created: boolean }>;
  /** Status, plan and journal of a living (or retained) workflow; undefined when there is none. */
  readIntent(name: IntentName): Promise<IntentRecord | undefined>;
  /** The status alone, for lists. */
  readStatus(name: IntentName): Promise<IntentStatus | undefined>;
  /**
   * Waits until something happened to an intent's workflow, or to one of its acquisitions, since the mark `after` was given; at most `timeoutMs`. Without
   * `after` it answers at once. `undefined` when there is no such workflow. A mark is opaque.
   */
  awaitIntent(
    name: IntentName,
    wait: { readonly after?: string; readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<{ readonly mark: string; readonly open: boolean } | undefined>;
  /** The attempts of an intent's present (or last) run, oldest first; NOT_FOUND. */
  acquisitionsOf(name: IntentName): Promise<readonly AcquisitionId[]>;
  /** Answers once the end is accepted; ended already is success. NOT_FOUND when nothing of that name was ever started. */
  endIntent(name: IntentName, ending: Ending): Promise<void>;
  retryTeardown(workflowId: string): Promise<void>;
  /** PURCHASE (`instance`: of a blueprint): starts or joins `contract/<transaction>` and waits until it is signed, at most `timeoutMs`. The contract's own faults come through. */
  purchase(
    sale: { readonly transaction: TransactionId; readonly buyer?: ClusterId; readonly instance?: boolean },
    timeoutMs: number,
  ): Promise<ContractId>;
  /**
   * Ends a contract at the seller's side. `by` (the buyer unless told otherwise) decides whether the other side is told; `seller-with-notice` tells it and lets the notice pass that was agreed on; `seller-alone` does not wait for it either, also
   * when the contract ends already. Over already is success.
   */
  endContract(transaction: TransactionId, ending: Ending, by?: 'buyer' | 'seller' | 'seller-with-notice' | 'seller-alone'): Promise<void>;
  /** A contract that we sold ends later than it did, in ms since the epoch. A hint: at its end it looks for itself. */
  noticeOfRenewal(transaction: TransactionId, expiresAt: number): Promise<void>;
  /** The buyer's side: what it holds is given back. Over already is success. */
  releaseAcquisition(acquisition: AcquisitionId, ending: Ending): Promise<void>;
  /** Tells an acquisition that its seller sent a notice of end; it looks for itself. */
  noticeToAcquisition(acquisition: AcquisitionId): Promise<void>;
  noticeOfSlice(transaction: TransactionId, what: 'offered' | 'gone'): Promise<void>;
  noticeOfNode(acquisition: AcquisitionId, ready: boolean): Promise<void>;
  noticeOfWorkload(intent: IntentName): Promise<void>;
  /** Signal-with-start of `peering/<peer>`. */
  joinPeering(peer: ClusterId, user: PeeringUser): Promise<void>;
  leavePeering(peer: ClusterId, user: PeeringUser): Promise<void>;
  /** The peering's word to one user; whoever is over needs it no more. */
  answerUser(answer: PeeringAnswer): Promise<void>;
  /** Open workflows, the newest 10,000, for windows and reports; `all` of them for whoever takes one that is not there for closed. `stuck`: of those alone that cannot undo something at the moment. */
  open(input?: { readonly all?: boolean; readonly stuck?: boolean }): Promise<readonly OpenProcess[]>;
  /** Whether a workflow of that id is running. */
  isOpen(workflowId: string): Promise<boolean>;
  /** Whether that run of an intent is going on; `runId` is the first execution run id, which its namespace carries. */
  runsIntent(name: IntentName, runId: string): Promise<boolean>;
  /** Whether the run of the intent that made this acquisition is going on; `true` where nobody can tell. */
  isWanted(acquisition: AcquisitionId): Promise<boolean>;
  /** Who uses the peering with a cluster, as its workflow knows them. */
  peeringUsers(peer: ClusterId): Promise<readonly PeeringUser[]>;
  journal(workflowId: string): Promise<readonly JournalEntry[]>;
}

export interface OpenProcess {
  readonly workflowId: string;
  readonly type: string;
  readonly startedAt: string;
  readonly phase?: string;
  /** Whom it deals with: a node's domain, or its cluster id. */
  readonly peer?: string;
  readonly stuck: boolean;
}
