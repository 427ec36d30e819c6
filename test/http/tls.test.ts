/** TLS: what nodes show each other, and whom they believe. */
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { describe, expect, test } from 'vitest';
import { type Dial, type PeerTls, type TlsMaterial, dialling } from '../../src/adapters/rear-http/dialling.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { isFault } from '../../src/domain/faults.ts';
import { acquisitionId, contractId, flavorId } from '../../src/domain/ids.ts';
import type { ServerTls } from '../../src/http/listen.ts';
import { signerAt } from '../fakes/keys.ts';
import { memoryKnownSigners } from '../fakes/memory-known-signers.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { handClock, sliceOf } from '../fakes/samples.ts';
import { ours, others, HOSTS, good, closing } from './tls-subject.ts';

const seller = async (shown: ServerTls | undefined): Promise<RearNode> => {
  const node = await rearNode({ name: 'north', clock: handClock(), ...(shown && { tls: shown }) });
  closing.push(() => node.close());
  return node;
};
const peersBy = (material: TlsMaterial, known: readonly string[] = []) => {
  const clock = handClock();
  const its: PeerTls = { isKnown: (address) => known.includes(address), of: () => material };
  return httpPeers({ clock, dial: dialling({ clock, tls: its }) });
};
const faultOf = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    return await promise;
  } catch (error) {
    return isFault(error) ? { code: error.code, tls: error.facts['tls'] } : error;
  }
};
const UNPROVEN = { code: 'PEER_UNREACHABLE', tls: true };

describe('a node that is known as https://', () => {
  test('is asked over TLS, by the authority that is pinned for it', async () => {
    const { identity } = await seller(good);
    const peer = peersBy({ ca: ours.ca }).at(`https://${identity.address}`);
    expect(await peer.describe()).toMatchObject({ dialect: 'rearguard' });
    expect(await peer.listFlavors()).toEqual({ flavors: [], unreadable: [] });
    expect(await faultOf(peer.readContract(contractId('none')))).toMatchObject({ code: 'CONTRACT_UNKNOWN' });
  });

  test.each([
    ['goes over to another protocol', ['101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n']],
    ['sends a body in chunks that are none', ['200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n', 'none\r\n']],
  ])('that %s lies, and nobody waits for it', async (_, [head = '', rest]) => {
    const server = tls.createServer(good, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.write(`HTTP/1.1 ${head}`, () => rest !== undefined && socket.write(rest)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    expect(await faultOf(peersBy({ ca: ours.ca }).at(`https://127.0.0.1:${port}`).listFlavors())).toMatchObject({ code: 'PEER_LIED' });
  });

  test.each<[string, ServerTls, TlsMaterial]>([
    ['by another authority', others.issue({ hosts: HOSTS }), { ca: ours.ca }],
    ['that is over', ours.issue({ hosts: HOSTS, until: Date.now() - 1_000 }), { ca: ours.ca }],
    ['that is not good yet', ours.issue({ hosts: HOSTS, from: Date.now() + 60_000 }), { ca: ours.ca }],
    ['of another host', ours.issue({ hosts: ['other.example', '127.0.0.2'] }), { ca: ours.ca }],
    ['by an authority that the system does not know', good, {}],
  ])('is not believed with a certificate %s', async (_, shown, material) => {
    const { identity } = await seller(shown);
    expect(await faultOf(peersBy(material).at(`https://${identity.address}`).describe())).toEqual(UNPROVEN);
    expect(await faultOf(peersBy(material, [identity.address]).at(identity.address).describe())).toEqual(UNPROVEN);
  });

  test('signs what it says as in clear, and its keys are read over TLS too', async () => {
    const { identity } = await seller(good);
    const asked: string[] = [];
    for (const [address, known] of [
      [`https://${identity.address}`, true],
      // As one that was added by the API.
      [`https://${identity.address}`, false],
      [identity.address, true],
      [identity.address, false],
    ] as const) {
      const clock = handClock();
      const found = dialling({ clock, tls: { isKnown: () => known, of: () => ({ ca: ours.ca }) } });
      const dial: Dial = async (at, question, ask) =>
        await found(at, question, async (place) => {
          asked.push(new URL(place.base).protocol);
          return await ask(place);
        });
      const peerKeys = httpPeerKeys({ clock, dial });
      const trust = {
        signer: signerAt('127.0.0.1:1', clock),
        peerKeys,
        knownSigners: memoryKnownSigners({ clock }),
        policy: { rules: [], otherwise: 'signed' as const },
        replay: { pastMs: 120_000, futureMs: 60_000 },
      };
      expect(await httpPeers({ clock, dial, trust }).at(address).listFlavors()).toEqual({ flavors: [], unreadable: [] });
      expect(asked.splice(0)).toEqual(
        address === identity.address && !known ? ['http:', 'https:', 'https:', 'https:'] : ['https:', 'https:', 'https:'],
      );
    }
  });

  test('is so however its name is written', async () => {
    const { identity } = await seller(good);
    const port = identity.address.split(':')[1];
    for (const address of [`LocalHost:${port}`, `https://LocalHost:${port}`])
      expect(
        await peersBy({ ca: ours.ca }, [`localhost:${port}`])
          .at(address)
          .describe(),
      ).toMatchObject({ dialect: 'rearguard' });
    const plain = await seller(undefined);
    const here = `localhost:${plain.identity.address.split(':')[1]}`;
    expect(await faultOf(peersBy({ ca: ours.ca }, [here]).at(here.toUpperCase()).describe())).toMatchObject({ code: 'PEER_UNREACHABLE' });
    expect(await peersBy({ ca: ours.ca }).at(here.toUpperCase()).describe()).toMatchObject({ dialect: 'rearguard' });
  });

  test('is never asked in clear', async () => {
    const { identity } = await seller(undefined);
    for (const address of [`https://${identity.address}`, identity.address])
      expect(await faultOf(peersBy({ ca: ours.ca }, [identity.address]).at(address).describe())).toMatchObject({
        code: 'PEER_UNREACHABLE',
      });
  });
});

describe('where client certificates are asked for', () => {
  const mutual: ServerTls = { ...good, clientCa: ours.ca };
  test('one of the right authority opens, none is refused, another is not heard', async () => {
    const { identity } = await seller(mutual);
    const address = `https://${identity.address}`;
    const mine = ours.issue({ hosts: ['south.example'] });
    expect(
      await peersBy({ ca: ours.ca, ...mine })
        .at(address)
        .describe(),
    ).toMatchObject({ dialect: 'rearguard' });
    expect(await faultOf(peersBy({ ca: ours.ca }).at(address).describe())).toEqual({ code: 'PEER_REFUSED', tls: true });
    for (const wrong of [others.issue({ hosts: ['south.example'] }), ours.issue({ hosts: ['south.example'], until: Date.now() - 1_000 })])
      expect(
        await faultOf(
          peersBy({ ca: ours.ca, ...wrong })
            .at(address)
            .describe(),
        ),
      ).toMatchObject({ code: expect.stringMatching(/^PEER_(UNREACHABLE|REFUSED)$/) });
  });
});

test('a sale goes from LIST to its end between two nodes that sign, both behind TLS that asks for certificates; the seller meets its buyer as a stranger', async () => {
  const clock = handClock();
  const dialOf = (name: string, known: boolean): Dial => {
    const material = { ca: ours.ca, ...ours.issue({ hosts: [`${name}.example`] }) };
    return dialling({ clock, tls: { isKnown: () => known, of: () => material } });
  };
  const open = async (name: string, dial: Dial): Promise<RearNode> => {
    const options = { policy: { rules: [], otherwise: 'signed' as const }, legacyBuyers: false };
    const node = await rearNode({ name, clock, options, dial, tls: { ...ours.issue({ hosts: HOSTS }), clientCa: ours.ca } });
    closing.push(() => node.close());
    return node;
  };
  const dials = { south: dialOf('south', true), north: dialOf('north', false) };
  const [south, north] = [await open('south', dials.south), await open('north', dials.north)];
  const peersOf = (node: RearNode, dial: Dial) => {
    const peerKeys = httpPeerKeys({ clock, dial });
    const policy = { rules: [], otherwise: 'signed' as const };
    const trust = { signer: node.signer, peerKeys, knownSigners: node.knownSigners, policy, replay: { pastMs: 120_000, futureMs: 60_000 } };
    return httpPeers({ clock, dial, trust });
  };
  await north.memory.inventory.publish(sliceOf(north.identity, { id: flavorId('slice') }));
  const peer = peersOf(south, dials.south).at(`https://${north.identity.address}`);
  expect((await peer.listFlavors()).flavors).toHaveLength(1);
  const part = { cpu: '1', memory: '1Gi', pods: '1' };
  const buyer = south.identity;
  const { id } = await peer.reserve({ flavor: flavorId('slice'), buyer, part, idempotencyKey: acquisitionId('a-1') });
  const { terms } = await peer.purchase({ transaction: id, buyer });
  expect(await peer.readContract(terms.id)).toEqual({ state: 'active' });
  await peer.terminate({ contract: terms.id, buyer, ending: { reason: 'done' } });
  // The seller's word reaches the buyer's own routes, which know no such contract.
  const back = peersOf(north, dials.north).at(buyer.address, { stranger: true });
  expect(await faultOf(back.notifyEnd({ contract: terms.id, ending: { reason: 'drained' } }))).toMatchObject({ code: 'CONTRACT_UNKNOWN' });
});

describe('a node that says nothing of TLS', () => {
  test('is asked over it when nothing else is spoken there: what may not be sent twice, too', async () => {
    const { identity } = await seller(good);
    const peer = peersBy({ ca: ours.ca }).at(identity.address);
    expect(await peer.describe()).toMatchObject({ dialect: 'rearguard' });
    // Its first words are a POST that is let through to the routes.
    expect(await faultOf(peer.notifyEnd({ contract: contractId('none'), ending: { reason: 'drained' } }))).toMatchObject({
      code: 'CONTRACT_UNKNOWN',
    });
  });

  test('and cannot prove who it is, is told as that', async () => {
    const { identity } = await seller(others.issue({ hosts: HOSTS }));
    expect(await faultOf(peersBy({ ca: ours.ca }).at(identity.address).describe())).toEqual(UNPROVEN);
  });

  test('as a stranger under a name, it has to prove the name', async () => {
    const clock = handClock();
    const material: PeerTls = { isKnown: () => false, of: () => ({ ca: ours.ca }) };
    for (const [hosts, expected] of [
      [['south.example'], { dialect: 'rearguard' }],
      [['127.0.0.1'], UNPROVEN],
    ] as const) {
      const { identity } = await seller(ours.issue({ hosts }));
      const port = identity.address.split(':')[1] ?? '';
      const dial = dialling({ clock, tls: material, strangersPlace: async () => `127.0.0.1:${port}` });
      const peer = httpPeers({ clock, dial }).at(`south.example:${port}`, { stranger: true });
      expect(await faultOf(peer.describe())).toMatchObject(expected);
    }
  });
});

test('nothing older than TLS 1.2 is spoken', async () => {
  const { identity } = await seller(good);
  const port = Number(identity.address.split(':')[1]);
  const versions = async (maxVersion: tls.SecureVersion): Promise<string> =>
    await new Promise((resolve) => {
      const socket = tls.connect(
        { host: '127.0.0.1', port, ca: ours.ca, minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' },
        () => {
          resolve(socket.getProtocol() ?? '');
          socket.destroy();
        },
      );
      socket.once('error', () => resolve('refused'));
    });
  expect([await versions('TLSv1.1'), await versions('TLSv1.2'), await versions('TLSv1.3')]).toEqual(['refused', 'TLSv1.2', 'TLSv1.3']);
});
