import { ApplicationFailure } from '@temporalio/workflow';
import type { NodeFacts } from '../../activities/configuration.ts';
import type { Home } from '../../activities/intent.ts';
import type { Intent } from '../../src/domain/intent.ts';
import { observing, reading } from '../proxies.ts';

/** What an intent's workflow is opened with. */
export interface Admitted {
  readonly facts: NodeFacts;
  readonly intent: Intent;
  /** Absent when our own API server did not say in time. */
  readonly home?: Home;
}

/**
 * Phase 1: the document in lowest terms, and whether it fits at home. A plain Temporal client may have started us, so it is validated here too; every wrong field
 * is named. By a local activity, so that what it decided stands in the history (docs/decisions/0005).
 */
export async function admit(document: unknown, workflowId: string): Promise<Admitted> {
  const { facts, verdict } = await reading.openIntent({ document, now: Date.now() });
  if ('problems' in verdict) {
    const words = verdict.problems.map(({ field, problem }) => `${field}: ${problem}`).join('; ');
    throw ApplicationFailure.create({ type: 'INTENT_INVALID', message: words, nonRetryable: true, details: [verdict.problems] });
  }
  const { intent, home } = verdict;
  const expected = `intent/${intent.name}`;
  if (workflowId !== expected) {
    throw ApplicationFailure.create({
      type: 'INTENT_INVALID',
      message: `start this intent with the workflow id ${expected}, not ${workflowId}`,
      nonRetryable: true,
    });
  }
  return { facts, intent, ...(home && { home }) };
}

/** Whether it fits at home. Where our own API server did not say at once it is asked for as long as somebody waits, and `waiting` is told. */
export async function atHome({ intent: { request }, home }: Admitted, waiting: () => void): Promise<Home> {
  if (home) return home;
  waiting();
  return await observing.lookAtHome({ request });
}
