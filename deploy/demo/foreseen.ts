import fs from 'node:fs';
import { clusterView, usersKubeconfig } from './cluster.ts';
import type { Options } from './options.ts';
import { tryReport } from './report-file.ts';

/** Why the demo could not end as it was asked to, as far as that is known before anything is started; `undefined` when nothing speaks against it. */
export function foreseen({ report, contexts }: Pick<Options, 'report' | 'contexts'>): string | undefined {
  const names = contexts ? [contexts.consumer, ...contexts.providers] : [];
  return (report === undefined ? undefined : whyNotWritten(report)) ?? names.map(whyNotThere).find((why) => why !== undefined);
}

function whyNotThere(context: string): string | undefined {
  try {
    clusterView(usersKubeconfig(), context);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Tried, since rights alone say neither that a disk is read-only nor that it takes no folder. */
function whyNotWritten(file: string): string | undefined {
  try {
    if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()) return `--report ${file}: is a folder`;
    tryReport(file);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return `--report ${file}: cannot be written there (${code})`;
  }
}
