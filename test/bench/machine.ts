import os from 'node:os';

/** What a figure depends on besides our code. Load averages are those of 1, 5 and 15 minutes. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly startedAt: string;
  readonly loadAtStart: readonly number[];
}

export const thisMachine = (): Machine => ({
  cpu: os.cpus()[0]?.model ?? 'unknown',
  cores: os.cpus().length,
  node: process.version,
  startedAt: new Date().toISOString(),
  loadAtStart: os.loadavg(),
});
