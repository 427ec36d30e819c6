/** A seller that hears PURCHASE and says nothing for half a minute: how long a node waits for it, and what becomes of the call. Its clock is moved: nobody waits here. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { transactionId } from '../../src/domain/ids.ts';
import { PEER_LIMITS } from '../../src/runtime/peer-limits.ts';
import { buyerOf } from '../contracts/samples.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { handClock } from '../fakes/samples.ts';
import { codeOf } from '../fakes/signing-nodes.ts';

/** How long such a seller is silent, and after how long whoever buys is ended anyway, ms. */
const SILENCE_MS = 30_000;
const BUYING_MS = 15_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** South buys of a seller of our dialect that hears PURCHASE and does not answer; what that came to so far, and whether it was heard. */
async function buyOfSilent() {
  let isHeard = (): void => undefined;
  const heard = new Promise<void>((resolve) => {
    isHeard = resolve;
  });
  const { address, close } = await strangeServer((request, response) => {
    if (request.url === '/.well-known/rear')
      response.end(JSON.stringify({ protocol: 'REAR', version: '2.0.0', dialect: 'rearguard', extensions: [] }));
    else isHeard();
  });
  const peer = httpPeers({ clock: handClock(), limits: PEER_LIMITS }).at(address);
  let outcome = 'waits';
  const call = codeOf(peer.purchase({ transaction: transactionId('5f-1'), buyer: buyerOf('south') })).then((code) => {
    outcome = code;
  });
  await heard;
  return { call, close, outcome: () => outcome };
}

test('a node gives a silent seller up long before that, and before it is ended itself, and says that it may have sold', async () => {
  const { purchaseMs } = PEER_LIMITS;
  expect(purchaseMs).toBeLessThan(Math.min(SILENCE_MS, BUYING_MS));
  const { call, close, outcome } = await buyOfSilent();
  try {
    await vi.advanceTimersByTimeAsync(purchaseMs - 1);
    expect(outcome()).toBe('waits');
    await vi.advanceTimersByTimeAsync(1);
    await call;
    expect(outcome()).toBe('PEER_TIMEOUT');
  } finally {
    await close();
  }
});
