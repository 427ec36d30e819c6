/** What a caller is told whose word is not proven, and what the audit knows of it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dialling } from '../../src/adapters/rear-http/dialling.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import { signerAt } from '../fakes/keys.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { identityOf } from '../fakes/samples.ts';
import { codeOf, openSigningNodes, PART, SLICE, type SigningNodes } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });

let { clock, north, south, deep, open, peersOf, reserve, onClose, close } = {} as SigningNodes;
beforeEach(async () => {
  ({ clock, north, south, deep, open, peersOf, reserve, onClose, close } = await openSigningNodes());
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
