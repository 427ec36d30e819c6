/** The reason of a contract's end reaches whoever needs the contract: over the wire, through Temporal, into what ends for it. */
import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { faultInterceptor } from '../../activities/interceptor.ts';
import { refusal } from '../../src/adapters/rear-http/refusals.ts';
import { contractOver } from '../../src/domain/contract-over.ts';
import { contractId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { answerRefusal, refusalOf } from '../../src/http/rear/answers.ts';
import { failedBy } from '../../workflows/failures.ts';

const ended = (ending?: Ending) => contractOver({ terms: { id: contractId('c') } as never, ...(ending && { ending }) });
/** As a buyer's activity fails with it. */
const crossed = (body: unknown) =>
  refusal('extension', 'rearguard', { status: 409, type: 'application/problem+json', text: String(body), headers: {} } as never);
const asFailure = async (fault: unknown): Promise<unknown> => {
  const { inbound } = faultInterceptor({} as never);
  return await inbound?.execute?.({} as never, () => Promise.reject(fault)).catch((error: unknown) => error);
};
const heard = async (ending?: Ending) =>
  failedBy(await asFailure(crossed(answerRefusal(refusalOf(ended(ending)), 'application/problem+json').body)));

test('what a seller ended a contract for is what its buyer’s part ends for, with its words', async () => {
  expect(await heard({ reason: 'withdrawn-by-seller', detail: 'the rack is sold' })).toEqual({
    reason: 'withdrawn-by-seller',
    detail: 'CONTRACT_OVER: this contract is over: withdrawn-by-seller (the rack is sold)',
  });
});

test('a seller that does not say why, or says what nobody knows, leaves it at a failure', async () => {
  expect(await heard()).toEqual({ reason: 'failed', detail: 'CONTRACT_OVER: this contract is over' });
  const made = { code: 'CONTRACT_OVER', detail: 'over', endReason: 'because', endDetail: { a: 1 } };
  expect(failedBy(await asFailure(crossed(JSON.stringify(made))))).toEqual({ reason: 'failed', detail: 'CONTRACT_OVER: over' });
});

test('of no other fault a reason is taken', async () => {
  const made = { code: 'BUYER_REFUSED', detail: 'no', endReason: 'done' };
  expect(failedBy(await asFailure(crossed(JSON.stringify(made))))).toEqual({ reason: 'failed', detail: 'BUYER_REFUSED: no' });
  expect(failedBy(ApplicationFailure.create({ type: 'BUYER_REFUSED', message: 'no', details: [{ endReason: 'done' }] })).reason).toBe(
    'failed',
  );
});
