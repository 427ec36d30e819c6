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

/** Node's own `recursive` never comes back where no folder can be made, as below /proc. */
function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  fs.mkdirSync(folder);
}

/** Where a report is written before it appears; makes its folder. */
function partOf(file: string): { readonly target: string; readonly part: string } {
  const target = path.resolve(file);
  makeFolder(path.dirname(target));
  return { target, part: `${target}.part` };
}

/** Throws what writing a report there would; makes its folder. */
export function tryReport(file: string): void {
  const { part } = partOf(file);
  fs.writeFileSync(part, '');
  fs.rmSync(part);
}

/** `{scenarios:[{name,outcome,steps,leaks}],versions}`; appears whole or not at all. */
export function writeReport(file: string, outcomes: readonly Outcome[], versions: Readonly<Record<string, string>>): void {
  const { target, part } = partOf(file);
  fs.writeFileSync(part, `${JSON.stringify({ scenarios: outcomes, versions }, null, 2)}\n`);
  fs.renameSync(part, target);
}
