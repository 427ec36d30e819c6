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
