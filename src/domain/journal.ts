/** The six phases of the reference architecture. */
export const PHASES = ['intent', 'discovery', 'reservation', 'peering', 'usage', 'teardown'] as const;
export type Phase = (typeof PHASES)[number];

/** One step as it happened: what the journal query, the demo's report and a person at night read. */
export interface JournalEntry {
  readonly step: string;
  readonly phase: Phase;
  readonly direction: 'do' | 'undo';
  /** Of a compensation: what our own side can do alone, or what may have to wait for the peer. */
  readonly side?: 'here' | 'there';
  /** Milliseconds since the epoch, workflow time. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** `stopped`: told to, by whoever wants no more of it; what it may have done is undone. */
  readonly outcome: 'running' | 'done' | 'failed' | 'stopped';
  /** A fault's code and words, or what was reached. */
  readonly detail?: string;
}
