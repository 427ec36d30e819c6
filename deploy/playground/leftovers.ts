import fs from 'node:fs';
import path from 'node:path';
import type { ProcessTable } from './guardian-messages.ts';
import { signal, stillRuns } from './process-identity.ts';
import { waitFor } from './wait.ts';

/** What is written down about the processes of a state folder, undefined when nothing is at work there. */
export function readProcesses(stateDir: string): ProcessTable | undefined {
  const file = path.join(stateDir, 'processes.json');
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as ProcessTable) : undefined;
}

/** Ends what a guardian that was itself killed left behind; throws when the guardian lives, since its stack is in use. */
export async function endLeftovers(stateDir: string): Promise<void> {
  const table = readProcesses(stateDir);
  if (!table) return;
  if (table.ending) await waitFor('the end of the playground before this one', 30, () => !stillRuns(table.guardian));
  if (stillRuns(table.guardian))
    throw new Error(`a playground runs in ${stateDir} already (process ${table.guardian.pid}); end it with \`npm run playground -- down\``);
  // it may have ended in order meanwhile
  const left = Object.values(table.processes).filter(stillRuns);
  for (const { pid } of left) signal(-pid, 'SIGKILL');
  await waitFor('the end of what a killed playground left', 10, () => left.every((process) => !stillRuns(process)));
  fs.rmSync(path.join(stateDir, 'processes.json'), { force: true });
}

/** Ends the playground of a state folder, whoever started it; false when none ran. */
export async function endPlayground(stateDir: string): Promise<boolean> {
  const table = readProcesses(stateDir);
  if (!table) return false;
  if (!stillRuns(table.guardian)) {
    await endLeftovers(stateDir);
    return true;
  }
  signal(table.guardian.pid, 'SIGTERM');
  await waitFor('the end of the playground', 30, () => !stillRuns(table.guardian));
  return true;
}
