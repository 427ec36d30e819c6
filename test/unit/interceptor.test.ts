/** How a fault of an activity reaches Temporal. */
import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { faultInterceptor } from '../../activities/interceptor.ts';
import { Fault } from '../../src/domain/faults.ts';

const failing = (fault: unknown) => Promise.reject(fault);
async function failureOf(fault: unknown): Promise<unknown> {
  const { inbound } = faultInterceptor({} as never);
  return await inbound?.execute?.({} as never, () => failing(fault)).catch((failure: unknown) => failure);
}
const busy = (retryAfterSeconds?: number) =>
  new Fault('TOO_MANY_REQUESTS', 'too often', { ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) });

test.each([
  ['as it says', 7, 7_000],
  ['not for ever, whatever it says', 86_400, 15_000],
  ['as always where it says nothing', undefined, undefined],
  ['as always where it wants no pause: it would be asked without end', 0, undefined],
])('whoever was asked too often is asked again: %s', async (_, seconds, delay) => {
  const failure = await failureOf(busy(seconds));
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ type: 'TOO_MANY_REQUESTS', nonRetryable: false });
  expect((failure as ApplicationFailure).nextRetryDelay).toBe(delay);
});

test('a bug is none of our faults, and stays what it is', async () => {
  const bug = new TypeError('x is not a function');
  expect(await failureOf(bug)).toBe(bug);
});
