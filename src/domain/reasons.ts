import { z } from 'zod';

/** The closed list of reasons why anything ends. Users and both sides of a contract see them. */
export const END_REASONS = [
  'done',
  'ended-by-user',
  'expired',
  'budget',
  'deadline',
  'withdrawn-by-seller',
  'drained',
  'breach',
  'buyer-absent',
  'superseded',
  'operator',
  'failed',
] as const;

export const EndReason = z.enum(END_REASONS);
export type EndReason = z.infer<typeof EndReason>;

/** Why something ended, with the fault's code and words where there was one. */
export interface Ending {
  readonly reason: EndReason;
  readonly detail?: string;
}
