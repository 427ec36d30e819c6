/** What a caller is told whose word is not proven, and what the audit knows of it. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dialling } from '../../src/adapters/rear-http/dialling.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import { signerAt } from '../fakes/keys.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { identityOf } from '../fakes/samples.ts';
import type { RearNode } from '../fakes/rear-node.ts';
import { codeOf, openSigningNodes, PART, reservation, RESERVATIONS, rules, SLICE, type SigningNodes } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });

let { clock, north, south, deep, open, peersOf, send, reserve, onClose, close } = {} as SigningNodes;
beforeEach(async () => {
  ({ clock, north, south, deep, open, peersOf, send, reserve, onClose, close } = await openSigningNodes());
});
afterEach(() => close());

test('of the address that a caller names it is told one thing, whatever is there: it is asked to come again, and holds nothing', async () => {
  const told: object[] = [];
  const log = { info: (facts: object, words: string) => void told.push({ ...facts, words }), error: () => {} };
  const strangersPlace = async (address: string): Promise<string> => {
    if (address.startsWith('10.')) throw new Fault('PEER_REFUSED', 'we do not call it');
    return address;
  };
  const telling = await open('telling', { log }, { peerKeys: httpPeerKeys({ clock, dial: dialling({ clock, strangersPlace }) }) });
  const serve = async (handle: Parameters<typeof strangeServer>[0]): Promise<string> => {
    const { address, close } = await strangeServer(handle);
    onClose(close);
    return address;
  };
  const places = [
    '127.0.0.1:1',
    '10.0.0.1:80',
    south.identity.address,
    await serve((_, response) => void response.writeHead(404).end()),
    await serve((_, response) => void response.end('SSH-2.0')),
    await serve((_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()),
    await serve((request) => void request.socket.destroy()),
  ];
  const answers = new Set<string>();
  for (const place of places) {
    const { status, text } = await reserve(
      { signer: signerAt(place, clock), authority: telling.identity.address },
      identityOf('x', place),
      telling,
    );
    answers.add(`${status} ${text}`);
  }
  expect([...answers]).toEqual([expect.stringMatching(/^503 .*KEYS_UNAVAILABLE/)]);
  expect(told).toMatchObject(places.map((address) => ({ address })));
  expect(new Set(told.map(({ code }: { code?: string }) => code))).toEqual(
    new Set(['PEER_UNREACHABLE', 'PEER_REFUSED', 'KEYS_UNAVAILABLE', 'PEER_LIED']),
  );
  const facts = { code: 'KEYS_UNAVAILABLE: key', count: 1 };
  expect((await telling.audit.page({ limit: 9 })).items).toMatchObject([{ kind: 'request-refused', peer: '127.0.0.1', facts }]);
  expect(telling.memory.holds()).toEqual([]);
});

test('of a document without end the audit tells its operator', async () => {
  const { address, close } = await strangeServer((_, response) => {
    const more = (): void => void (response.write('x'.repeat(16_384)) ? setImmediate(more) : response.once('drain', more));
    more();
  });
  onClose(close);
  const caller = { signer: signerAt(address, clock), authority: north.identity.address };
  const { status, text } = await reserve(caller, identityOf('x', address));
  expect([status, text]).toEqual([503, expect.not.stringContaining('larger')]);
  const detail = expect.stringMatching(/^\/api\/v2\/reservations: .*: its DID document: the answer is larger than 65536 bytes/) as string;
  expect((await north.audit.page({ limit: 9 })).items).toMatchObject([{ facts: { code: 'KEYS_UNAVAILABLE: key', detail } }]);
});

test('a countersignature over one altered term, and one of somebody else, sign nothing, and are told', async () => {
  const seller = peersOf(south).at(north.identity.address);
  const { id } = await seller.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
  const { terms } = await seller.purchase({ transaction: id, buyer: south.identity });
  const cheaper = { ...terms, resources: { ...terms.resources, cpu: '64' } };
  for (const agreement of [await south.notary().sign(cheaper), await deep.notary().sign(terms)]) {
    const [signature] = agreement.signatures;
    if (!signature) throw new Error('nobody signed');
    expect(await codeOf(seller.countersign({ contract: terms.id, buyer: south.identity, signature }))).toBe('BUYER_REFUSED');
  }
  expect((await north.memory.contracts.get(terms.id))?.agreement?.signatures).toHaveLength(1);
  const events = (await north.audit.page({ limit: 9 })).items.filter(({ kind }) => kind === 'request-refused');
  const about = events.map(({ peer, contract, facts }) => [peer, contract, facts['code'], facts['count']]);
  expect(about).toEqual([[south.identity.id, terms.id, 'BUYER_REFUSED', 1]]);
});

describe('a reservation that is refused', () => {
  const told = async (node: RearNode) =>
    (await node.audit.page({ limit: 9 })).items.map(({ kind, peer, facts }) => [
      kind,
      peer,
      facts['code'],
      facts['count'],
      facts['detail'],
    ]);
  const HERE = '127.0.0.1';
  const unsigned = (to: RearNode, buyer = south.identity, key?: string) =>
    send(RESERVATIONS, reservation(buyer), { accept: 'application/problem+json', ...(key && { 'idempotency-key': key }) }, to);
  const signed = (to: RearNode, signer = south.signer, buyer = south.identity) =>
    reserve({ signer, authority: to.identity.address }, buyer, to);
  const LEGACY = { policy: { rules: [], otherwise: 'legacy' }, legacyBuyers: true } as const;

  test('for it has no key, where FLUIDOS nodes may not buy', async () => {
    expect(await unsigned(north)).toMatchObject({ status: 403, text: expect.stringContaining('BUYER_REFUSED') });
    const detail = expect.stringContaining('Idempotency-Key') as string;
    expect(await told(north)).toEqual([['request-refused', HERE, 'BUYER_REFUSED', 1, detail]]);
  });

  test('for whom it names is blocked: anybody could name it', async () => {
    const blocking = await open('blocking', { policy: rules({ node: south.identity.id, policy: 'blocked' }) });
    expect(await unsigned(blocking, south.identity, 'k')).toMatchObject({ status: 403 });
    expect(await signed(blocking, signerAt('127.0.0.1:1', clock))).toMatchObject({ status: 403 });
    const detail = expect.stringContaining(`as ${south.identity.id}`) as string;
    expect(await told(blocking)).toEqual([['request-refused', HERE, 'BUYER_REFUSED', 1, detail]]);
  });

  test('for its id is that of a node elsewhere', async () => {
    expect(await signed(north)).toMatchObject({ status: 200 });
    expect(await signed(north, deep.signer, { ...south.identity, address: deep.identity.address })).toMatchObject({ status: 403 });
    expect(await told(north)).toEqual([['request-refused', HERE, 'BUYER_REFUSED', 1, expect.stringContaining('another address')]]);
  });

  test('for another has its cluster: by its name where it signs, and holds nothing', async () => {
    const { clusterId } = south.identity;
    if (!clusterId) throw new Error('no cluster');
    expect(await signed(north)).toMatchObject({ status: 200 });
    expect(await signed(north, deep.signer, { ...deep.identity, clusterId })).toMatchObject({ status: 403 });
    expect(north.memory.holds()).toHaveLength(1);
    const words = expect.stringContaining('cluster') as string;
    expect(await told(north)).toEqual([['reservation-refused', deep.identity.id, 'BUYER_REFUSED', 1, words]]);
    const lenient = await open('lenient', LEGACY);
    expect(await unsigned(lenient)).toMatchObject({ status: 200 });
    expect(await unsigned(lenient, { ...deep.identity, clusterId })).toMatchObject({ status: 403 });
    const detail = expect.stringContaining(`as ${deep.identity.id}`) as string;
    expect(await told(lenient)).toEqual([['reservation-refused', HERE, 'BUYER_REFUSED', 1, detail]]);
  });

  test('for its reservation would cost too much when it is bought: by its name where it signs', async () => {
    const lenient = await open('lenient', LEGACY);
    for (const node of [north, lenient])
      node.hands.purchase = async () => {
        throw new Fault('LIMIT_REACHED', 'its credit is used up');
      };
    const bought = peersOf(south).at(north.identity.address);
    const { id } = await bought.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
    expect(await codeOf(bought.purchase({ transaction: id, buyer: south.identity }))).toBe('LIMIT_REACHED');
    const { transactionID } = JSON.parse((await unsigned(lenient)).text) as { transactionID: string };
    expect(await send(`/api/v2/transactions/${transactionID}/purchase`, '{}', {}, lenient)).toMatchObject({ status: 403 });
    const about = ['LIMIT_REACHED', 1];
    expect(await told(north)).toEqual([['reservation-refused', south.identity.id, ...about, 'its credit is used up']]);
    const detail = `as ${south.identity.id}, which is not proven: its credit is used up`;
    expect(await told(lenient)).toEqual([['reservation-refused', HERE, ...about, detail]]);
  });

  test('for it has too much: by its name where it signs', async () => {
    const limitsOf = () => ({ holds: 0 });
    const [strict, lenient] = [await open('strict', { limitsOf }), await open('lenient', { ...LEGACY, limitsOf })];
    expect(await signed(strict)).toMatchObject({ status: 429 });
    expect(await unsigned(lenient)).toMatchObject({ status: 429 });
    const about = async (node: RearNode) => (await told(node)).map((each) => each.slice(0, 4));
    expect(await about(strict)).toEqual([['reservation-refused', south.identity.id, 'TOO_MANY_HOLDS', 1]]);
    expect(await about(lenient)).toEqual([['reservation-refused', HERE, 'TOO_MANY_HOLDS', 1]]);
  });
});
