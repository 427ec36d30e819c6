import { z } from 'zod';
import { DEFAULT_TIMING, type Timing } from '../domain/timing.ts';

const milliseconds = (value: number, words: string) => z.number().int().min(1).max(31_536_000_000).default(value).describe(words);

const TIMING_WORDS: Record<keyof Timing, string> = {
  nodeAnswerMs: 'What one node may take to answer a discovery.',
  discoveryPauseMs: 'The pause before a discovery that found nothing is repeated; doubles.',
  discoveryPauseMaxMs: 'The longest such pause.',
  virtualNodeMs: 'From the slice to a Ready virtual node.',
  offloadMs: "Until the namespace's offloading is Ready.",
  workloadMs: 'From applying the workload until every pod runs.',
  hostingMs: 'Until what a blueprint makes is ready, its images pulled; then its contract ends.',
  nodeLostMs: 'How long a virtual node may be not Ready before the intent buys elsewhere.',
  buyerAbsentMs:
    'How long a seller waits for a slice of the buyer that its contract covers, or for its signature under the contract of an instance; then the contract ends.',
  peeringReadyMs: 'Until the `peering` workflow answers who joined.',
  undoRoundMs: 'One round of undoing; what is left after it is stuck.',
  stuckPauseMs: 'The pause between the rounds of what is stuck; doubles.',
  stuckPauseMaxMs: 'The longest such pause.',
  reconcileMs: 'How often tables, workflows and the cluster are compared, and what nobody looks after is taken up again.',
  pokeMs: 'How often what is stuck is told to try again while its peer answers.',
  lookMs: 'How often both sides of a contract look how it stands, though nothing was heard of it.',
  sellerGraceMs: "How long one side waits for the other's part in an ending that needs it.",
  buyerGoneMs:
    'How long a seller keeps tenant and replicated slice of an ended contract for a buyer whose own teardown still needs them; then it removes them alone.',
  clockSkewMs:
    "How far another node's clock may be from ours, the same at all nodes: so much later a seller ends a contract, and so much earlier its buyer stops to use it.",
  renewAheadMs:
    'How long before the end of a contract we ask its seller to renew it, a quarter of a renewal at most. Not answered in half of that time, the intent looks for another place.',
  shortestContractMs: 'What a contract has to last at least for us to buy it.',
};
const timingShape = Object.fromEntries(
  Object.entries(TIMING_WORDS).map(([name, words]) => [name, milliseconds(DEFAULT_TIMING[name as keyof Timing], words)]),
) as Record<keyof Timing, ReturnType<typeof milliseconds>>;

/** Every timing knob, with its default. */
export const timing = z.strictObject(timingShape);
