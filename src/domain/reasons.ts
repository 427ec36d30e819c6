import { z } from 'zod';
import { END_REASONS } from './end-reasons.ts';

export const EndReason = z.enum(END_REASONS);
export type EndReason = z.infer<typeof EndReason>;

/** Why something ended, with the fault's code and words where there was one. */
export interface Ending {
  readonly reason: EndReason;
  readonly detail?: string;
}
