/** Where a question goes to a node that says nothing of TLS: never in clear once it answered over TLS, whatever somebody on the way makes fail. */
import { beforeEach, expect, test } from 'vitest';
import { type Dial, type PeerTls, dialling } from '../../src/adapters/rear-http/dialling.ts';
import { Fault } from '../../src/domain/faults.ts';
import { withKnownNodes } from '../../src/runtime/peer-tls.ts';
import { handClock } from '../fakes/samples.ts';

const HOUR_MS = 3_600_000;
const NODE = 'south.example:3004';
const clock = handClock();
let dial: Dial;
let speaks: 'https:' | 'http:' | 'nothing';
let asked: string[];
beforeEach(() => {
  dial = dialling({ clock });
  speaks = 'https:';
  asked = [];
});

const ask = async (method: 'GET' | 'POST', address = NODE): Promise<string> =>
  await dial(address, { method, stranger: true }, async ({ base }) => {
    const { protocol } = new URL(base);
    asked.push(`${method} ${protocol}`);
    if (speaks === protocol) return 'answered';
    // A server of TLS closes a connection in clear; one in clear answers what is no TLS.
    throw new Fault('PEER_UNREACHABLE', 'nobody answers there', { cause: protocol === 'http:' ? 'ECONNRESET' : 'EPROTO' });
  }).catch((error: Fault) => error.code);

test('a question finds TLS, and what follows stays there', async () => {
  expect([await ask('GET'), await ask('POST'), await ask('GET', 'South.Example.:3004')]).toEqual(['answered', 'answered', 'answered']);
  expect(asked).toEqual(['GET http:', 'GET https:', 'POST https:', 'GET https:']);
});

test('somebody on the way who makes TLS fail gets nothing in clear: not for an hour after its last answer', async () => {
  await ask('GET');
  clock.advance(HOUR_MS - 1);
  await ask('GET');
  speaks = 'http:';
  asked = [];
  for (let n = 0; n < 3; n += 1) {
    expect([await ask('GET'), await ask('POST')]).toEqual(['PEER_UNREACHABLE', 'PEER_UNREACHABLE']);
    clock.advance(HOUR_MS / 3 - 1);
  }
  expect(new Set(asked)).toEqual(new Set(['GET https:', 'POST https:']));
  // A node that went back to plain HTTP is found again.
  clock.advance(10);
  expect([await ask('GET'), await ask('POST')]).toEqual(['answered', 'answered']);
});

test('what may not be sent twice is sent once, where the last answer came from', async () => {
  speaks = 'nothing';
  expect(await ask('POST')).toBe('PEER_UNREACHABLE');
  expect(asked).toEqual(['POST http:']);
});

test('whom any process of ours added as https:// is asked so at once and within a second of it; while that cannot be read nobody is asked in clear', async () => {
  let table: readonly string[] = [`https://South.Example:3004`];
  let reads = 0;
  let away = false;
  const overTls = async (): Promise<readonly string[]> => {
    reads += 1;
    if (away) throw new Fault('STORE_UNAVAILABLE', 'away');
    return table;
  };
  const none: PeerTls = { isKnown: () => false, of: () => ({}) };
  dial = dialling({ clock, tls: withKnownNodes(none, { overTls, clock }) });
  const other = 'west.example:3004';
  expect([await ask('POST'), await ask('POST')]).toEqual(['answered', 'answered']);
  expect([asked.splice(0), reads]).toEqual([['POST https:', 'POST https:'], 1]);
  speaks = 'http:';
  expect([await ask('POST'), await ask('POST', other)]).toEqual(['PEER_UNREACHABLE', 'answered']);
  table = [`https://${other}`];
  clock.advance(1_000);
  asked = [];
  // One that was removed, since it was added so by mistake, and one that was added.
  expect([await ask('POST'), await ask('POST', other)]).toEqual(['answered', 'PEER_UNREACHABLE']);
  expect(asked.splice(0)).toEqual(['POST http:', 'POST https:']);
  clock.advance(1_000);
  away = true;
  expect([await ask('GET'), await ask('POST', other)]).toEqual(['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE']);
  expect(asked).toEqual([]);
  away = false;
  expect(await ask('POST')).toBe('answered');
});
