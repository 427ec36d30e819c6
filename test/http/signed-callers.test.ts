/** Two nodes that sign, and whoever would speak to a seller in the name of one of them. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { acquisitionId, contractOf, flavorId } from '../../src/domain/ids.ts';
import { writeBuyer, writeTermination } from '../../src/rear/extensions.ts';
import {
  type Forging,
  SLICE,
  PART,
  RESERVATIONS,
  reservation,
  why,
  codeOf,
  openSigningNodes,
  type SigningNodes,
} from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });

let { clock, north, south, deep, open, peersOf, forged, send, reserve, close } = {} as SigningNodes;
beforeEach(async () => {
  ({ clock, north, south, deep, open, peersOf, forged, send, reserve, close } = await openSigningNodes());
});
afterEach(() => close());

describe('a sale between two nodes that sign', () => {
  test('goes from LIST to its end, every answer looked at', async () => {
    const peer = peersOf(south).at(north.identity.address);
    expect((await peer.describe()).extensions).toContain('signatures');
    expect((await peer.listFlavors()).flavors).toHaveLength(1);
    const key = acquisitionId('a-1');
    const { id } = await peer.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: key });
    const { terms } = await peer.purchase({ transaction: id, buyer: south.identity });
    expect(terms.buyer.id).toBe(south.identity.id);
    await peer.refreshCredentials({ contract: terms.id, buyer: south.identity });
    expect(await peer.readContract(terms.id)).toEqual({ state: 'active' });
    await peer.terminate({ contract: terms.id, buyer: south.identity, ending: { reason: 'done' } });
    await peer.release({ buyer: south.identity, idempotencyKey: key });
    expect(await north.knownSigners.signs({ nodeId: south.identity.id })).toBe(true);
    expect(await south.knownSigners.signs({ address: north.identity.address, nodeId: north.identity.id })).toBe(true);
  });

  test('is refused in words that are signed too', async () => {
    const peer = peersOf(south).at(north.identity.address);
    const unknown = peer.reserve({ flavor: flavorId('nobody'), buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
    await expect(unknown).rejects.toMatchObject({ code: 'FLAVOR_GONE' });
    expect(await codeOf(peer.readContract(contractOf('5f-1' as never)))).toBe('CONTRACT_UNKNOWN');
  });
});

describe('at a seller', () => {
  test('one good signature reserves', async () => expect(await reserve()).toMatchObject({ status: 200 }));

  test.each<[string, string, Forging | (() => Forging)]>([
    ['made with the key of another node', 'not-theirs', () => ({ signer: deep.signer })],
    ['that is too old', 'expired', () => ({ createdMs: clock.now() - 121_000 })],
    ['from the future', 'from-the-future', () => ({ createdMs: clock.now() + 62_000 })],
    ['for another host', 'retargeted', { authority: 'deep.example:3004' }],
    ['for another port of this host', 'forged', () => ({ authority: `127.0.0.1:${deep.port}` })],
    ['for another path', 'forged', { target: '/api/v2/reservations/release' }],
    ['of another body', 'digest', { signedBody: '{}' }],
  ])('a signature %s reserves nothing', async (_, reason, change) => {
    const given = typeof change === 'function' ? change() : change;
    // What it was made for is what it says in its own words; where it arrives is `Host`.
    if (given.authority === undefined || reason === 'forged') expect(await reserve(given)).toMatchObject(why(reason));
    else {
      const body = reservation(south.identity);
      const headers = { ...(await forged(RESERVATIONS, body, given, { 'idempotency-key': 'k' })), host: given.authority };
      expect(await send(RESERVATIONS, body, headers)).toMatchObject(why(reason));
    }
    const facts = { code: `SIGNATURE_REFUSED: ${reason}`, count: 1 };
    expect((await north.audit.page({ limit: 5 })).items).toMatchObject([{ kind: 'request-refused', peer: '127.0.0.1', facts }]);
    expect(north.memory.holds()).toEqual([]);
  });

  /** What the operator is told of refused signatures, newest first. */
  const told = async () =>
    (await north.audit.page({ limit: 9 })).items.map(({ kind, peer, facts }) => [kind, peer, facts['code'], facts['count']]);

  test('a signature with one bit flipped reserves nothing, and is told', async () => {
    const body = reservation(south.identity);
    const headers = await forged(RESERVATIONS, body, {}, { 'idempotency-key': 'k' });
    const flipped = headers.signature.replace(/:([^:]+):/, (_, base64: string) => {
      const bytes = Buffer.from(base64, 'base64');
      bytes[5] = (bytes[5] ?? 0) ^ 1;
      return `:${bytes.toString('base64')}:`;
    });
    expect(await send(RESERVATIONS, body, { ...headers, signature: flipped })).toMatchObject(why('forged'));
    expect(await told()).toEqual([['request-refused', '127.0.0.1', 'SIGNATURE_REFUSED: forged', 1]]);
    expect(north.memory.holds()).toEqual([]);
  });

  test('a signature that was changed on its way reserves nothing', async () => {
    const body = reservation(south.identity);
    const headers = await forged(RESERVATIONS, body, {}, { 'idempotency-key': 'k' });
    expect(await send(RESERVATIONS, body, { ...headers, 'idempotency-key': 'mine' })).toMatchObject(why('forged'));
    expect(await send(RESERVATIONS, body, { ...headers, signature: 'rear=(' })).toMatchObject(why('malformed'));
  });

  test('a signature counts once, and again only under a new nonce', async () => {
    const body = reservation(south.identity);
    const headers = await forged(RESERVATIONS, body, {}, { 'idempotency-key': 'k' });
    expect(await send(RESERVATIONS, body, headers)).toMatchObject({ status: 200 });
    expect(await send(RESERVATIONS, body, headers)).toMatchObject(why('replayed'));
    expect(await told()).toEqual([['request-refused', '127.0.0.1', 'SIGNATURE_REFUSED: replayed', 1]]);
    clock.advance(119_000);
    expect(await send(RESERVATIONS, body, headers)).toMatchObject(why('replayed'));
    clock.advance(2_000);
    expect(await send(RESERVATIONS, body, headers)).toMatchObject(why('expired'));
    expect(await send(RESERVATIONS, body, await forged(RESERVATIONS, body, {}, { 'idempotency-key': 'k2' }))).toMatchObject({
      status: 200,
    });
  });

  test('a signature counts once for all processes of a node', async () => {
    const other = await open('north', { authorities: [north.identity.address] }, { knownSigners: north.knownSigners });
    const body = reservation(south.identity);
    const headers = { ...(await forged(RESERVATIONS, body, {}, { 'idempotency-key': 'k' })), host: north.identity.address };
    expect(await send(RESERVATIONS, body, headers)).toMatchObject({ status: 200 });
    expect(await send(RESERVATIONS, body, headers, other)).toMatchObject(why('replayed'));
  });

  test('what was refused is told to the operator, with where it came from', async () => {
    const told: unknown[] = [];
    const log = { info: (...line: readonly unknown[]) => void told.push(line), error: () => {} };
    const telling = await open('telling', { log });
    await reserve({ authority: telling.identity.address, signer: deep.signer }, south.identity, telling);
    expect(told).toEqual([
      [{ path: RESERVATIONS, from: '127.0.0.1', why: 'not-theirs' }, expect.stringContaining(`${deep.identity.address} signs for`)],
    ]);
  });

  test('a node may not say that it is another, neither at its own address nor at that of the other', async () => {
    expect(await reserve()).toMatchObject({ status: 200 });
    const [asSouth, there] = [
      { ...south.identity, address: deep.identity.address },
      { ...deep.identity, address: south.identity.address },
    ];
    expect(await reserve({ signer: deep.signer }, asSouth)).toMatchObject({ status: 403, text: expect.stringContaining('BUYER_REFUSED') });
    expect(await reserve({ signer: deep.signer }, there)).toMatchObject(why('not-theirs'));
    expect(await reserve({ signer: deep.signer }, deep.identity)).toMatchObject({ status: 200 });
  });

  test('who does not sign reserves nothing, whichever dialect it speaks', async () => {
    const problem = { accept: 'application/problem+json' };
    expect(await send(RESERVATIONS, reservation(south.identity), { ...problem, 'idempotency-key': 'k' })).toMatchObject(why('missing'));
    expect(await send(RESERVATIONS, reservation(south.identity), problem)).toMatchObject({ status: 403 });
    expect(north.memory.holds()).toEqual([]);
  });

  test('behind a proxy it is reached by the name that its operator told it', async () => {
    const proxied = await open('proxied', { authorities: ['market.example:443'] });
    const body = reservation(south.identity);
    const headers = await forged(RESERVATIONS, body, { authority: 'market.example' }, { 'idempotency-key': 'k', host: 'market.example' });
    expect(await send(RESERVATIONS, body, headers, proxied)).toMatchObject({ status: 200 });
    expect(await send(RESERVATIONS, body, headers, north)).toMatchObject(why('retargeted'));
  });

  describe('of a contract', () => {
    const bought = async () => {
      const peer = peersOf(south).at(north.identity.address);
      const { id } = await peer.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
      return { transaction: id, contract: contractOf(id), buy: () => peer.purchase({ transaction: id, buyer: south.identity }) };
    };
    test('nobody but its buyer buys what was reserved, asks for credentials or ends it', async () => {
      const { transaction, contract, buy } = await bought();
      const as = JSON.stringify(writeBuyer(south.identity));
      const paths = [`/api/v2/transactions/${transaction}/purchase`, `/api/v2/contracts/${contract}/credentials`];
      const problem = { accept: 'application/problem+json' };
      for (const path of paths) {
        expect(await send(path, as, problem)).toMatchObject(why('missing'));
        expect(await send(path, as, await forged(path, as, { signer: deep.signer }))).toMatchObject(why('not-theirs'));
        await buy();
      }
      // A FLUIDOS node does not say who it is in PURCHASE: this buyer is none.
      expect(await send(paths[0] ?? '', '{}', problem)).toMatchObject(why('missing'));
      const path = `/api/v2/contracts/${contract}/terminate`;
      const end = JSON.stringify(writeTermination(south.identity, { reason: 'done' }));
      expect(await send(path, end, problem)).toMatchObject(why('missing'));
      expect(await send(path, end, await forged(path, end, { signer: deep.signer }))).toMatchObject(why('not-theirs'));
      const release = '/api/v2/reservations/release';
      const give = JSON.stringify({ ...writeBuyer(south.identity), idempotencyKey: 'a' });
      expect(await send(release, give, problem)).toMatchObject(why('missing'));
      expect(north.memory.living()).toHaveLength(1);
      expect(await send(path, end, await forged(path, end))).toMatchObject({ status: 204 });
      expect(north.memory.living()).toEqual([]);
    });
    test('a request for credentials that was overheard gets none a second time', async () => {
      const { contract, buy } = await bought();
      await buy();
      const path = `/api/v2/contracts/${contract}/credentials`;
      const body = JSON.stringify(writeBuyer(south.identity));
      const headers = await forged(path, body);
      expect(await send(path, body, headers)).toMatchObject({ status: 200 });
      expect(await send(path, body, headers)).toMatchObject(why('replayed'));
    });
    test('who moved to another address says so to the operator first', async () => {
      const { contract, buy } = await bought();
      await buy();
      const moved = await open('south');
      const path = `/api/v2/contracts/${contract}/credentials`;
      const body = JSON.stringify(writeBuyer(moved.identity));
      expect(await send(path, body, await forged(path, body, { signer: moved.signer }))).toMatchObject(why('not-theirs'));
    });
  });
});

test('a seller’s notice counts when that seller signs it', async () => {
  const { id } = await peersOf(south)
    .at(north.identity.address)
    .reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
  const { terms } = await peersOf(south).at(north.identity.address).purchase({ transaction: id, buyer: south.identity });
  await south.memory.contracts.storeBought({ terms, acquisition: acquisitionId('a') });
  const path = `/api/v2/contracts/${terms.id}/notice`;
  const body = JSON.stringify({ ending: { reason: 'drained' } });
  const to = { authority: `127.0.0.1:${south.port}` };
  expect(await send(path, body, { accept: 'application/problem+json' }, south)).toMatchObject({
    status: 401,
    text: expect.stringContaining('SIGNATURE_REFUSED'),
  });
  expect(await send(path, body, await forged(path, body, { ...to, signer: deep.signer }), south)).toMatchObject(why('not-theirs'));
  expect(south.notices()).toEqual([]);
  await peersOf(north)
    .at(south.identity.address, { stranger: true })
    .notifyEnd({ contract: terms.id, ending: { reason: 'drained' } });
  expect(south.notices()).toEqual(['a']);
});
