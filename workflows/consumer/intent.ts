import { ApplicationFailure } from '@temporalio/workflow';
import { type Intent, reduceIntent } from '../../src/domain/intent.ts';
import { reading } from '../proxies.ts';

/** Phase 1: the document in lowest terms. A plain Temporal client may have started us, so it is validated here too; every wrong field is named. */
export function admit(document: unknown, workflowId: string, now: number): Intent {
  const reduced = reduceIntent(document, now);
  if ('problems' in reduced) {
    const words = reduced.problems.map(({ field, problem }) => `${field}: ${problem}`).join('; ');
    throw ApplicationFailure.create({ type: 'INTENT_INVALID', message: words, nonRetryable: true, details: [reduced.problems] });
  }
  const expected = `intent/${reduced.ok.name}`;
  if (workflowId !== expected) {
    throw ApplicationFailure.create({
      type: 'INTENT_INVALID',
      message: `start this intent with the workflow id ${expected}, not ${workflowId}`,
      nonRetryable: true,
    });
  }
  return reduced.ok;
}

/** Whether it fits at home, and why not. */
export async function fitsHere(intent: Intent): Promise<{ readonly fits: boolean; readonly detail: string }> {
  if (intent.placement === 'remote') return { fits: false, detail: 'the intent wants a remote place' };
  if (intent.workload.kind === 'namespace') return { fits: false, detail: 'a namespace is offloaded, not placed' };
  return await reading.fitsHere({ request: intent.request });
}
