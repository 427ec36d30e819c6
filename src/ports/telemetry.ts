import type { AcquisitionId, ClusterId } from '../domain/ids.ts';

/** What a look at something that we hold found. */
export type Observation =
  | { readonly kind: 'node'; readonly acquisition: AcquisitionId; readonly ready: boolean }
  | {
      readonly kind: 'workload';
      readonly intent: string;
      readonly state: string;
      readonly pods: number;
      /** Absent at home. */
      readonly acquisition?: AcquisitionId;
      readonly seller?: ClusterId;
    };

/** Where observations of held places go: the log, at level debug. */
export interface Telemetry {
  /** Never throws and never waits: a look does not fail because nobody could note it. */
  observed(observation: Observation): void;
}
