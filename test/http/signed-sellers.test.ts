/** Which sellers a buyer trades with, by what they sign; and what a seller signs of what is asked. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { flavorId } from '../../src/domain/ids.ts';
import type { PeerRule } from '../../src/domain/peer-policy.ts';
import { json } from '../../src/http/rear/answers.ts';
import { sealing } from '../../src/http/rear/seal.ts';
import type { Signer } from '../../src/ports/signer.ts';
import { DID_DOCUMENT, writeDidDocument } from '../../src/rear/did.ts';
import { writeDescription } from '../../src/rear/extensions.ts';
import { ACCEPT_SIGNATURE } from '../../src/rear/signed-messages.ts';
import { signerAt } from '../fakes/keys.ts';
import { rawCall, strangeServer } from '../fakes/raw-http.ts';
import { sliceOf } from '../fakes/samples.ts';
import { rules, RESERVATIONS, reservation, codeOf, openSigningNodes, type SigningNodes } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });

let { clock, north, south, open, forged, peersOf, onClose, close } = {} as SigningNodes;
beforeEach(async () => {
  ({ clock, north, south, open, forged, peersOf, onClose, close } = await openSigningNodes());
});
afterEach(() => close());

test('a seller at an address that need not sign is no node that is elsewhere, must sign or signed elsewhere', async () => {
  const { address, close: stop } = await strangeServer((_, response) => {
    response.end(JSON.stringify({ ...writeDescription({ ...north.identity, address }), extensions: [] }));
  });
  onClose(stop);
  const { id: node, address: theirs } = north.identity;
  const told = async (...more: readonly PeerRule[]) =>
    await codeOf(
      peersOf(south, rules({ address, policy: 'legacy' }, ...more))
        .at(address)
        .describe(),
    );
  expect(await told()).toBe('ok');
  expect(await told({ node, policy: 'signed' })).toBe('PEER_REFUSED');
  expect(await told({ node, address: theirs, policy: 'signed' })).toBe('PEER_LIED not-theirs');
  expect(await codeOf(peersOf(south).at(theirs).describe())).toBe('ok');
  expect(await told()).toBe('PEER_LIED missing');
});

test('a seller that is another than it says is not believed', async () => {
  const liar = await open('north');
  const peers = peersOf(south);
  expect(await codeOf(peers.at(north.identity.address).describe())).toBe('ok');
  expect(await codeOf(peers.at(liar.identity.address).describe())).toBe('PEER_LIED not-theirs');
});

test('at the address to which an operator pinned an id another DID is refused, though its signature is good and its document shows the key', async () => {
  const at = async (signerOf: (address: string) => Signer): Promise<string> => {
    const { address, close: stop } = await strangeServer((request, response) => {
      const identity = { ...north.identity, address };
      const options = { self: () => identity, authorities: [] } as unknown as Parameters<typeof sealing>[0]['options'];
      const signer = signerOf(address);
      void (async () => {
        const keys = writeDidDocument(signer.did, await signer.published());
        const answer = json(request.url === DID_DOCUMENT ? keys : writeDescription(identity));
        response.writeHead(200, { ...answer.headers, ...(await sealing({ signer, clock, options })(answer, request)) }).end(answer.body);
      })();
    });
    onClose(stop);
    const { id: node } = north.identity;
    return await codeOf(
      peersOf(south, rules({ node, address, policy: 'signed' }))
        .at(address)
        .describe(),
    );
  };
  const kept = new Map<string, Signer>();
  const own = (address: string): Signer => {
    const signer = kept.get(address) ?? signerAt(address, clock);
    kept.set(address, signer);
    return signer;
  };
  expect(await at(own)).toBe('ok');
  expect(await at(() => north.signer)).toBe('PEER_LIED not-theirs');
});

test('a seller of our dialect that does not sign, a blocked one, one with another key and one elsewhere are not traded with', async () => {
  const { address } = await strangeServer((_, response) => {
    response.end(JSON.stringify({ protocol: 'REAR', version: '2.0.0', dialect: 'rearguard', extensions: [] }));
  }).then((server) => (onClose(server.close), server));
  expect(await codeOf(peersOf(south).at(address).describe())).toBe('PEER_REFUSED');
  expect(await codeOf(peersOf(south, { rules: [], otherwise: 'legacy' }).at(address).describe())).toBe('ok');
  const { address: there, id, domain } = north.identity;
  for (const rule of [{ address: there }, { node: id }, { domain }]) {
    expect(
      await codeOf(
        peersOf(south, rules({ ...rule, policy: 'blocked' }))
          .at(there)
          .listFlavors(),
      ),
    ).toBe('PEER_REFUSED');
  }
  expect(
    await codeOf(
      peersOf(south, rules({ address: there, policy: 'signed', keys: ['a'.repeat(43)] }))
        .at(there)
        .describe(),
    ),
  ).toBe('PEER_LIED key');
  expect(
    await codeOf(
      peersOf(south, rules({ node: id, address: '192.0.2.1:1', policy: 'signed' }))
        .at(there)
        .describe(),
    ),
  ).toBe('PEER_LIED not-theirs');
});

test('a FLUIDOS seller is bought from as before, unless it has to sign', async () => {
  const { address, close } = await strangeServer((incoming, response) => {
    if (incoming.url === '/api/v2/flavors') response.writeHead(204).end();
    else response.writeHead(404).end('404 page not found\n');
  });
  onClose(close);
  expect(await codeOf(peersOf(south).at(address).listFlavors())).toBe('ok');
  expect(
    await codeOf(
      peersOf(south, rules({ address, policy: 'signed' }))
        .at(address)
        .listFlavors(),
    ),
  ).toBe('PEER_REFUSED');
});

describe('what is not asked for', () => {
  test('is not signed: a FLUIDOS node gets the answers that such a node gives', async () => {
    const { headers } = await rawCall(north.port, 'GET', '/api/v2/flavors');
    for (const name of ['signature', 'signature-input', 'content-digest']) expect(headers).not.toHaveProperty(name);
  });
  test('is not signed under a name that is not ours, unless the signature says for which request', async () => {
    const proxied = await open('proxied', { authorities: ['Market.example:80'] });
    const signatureUnder = async (host: string, more: Readonly<Record<string, string>> = {}) => {
      const headers = { host, 'accept-signature': ACCEPT_SIGNATURE, ...more };
      return (await rawCall(proxied.port, 'GET', '/api/v2/flavors', { headers })).headers.signature;
    };
    for (const host of [proxied.identity.address, 'market.EXAMPLE']) expect(await signatureUnder(host)).toBeDefined();
    for (const host of ['mallory.example:3004', `localhost:${proxied.port}`, 'market.example:81']) {
      expect(await signatureUnder(host)).toBeUndefined();
      const body = reservation(south.identity);
      const headers = {
        ...(await forged(RESERVATIONS, body, { authority: host }, { 'accept-signature': ACCEPT_SIGNATURE, 'idempotency-key': 'k' })),
        host,
      };
      const refusal = await rawCall(proxied.port, 'POST', RESERVATIONS, { body, headers });
      expect(refusal).toMatchObject({ status: 401, headers: { signature: expect.any(String) as unknown } });
    }
  });
  test('is signed once for all who ask the same, and again when the list is another', async () => {
    const signing = vi.spyOn(north.signer, 'sign');
    const peer = peersOf(south).at(north.identity.address);
    await peer.describe();
    const before = signing.mock.calls.length;
    for (const _ of [1, 2, 3]) await peer.listFlavors();
    expect(signing.mock.calls.length - before).toBe(1);
    await north.memory.inventory.publish(sliceOf(north.identity, { id: flavorId('another') }));
    for (const _ of [1, 2]) expect((await peer.listFlavors()).flavors).toHaveLength(2);
    expect(signing.mock.calls.length - before).toBe(2);
    clock.advance(20_000);
    await peer.listFlavors();
    expect(signing.mock.calls.length - before).toBe(3);
  });
  test('is not given out with the signature of a key that was withdrawn', async () => {
    const lists = () => codeOf(peersOf(south).at(north.identity.address).listFlavors());
    expect(await lists()).toBe('ok');
    await north.signer.rotate({ overlapMs: 0 });
    expect(await lists()).toBe('ok');
  });
});
