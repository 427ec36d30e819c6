/** A buyer says where it wants to hear of a contract's end: under whatever name, that is neither our own machine nor where clouds say who we are. */
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { dialling } from '../../src/adapters/rear-http/dialling.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { contractId } from '../../src/domain/ids.ts';
import type { AddressRules, Resolve } from '../../src/domain/forbidden-addresses.ts';
import { callbackPlace } from '../../src/http/rear/callback.ts';
import { resolveName } from '../../src/runtime/resolve-name.ts';
import { codeOf } from '../contracts/peer-harness.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { handClock } from '../fakes/samples.ts';

const named =
  (...addresses: readonly string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('where a buyer’s name leads', () => {
  test.each([
    ['buyer.example:3004', named('192.0.2.7'), '192.0.2.7:3004'],
    ['buyer.example', named('192.0.2.7', '192.0.2.8'), '192.0.2.7'],
    ['buyer.example:1', named('2001:db8::7', '192.0.2.7'), '192.0.2.7:1'],
    ['buyer.example:1', named('2001:db8::7'), '[2001:db8::7]:1'],
    ['192.0.2.9:3004', named('127.0.0.1'), '192.0.2.9:3004'],
  ])('%s', async (address, resolve, place) => expect(await callbackPlace(address, { loopback: false, resolve })).toBe(place));

  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.8.8.8', '169.254.169.254', '0.0.0.0', 'fe80::1%eth0'])(
    'nowhere, when one of its addresses is %s',
    async (address) =>
      await expect(callbackPlace('localtest.me:5432', { loopback: false, resolve: named('192.0.2.7', address) })).rejects.toMatchObject({
        code: 'PEER_REFUSED',
      }),
  );

  test('our own machine, when we are there ourselves', async () => {
    expect(await callbackPlace('localtest.me:1', { loopback: true, resolve: named('127.0.0.1') })).toBe('127.0.0.1:1');
    await expect(callbackPlace('meta.example:1', { loopback: true, resolve: named('169.254.169.254') })).rejects.toMatchObject({
      code: 'PEER_REFUSED',
    });
  });

  test.each<[string, Resolve]>([
    ['has no address', named()],
    ['is not known', () => Promise.reject(new Error('ENOTFOUND'))],
  ])(
    'nobody is reached when it %s',
    async (_, resolve) =>
      await expect(callbackPlace('gone.example:1', { loopback: true, resolve })).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' }),
  );
});

describe('what a buyer hears', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  /** A buyer on this machine under a name, and what it was asked with which name. */
  async function buyer() {
    const heard: string[] = [];
    const { address, close } = await strangeServer((request, response) => {
      heard.push(`${request.headers.host} ${request.url}`);
      response.end(JSON.stringify({ protocol: 'REAR', version: '2.0.0', dialect: 'rearguard', extensions: ['notice'] }));
    });
    closing.push(close);
    return { heard, port: address.split(':')[1] ?? '' };
  }
  const tell = async (address: string, rules: AddressRules, stranger: boolean): Promise<void> => {
    const strangersPlace = (at: string): Promise<string> => callbackPlace(at, { ...rules, resolve: named('127.0.0.1') });
    const peer = httpPeers({ clock: handClock(), dial: dialling({ clock: handClock(), strangersPlace }) }).at(address, { stranger });
    await peer.notifyEnd({ contract: contractId('c-1'), ending: { reason: 'drained' } });
  };

  test('comes to the number that was looked at, under the name that it gave', async () => {
    const { heard, port } = await buyer();
    await tell(`buyer.example:${port}`, { loopback: true }, true);
    expect(heard).toEqual([`buyer.example:${port} /.well-known/rear`, `buyer.example:${port} /api/v2/contracts/c-1/notice`]);
  });

  test.each([
    ['sends it elsewhere', (response: ServerResponse) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), 'PEER_LIED'],
    ['answers without end', (response: ServerResponse) => void response.write('x'.repeat(100_000)), 'PEER_LIED'],
    ['trickles', (response: ServerResponse) => void response.write('x'), 'PEER_TIMEOUT'],
    ['hangs up', (response: ServerResponse) => void response.destroy(), 'PEER_UNREACHABLE'],
    ['says nothing', () => undefined, 'PEER_TIMEOUT'],
    ['speaks no HTTP', (response: ServerResponse) => void response.socket?.end('hello\r\n\r\n'), 'PEER_LIED'],
  ])('is bounded when a buyer %s', async (_, answer, code) => {
    const { address, close } = await strangeServer((__, response) => answer(response));
    closing.push(close);
    const peers = httpPeers({
      clock: handClock(),
      limits: { describeMs: 300, answerBytes: 50_000 },
      dial: dialling({ clock: handClock(), strangersPlace: (at) => callbackPlace(at, { loopback: true, resolve: resolveName }) }),
    });
    expect(await codeOf(peers.at(address, { stranger: true }).describe())).toBe(code);
  });

  test('does not come to our own machine, whose own known nodes are asked all the same', async () => {
    const { heard, port } = await buyer();
    expect(await codeOf(tell(`localtest.me:${port}`, { loopback: false }, true))).toBe('PEER_REFUSED');
    expect(await codeOf(tell(`127.0.0.1:${port}`, { loopback: false }, true))).toBe('PEER_REFUSED');
    expect(heard).toEqual([]);
    await tell(`127.0.0.1:${port}`, { loopback: false }, false);
    expect(heard).toHaveLength(2);
  });
});
