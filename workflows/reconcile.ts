import { setCurrentDetails } from '@temporalio/workflow';
import type { Reconciliation } from '../activities/reconcile.ts';
import { comparing } from './proxies.ts';

/** Started by a Temporal Schedule: derives again what is true from contracts, workflows and who answers; a lost event costs a minute, never a leak. */
export async function reconcile(): Promise<Reconciliation> {
  const found = await comparing.reconcile();
  setCurrentDetails(
    [
      ...found.mended.map((line) => `- mended: ${line}`),
      ...found.failed.map((line) => `- **could not be mended**: ${line}`),
      ...found.poked.map((id) => `- told to try again: ${id}`),
    ].join('\n') || 'Everything is as written.',
  );
  return found;
}
