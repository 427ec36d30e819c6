import fs from 'node:fs';
import path from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** The folder where `scripts/record-histories.mjs` gathers what the saga tests make. */
const FOLDER = process.env['RECORD_HISTORIES'];

/** Writes a history down while histories are recorded, as the SDK replays it from a file. */
export function recordHistory({ runId, history }: { readonly runId: string; readonly history: History }): void {
  if (FOLDER !== undefined) fs.writeFileSync(path.join(FOLDER, `${runId}.json`), historyToJSON(history));
}
