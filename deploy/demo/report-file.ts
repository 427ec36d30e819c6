import fs from 'node:fs';
import path from 'node:path';
import type { JournalEntry } from '../../src/domain/journal.ts';
import type { Followed } from './following.ts';

/** One step of one workflow on one node. Times are RFC 3339. */
export interface ReportedStep extends Omit<JournalEntry, 'startedAt' | 'endedAt'> {
  readonly node: string;
  readonly workflow: string;
  readonly startedAt: string;
  readonly endedAt?: string;
}

/** How a scenario ended; `fulfilled` when it ended as told and left nothing behind. */
export interface Outcome {
  readonly key: string;
  readonly name: string;
  readonly outcome: 'fulfilled' | 'failed' | 'left-out';
  readonly detail?: string;
  /** Figures that were measured, in words. */
  readonly notes: readonly string[];
  readonly milliseconds: number;
  readonly steps: readonly ReportedStep[];
  readonly leaks: readonly string[];
}

/** Every step of what was followed, in the order of their beginning. */
export const stepsOf = (followed: readonly Followed[]): readonly ReportedStep[] =>
  followed
    .flatMap(({ node, workflowId, journal }) =>
      journal.map(({ startedAt, endedAt, ...entry }) => ({
        node,
        workflow: workflowId,
        ...entry,
        startedAt: new Date(startedAt).toISOString(),
        ...(endedAt !== undefined && { endedAt: new Date(endedAt).toISOString() }),
      })),
    )
    .sort((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0));

/** `{scenarios:[{name,outcome,steps,leaks}],versions}`; appears whole or not at all. */
export function writeReport(file: string, outcomes: readonly Outcome[], versions: Readonly<Record<string, string>>): void {
  const target = path.resolve(file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(`${target}.part`, `${JSON.stringify({ scenarios: outcomes, versions }, null, 2)}\n`);
  fs.renameSync(`${target}.part`, target);
}
