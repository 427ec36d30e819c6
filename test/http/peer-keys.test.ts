import { afterEach, beforeEach, expect, test } from 'vitest';
import { dialling } from '../../src/adapters/rear-http/dialling.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { didOf } from '../../src/domain/did.ts';
import { Fault } from '../../src/domain/faults.ts';
import { writeDidDocument } from '../../src/rear/did.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { handClock } from '../fakes/samples.ts';

const clock = handClock();
let node: RearNode;
let stranger: Awaited<ReturnType<typeof strangeServer>> | undefined;
beforeEach(async () => {
  node = await rearNode({ name: 'seller', clock });
});
afterEach(async () => {
  await node.close();
  await stranger?.close();
  stranger = undefined;
});

const kidOf = async (): Promise<string> => (await node.signer.published())[0]?.kid ?? '';

test('a node shows its keys at its own address; what it does not show is nobody’s', async () => {
  const keys = httpPeerKeys({ clock });
  const { address } = node.identity;
  const [shown] = await node.signer.published();
  expect(await keys.find({ address, kid: await kidOf() })).toEqual(shown?.jwk);
  expect(await keys.find({ address, kid: `${didOf(address)}#${'a'.repeat(43)}` })).toBeUndefined();
  expect(await keys.find({ address, kid: `${didOf('127.0.0.1:1')}#${'a'.repeat(43)}` })).toBeUndefined();
});

test('a new key is seen although the document is kept, and one that is taken back is gone within a minute', async () => {
  const keys = httpPeerKeys({ clock });
  const { address } = node.identity;
  const old = await kidOf();
  expect(await keys.find({ address, kid: old })).toBeDefined();
  clock.advance(2_000);
  const made = await node.signer.rotate({ overlapMs: 0 });
  expect(await keys.find({ address, kid: made.kid })).toEqual(made.jwk);
  clock.advance(60_000);
  expect(await keys.find({ address, kid: old })).toBeUndefined();
});

test('a node that signs with a new key a moment after its document was read is read afresh, and asked once by all who wait; strangers are not', async () => {
  const keys = httpPeerKeys({ clock });
  const { address } = node.identity;
  await keys.find({ address, kid: await kidOf() });
  const made = await node.signer.rotate({ overlapMs: 0 });
  expect(await keys.find({ address, kid: made.kid, stranger: true })).toBeUndefined();
  expect(await keys.find({ address, kid: made.kid })).toEqual(made.jwk);

  let asked = 0;
  stranger = await strangeServer((_, response) => {
    asked += 1;
    response.end(JSON.stringify(writeDidDocument(didOf(stranger?.address ?? ''), [])));
  });
  const [there, unknown] = [stranger.address, `${didOf(stranger.address)}#${'a'.repeat(43)}`];
  const finds = () => Promise.all([1, 2, 3].map(async () => await keys.find({ address: there, kid: unknown })));
  expect(await finds()).toEqual([undefined, undefined, undefined]);
  expect(asked).toBe(2);
  await finds();
  expect(asked).toBe(3);
});

test('a key whose id does not fit it is not believed', async () => {
  const [key] = await node.signer.published();
  stranger = await strangeServer((_, response) => {
    const did = didOf(stranger?.address ?? '');
    const kid = `${did}#${'a'.repeat(43)}`;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(writeDidDocument(did, key ? [{ ...key, kid }] : [])));
  });
  const { address } = stranger;
  expect(await httpPeerKeys({ clock }).find({ address, kid: `${didOf(address)}#${'a'.repeat(43)}` })).toBeUndefined();
});

test.each<[string, Parameters<typeof strangeServer>[0], RegExp]>([
  [
    'sends us elsewhere',
    (_, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    },
    /^its DID document: it sends us elsewhere/,
  ],
  [
    'never ends',
    (_, response) => {
      const more = (): void => void (response.write('x'.repeat(16_384)) ? setImmediate(more) : response.once('drain', more));
      more();
    },
    /^its DID document: the answer is larger than 65536 bytes, if it ends at all$/,
  ],
  ['is no JSON', (_, response) => void response.end('<html>'), /^its answer is no DID document/],
  [
    'is another node’s',
    (_, response) => void response.end(JSON.stringify(writeDidDocument(didOf('other.example:1'), []))),
    /^its answer is no DID document: id:/,
  ],
])('a DID document that %s', async (_, handle, words) => {
  stranger = await strangeServer(handle);
  const { address } = stranger;
  await expect(httpPeerKeys({ clock }).find({ address, kid: `${didOf(address)}#${'a'.repeat(43)}` })).rejects.toMatchObject({
    code: 'PEER_LIED',
    message: expect.stringMatching(words),
  });
});

test('a FLUIDOS node shows none, and a stranger’s address is looked at before it is asked', async () => {
  stranger = await strangeServer((_, response) => void response.writeHead(404).end());
  const { address } = stranger;
  const kid = `${didOf(address)}#${'a'.repeat(43)}`;
  expect(await httpPeerKeys({ clock }).find({ address, kid })).toBeUndefined();
  const strangersPlace = () => Promise.reject(new Fault('PEER_REFUSED', 'a private address'));
  const keys = httpPeerKeys({ clock, dial: dialling({ clock, strangersPlace }) });
  await expect(keys.find({ address, kid, stranger: true })).rejects.toMatchObject({ code: 'PEER_REFUSED' });
});
