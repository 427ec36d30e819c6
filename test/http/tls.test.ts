/** TLS: what nodes show each other, whom they believe, and that files which change are followed. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { pino } from 'pino';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Dial, type PeerTls, type TlsMaterial, dialling } from '../../src/adapters/rear-http/dialling.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { runProgram } from '../../src/cli/program.ts';
import { isFault } from '../../src/domain/faults.ts';
import { acquisitionId, contractId, flavorId } from '../../src/domain/ids.ts';
import { type Listener, type ServerTls, listen } from '../../src/http/listen.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { openPeerTls } from '../../src/runtime/peer-tls.ts';
import { openServerTls } from '../../src/runtime/tls-files.ts';
import { authority } from '../fakes/certificates.ts';
import { signerAt } from '../fakes/keys.ts';
import { memoryKnownSigners } from '../fakes/memory-known-signers.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { handClock, sliceOf } from '../fakes/samples.ts';

const ours = authority('ours');
const others = authority('others');
const HOSTS = ['127.0.0.1', 'localhost'];
const good = ours.issue({ hosts: HOSTS });
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

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
      expect(asked.splice(0)).toEqual(known ? ['https:', 'https:', 'https:'] : ['http:', 'https:', 'https:', 'https:']);
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

describe('files', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rearguard-tls-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => path.join(folder, name);
  const files = { certFile: at('cert.pem'), keyFile: at('key.pem') };
  const write = (name: string, text: string): void => {
    writeFileSync(at('next'), text, { mode: 0o600 });
    renameSync(at('next'), at(name));
  };
  const show = ({ cert, key }: { cert: string; key: string }): void => {
    write('key.pem', key);
    write('cert.pem', cert);
  };
  let stop: AbortController;
  let said: string[];
  let world: Parameters<typeof openServerTls>[2];
  let changes: ServerTls[];
  beforeEach(() => {
    stop = new AbortController();
    closing.push(() => stop.abort());
    said = [];
    changes = [];
    const readiness = { say: (name: string, words: string) => void said.push(`${name}: ${words}`) };
    world = {
      log: pino({ level: 'silent' }),
      readiness: readiness as unknown as typeof world.readiness,
      signal: stop.signal,
      changed: (now) => void changes.push(now),
    };
    show(good);
    write('ca.pem', ours.ca);
  });

  test.each<[string, () => Record<string, string>, RegExp]>([
    ['is not there', () => ({ certFile: at('none') }), /none cannot be read \(ENOENT\)$/],
    ['is no certificate', () => ({ certFile: files.keyFile }), /key\.pem holds no certificate$/],
    [
      'is the key of another',
      () => (write('other.pem', ours.issue({ hosts: HOSTS }).key), { keyFile: at('other.pem') }),
      /other\.pem is not the key of .*cert\.pem$/,
    ],
    [
      'is of a certificate that is over',
      () => (write('old.pem', ours.issue({ hosts: HOSTS, until: Date.now() - 1_000 }).cert), { certFile: at('old.pem') }),
      /is not the key of|was over at/,
    ],
    ['are no authorities', () => (write('empty.pem', ''), { clientCaFile: at('empty.pem') }), /empty\.pem holds no certificate$/],
  ])('one %s: the node does not start, and says why', async (_, wrong, words) => {
    const opened = openServerTls('rear.tls', { ...files, ...wrong() }, world);
    await expect(opened).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID', message: expect.stringMatching(words) });
    await expect(opened).rejects.not.toMatchObject({ message: expect.stringContaining('BEGIN') });
  });

  test('that change are shown to who comes then; who is connected goes on', async () => {
    let listener: Listener | undefined;
    const changed = (now: ServerTls): void => {
      listener?.renew(now);
      changes.push(now);
    };
    const shown = await openServerTls('rear.tls', files, { ...world, changed });
    const fetch = (): Response => new Response('{}');
    listener = await listen({ fetch, host: '127.0.0.1', port: 0, requestTimeoutMs: 10_000, maxConnections: 10, tls: shown });
    const { port, close } = listener;
    closing.push(() => close(0));
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: ours.ca });
    closing.push(() => agent.destroy());
    const seen = async (by: https.Agent | false): Promise<{ subject: string; from: number | undefined }> =>
      await new Promise((resolve, reject) => {
        https
          .get({ host: '127.0.0.1', port, agent: by, ca: ours.ca }, (response) => {
            const { subject = '' } = (response.socket as tls.TLSSocket).getPeerX509Certificate() ?? {};
            const { localPort: from } = response.socket;
            response.resume().once('end', () => resolve({ subject, from }));
          })
          .once('error', reject);
      });
    const before = await seen(agent);
    expect(before.subject).toBe('CN=127.0.0.1');
    const next = ours.issue({ hosts: HOSTS, name: 'renewed' });
    show(next);
    await expect.poll(() => changes.at(-1)?.cert).toBe(next.cert);
    expect((await seen(agent)).from).toBe(before.from);
    expect((await seen(false)).subject).toBe('CN=renewed');
    expect(said.at(-1)).toMatch(/^rear\.tls: the certificate is good until /);

    // A certificate without its key is half of a renewal: what was there stays until the other half comes.
    const last = ours.issue({ hosts: HOSTS, name: 'last' });
    write('cert.pem', last.cert);
    await expect.poll(() => said.at(-1)).toMatch(/is not the key of .*what was read before it still counts$/);
    expect(changes.at(-1)?.cert).toBe(next.cert);
    write('key.pem', last.key);
    await expect.poll(() => changes.at(-1)?.cert).toBe(last.cert);
    await expect.poll(() => said.at(-1)).toMatch(/good until/);
  });

  test('of the peers: a pinned authority and our own certificate, as they are now', async () => {
    const configured = (knownNodes: unknown) =>
      completed(
        ConfigurationSchema.parse({
          node: { id: 'south', domain: 'south.example', address: 'south.example:3004' },
          rear: { clientTls: files },
          knownNodes,
        }),
      );
    const configuration = configured(['a.example:1', 'https://B.example:2', { address: 'https://C.Example:3', caFile: at('ca.pem') }]);
    const its = await openPeerTls({ configuration, ...world });
    expect(['a.example:1', 'b.example:2', 'c.example:3'].map((address) => its.isKnown(address))).toEqual([false, true, true]);
    expect(its.isKnown('b.EXAMPLE:2')).toBe(true);
    expect(its.of('c.EXAMPLE:3')).toBe(its.of('c.example:3'));
    expect(its.of('b.example:2')).toEqual(good);
    expect(its.of('c.example:3')).toEqual({ ...good, ca: ours.ca });
    expect(its.of('c.example:3')).toBe(its.of('c.example:3'));
    write('ca.pem', others.ca);
    await expect.poll(() => its.of('c.example:3')).toEqual({ ...good, ca: others.ca });
    write('ca.pem', 'nothing');
    await expect.poll(() => said.at(-1)).toMatch(/holds no certificate/);
    expect(its.of('c.example:3').ca).toBe(others.ca);
    await expect(openPeerTls({ configuration, ...world })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });
});

describe('the command line', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rearguard-cli-tls-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const mine = ours.issue({ hosts: ['ann'] });
  const trust = ['--ca-file', file('ca.pem', ours.ca)];
  const show = ['--cert-file', file('cert.pem', mine.cert), '--key-file', file('key.pem', mine.key)];

  test.each<[string, ServerTls, readonly string[], number, RegExp]>([
    ['believes the authority that is named', good, trust, 0, /^$/],
    ['believes no other', others.issue({ hosts: HOSTS }), trust, 3, /no TLS with the node's API[^]*--ca-file/],
    ['believes the system only, where none is named', good, [], 3, /no TLS with the node's API[^]*--ca-file/],
    ['does not ask another host', ours.issue({ hosts: ['other.example'] }), trust, 3, /ERR_TLS_CERT_ALTNAME_INVALID/],
    ['shows its certificate', { ...good, clientCa: ours.ca }, [...trust, ...show], 0, /^$/],
    ['is told that it needs one', { ...good, clientCa: ours.ca }, trust, 3, /CERTIFICATE_REQUIRED[^]*--cert-file/],
    ['needs the key as well', good, [...trust, ...show.slice(0, 2)], 2, /needs both/],
    ['needs files that are there', good, ['--ca-file', '/nowhere/ca.pem'], 2, /cannot read \/nowhere\/ca\.pem \(ENOENT\)/],
    [
      'needs files that are what they say',
      good,
      [...trust, '--cert-file', file('no.pem', 'no'), '--key-file', file('no.key', 'no')],
      2,
      /cannot be used/,
    ],
  ])('%s', async (_, shown, argv, exit, words) => {
    const heard: (string | null)[] = [];
    const fetch = (request: Request): Response => {
      heard.push(request.headers.get('authorization'));
      return new Response('{"items":[]}', { headers: { 'content-type': 'application/json' } });
    };
    const { port, close } = await listen({ fetch, host: '127.0.0.1', port: 0, requestTimeoutMs: 10_000, maxConnections: 10, tls: shown });
    closing.push(() => close(0));
    const said = { out: '', err: '' };
    const ended = await runProgram(['--api', `https://127.0.0.1:${port}`, ...argv, 'nodes'], {
      output: { out: (words) => void (said.out += words), err: (words) => void (said.err += words) },
      environment: { REARGUARD_TOKEN: 'rgt_x' },
      readInput: async () => '',
      now: () => Date.now(),
      signal: AbortSignal.timeout(10_000),
      version: '0',
    });
    expect([said.err, ended]).toEqual([expect.stringMatching(words), exit]);
    expect(heard).toEqual(exit === 0 ? ['Bearer rgt_x'] : []);
  });
});
