/** Everything that may be said to our workflows. Workflows, HTTP, CLI, activities and watches read this one page. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { PlanEntry, SilentNode } from '../src/domain/candidate.ts';
import type { JournalEntry } from '../src/domain/journal.ts';
import type { AcquisitionId, ClusterId, ContractId } from '../src/domain/ids.ts';
import type { PeeringReport, PeeringUser } from '../src/domain/peering.ts';
import type { Ending } from '../src/domain/reasons.ts';
import type { IntentStatus } from '../src/domain/status.ts';

/** Workflow types by name, for clients that do not import the workflows. */
export const workflowTypes = {
  intent: 'fulfilIntent',
  acquisition: 'acquireFlavor',
  service: 'acquireService',
  contract: 'serveContract',
  peering: 'peering',
  reconcile: 'reconcile',
} as const;

// --- every workflow ------------------------------------------------------------------------------------------------
/** Steps as they happened, oldest first. */
export const journal = defineQuery<readonly JournalEntry[]>('journal');
/** Tries at once again what is stuck; without anything stuck it does nothing. */
export const retryTeardown = defineUpdate<void, []>('retryTeardown');

// --- fulfilIntent ----------------------------------------------------------------------------------------------------
export const status = defineQuery<IntentStatus>('status');
/** Ranked candidates and why each was or was not taken. */
export const plan = defineQuery<{ readonly entries: readonly PlanEntry[]; readonly silent: readonly SilentNode[] }>('plan');
/** Answers as soon as the end is accepted; the unwinding goes on. */
export const end = defineUpdate<void, [Ending]>('end');
/** From a child. */
export const acquisitionReport = defineSignal<[AcquisitionReport]>('acquisitionReport');
/** From the shared watch: look again. */
export const workloadChanged = defineSignal('workloadChanged');

/** What an acquisition tells its intent. */
export interface AcquisitionReport {
  readonly acquisition: AcquisitionId;
  /**
   * `held`: virtual node Ready, or service handed over · `lost`: held, but its node is not Ready beyond the tolerance, or its contract is over · `undone-here`: nothing of it
   * is left that our side alone can undo (after a failure or a release) · `over`: both sides proved empty.
   */
  readonly state: 'held' | 'lost' | 'undone-here' | 'over';
  readonly contract?: ContractId;
  readonly sellerCluster?: ClusterId;
  readonly node?: string;
  /** When its contract was bought, or may have been, in milliseconds since the epoch: from then on it costs. */
  readonly boughtAt?: number;
  readonly ending?: Ending;
  /** Of one that is `lost`, but may be used until then, in milliseconds since the epoch: its seller does not go on. */
  readonly usableUntil?: number;
  /** What stays at a seller that has no message for an end, in words. */
  readonly residue?: string;
}

// --- acquireFlavor ---------------------------------------------------------------------------------------------------
/** The intent needs it no more. `eager`: the intent waits for our own side to be undone, to go on elsewhere. */
export const release = defineSignal<[Ending, { readonly eager: boolean }?]>('release');
/** A seller said that the contract ends: a hint, read back from the seller's pinned address. */
export const contractNotice = defineSignal('contractNotice');
/** From the shared watch. */
export const nodeChanged = defineSignal<[{ readonly ready: boolean }]>('nodeChanged');

// --- serveContract ---------------------------------------------------------------------------------------------------
/** Resolves once the contract is signed and its tenant stands; always asked with the update id {@link SIGNED_UPDATE_ID}. */
export const signed = defineUpdate<ContractId, []>('signed');
export const SIGNED_UPDATE_ID = 'signed';
/**
 * Ends the contract. `buyer`: it is done with it, and is not told · `seller`: the buyer is told, and its tenant kept until it is done · `seller-with-notice`: the same, after the
 * notice that was agreed on · `seller-alone`: told, and not waited for; said of a contract that ends already, it cuts that wait short.
 */
export const endContract = defineSignal<[{ readonly by: EndedBy; readonly ending: Ending }]>('endContract');
export type EndedBy = 'buyer' | 'seller' | 'seller-with-notice' | 'seller-alone';
/** Its buyer and we signed a later end, in milliseconds since the epoch. A hint: what was signed is in the table. */
export const renewed = defineSignal<[{ readonly expiresAt: number }]>('renewed');
/** From the shared watch: a slice that names this contract is there, or gone; the latter is only written down. */
export const sliceOffered = defineSignal('sliceOffered');
export const sliceGone = defineSignal('sliceGone');

// --- peering -----------------------------------------------------------------------------------------------------------
export const join = defineSignal<[PeeringUser]>('join');
export const leave = defineSignal<[PeeringUser]>('leave');
/** Who uses the peering at the moment. */
export const peeringUsers = defineQuery<readonly PeeringUser[]>('peeringUsers');
/** The peering's answer, to whoever joined or left. */
export const peeringReport = defineSignal<[PeeringReport]>('peeringReport');

// --- the Temporal UI ---------------------------------------------------------------------------------------------------
/** Custom search attributes; registered in each node's namespace at its first start. */
export const SEARCH_ATTRIBUTES = {
  RearguardPhase: 'Keyword',
  RearguardNode: 'Keyword',
  RearguardPeer: 'Keyword',
  RearguardContract: 'Keyword',
  RearguardHourlyCost: 'Double',
  RearguardStuck: 'Bool',
} as const;
