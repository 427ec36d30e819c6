import type { Timing } from './timing.ts';

type Skew = Partial<Pick<Timing, 'clockSkewMs'>>;

/** When a seller ends a contract by its own clock: as much later as its buyer's may be behind. Milliseconds since the epoch; a run from before there was such a grace has none. */
export const endsAt = (expiresAt: number, { clockSkewMs = 0 }: Skew): number => expiresAt + clockSkewMs;

/** When a buyer stops to use what it bought: as much earlier as its clock may be behind, of a short contract no more than the last tenth. Milliseconds since the epoch. */
export const stopsAt = (expiresAt: number, boughtAt: number, { clockSkewMs = 0 }: Skew): number =>
  expiresAt - Math.min(clockSkewMs, Math.max(0, expiresAt - boughtAt) / 10);
