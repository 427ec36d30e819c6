import type { Timing } from '../src/domain/timing.ts';

/** Pauses between tries that double, so that what is away for long costs few events. */
export interface Pauses {
  /** The pause that is due now, in milliseconds. */
  readonly next: () => number;
  /** Something changed: begin with the shortest again. */
  readonly reset: () => void;
}

function openPauses(firstMs: number, mostMs: number): Pauses {
  let pause = firstMs;
  return {
    next() {
      const due = Math.min(pause, mostMs);
      pause = due * 2;
      return due;
    },
    reset() {
      pause = firstMs;
    },
  };
}

/** Between the tries of what is stuck. */
export const stuckPauses = ({ stuckPauseMs, stuckPauseMaxMs }: Timing): Pauses => openPauses(stuckPauseMs, stuckPauseMaxMs);
/** Between questions whose answer is wanted within minutes of the other side's return: ten at most, as a node is configured unless told otherwise. */
export const askingPauses = ({ stuckPauseMs, stuckPauseMaxMs }: Timing): Pauses =>
  openPauses(stuckPauseMs, Math.min(stuckPauseMaxMs, 20 * stuckPauseMs));
/** Before one asks after a child that one has heard nothing of. */
export const hearingPauses = ({ undoRoundMs, stuckPauseMaxMs }: Timing): Pauses =>
  openPauses(undoRoundMs, Math.max(undoRoundMs, stuckPauseMaxMs));
