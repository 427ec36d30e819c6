/** Blueprints through the real client and the real routes: listed, reserved, sold, handed over. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { flavorId } from '../../src/domain/ids.ts';
import { peerServiceContract } from '../contracts/peer-service.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { blueprintOf, handClock, identityOf, making, makingOf } from '../fakes/samples.ts';

vi.setConfig({ testTimeout: 30_000 });
const limits = { describeMs: 15_000, listMs: 15_000, reserveMs: 15_000, extensionMs: 15_000 };
const SELLER = identityOf('north');
const BLUEPRINTS = [makingOf(blueprintOf(SELLER)), makingOf(blueprintOf(SELLER, 'vm'))];

peerServiceContract('over HTTP', async () => {
  const clock = handClock();
  const seller = await rearNode({ name: 'north', clock, options: { legacyBuyers: false, blueprints: making(...BLUEPRINTS) } });
  const buyer = await rearNode({ name: 'south', clock });
  const [database, machine] = [blueprintOf(seller.identity), blueprintOf(seller.identity, 'vm')];
  for (const flavor of [database, machine]) await seller.memory.inventory.publish(flavor);
  return {
    peers: httpPeers({ clock, limits }),
    seller: seller.identity,
    database,
    machine,
    buyer: buyer.identity,
    notary: buyer.notary(),
    now: clock.now,
    advance: clock.advance,
    alive: () => ({ holds: seller.memory.holds().length, contracts: seller.memory.living().length }),
    setReady: seller.hosting.setReady,
    async close() {
      await seller.close();
      await buyer.close();
    },
  };
});

describe('a seller of blueprints', () => {
  const clock = handClock();
  let north: RearNode;
  let south: RearNode;
  beforeAll(async () => {
    north = await rearNode({
      name: 'north',
      clock,
      options: { blueprints: making(...BLUEPRINTS, makingOf(blueprintOf(SELLER, 'sensor'))) },
    });
    south = await rearNode({ name: 'south', clock });
    const { inventory } = north.memory;
    for (const kind of ['service', 'vm', 'sensor'] as const) await inventory.publish(blueprintOf(north.identity, kind), undefined, 9);
  });
  afterAll(async () => {
    await north.close();
    await south.close();
  });
  let attempt = 0;
  const reserve = async (body: object, headers: Readonly<Record<string, string>> = { 'idempotency-key': `k-${++attempt}` }) => {
    const answer = await fetch(`${north.url}/api/v2/reservations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        flavorID: 'north.example-service-0001',
        buyerID: {
          ID: south.identity.id,
          IP: south.identity.address,
          domain: 'south.example',
          additionalInformation: { liqoID: 'south-1' },
        },
        ...body,
      }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const service = (configurationData: unknown, hostingPolicy?: string) => ({
    configuration: { type: 'service', data: { ...(hostingPolicy === undefined ? {} : { hostingPolicy }), configurationData } },
  });

  test.each<[string, object, number, RegExp]>([
    ['as it is offered', service({ database: 'orders' }, 'Provider'), 200, /"configuration":\{"type":"service"/],
    ['the first policy when none is named', service({ database: 'orders' }), 200, /transactionID/],
    ['what is required, missing', service({}), 400, /configuration\.database/],
    ['a name that nobody knows', service({ database: 'orders', databse: 'x' }), 400, /configuration\.databse.*did you mean database/],
    [
      'every wrong field at once',
      service({ database: 'ORDERS', password: 'short' }),
      400,
      /configuration\.database.*configuration\.password/,
    ],
    ['a number for a text', service({ database: 7 }), 400, /configuration\.database must be of type string/],
    ['no object', service('orders'), 400, /configurationData/],
    ['half of a character', service({ database: 'orders\ud83d' }), 400, /configurationData: half of a character/],
    [
      'a value that would be more than a value',
      service({ database: 'orders', username: 'x" ; drop' }),
      400,
      /configuration\.username may have letters/,
    ],
    ['a policy that is not offered', service({ database: 'orders' }, 'Shared'), 400, /hostingPolicy Shared is not offered, but Provider/],
    ['a policy that nobody knows', service({ database: 'orders' }, 'Mars'), 400, /hostingPolicy/],
    [
      'a slice',
      { configuration: { type: 'k8slice', data: { cpu: '1', memory: '1Gi', pods: '1' } } },
      400,
      /^Configuration type not supported\n$/,
    ],
    [
      'another kind',
      { configuration: { type: 'vm', data: { configurationData: { database: 'orders' } } } },
      400,
      /^Configuration type not supported\n$/,
    ],
    ['no configuration', {}, 500, /^Error casting the flavor data to ServiceFlavor\n$/],
    ['an unknown flavor', { ...service({ database: 'orders' }), flavorID: 'nobody' }, 500, /^Error getting the Flavor by ID\n$/],
  ])('RESERVE of %s', async (_what, body, status, text) => {
    const answer = await reserve(body);
    expect(answer).toEqual({ status, text: expect.stringMatching(text) });
    expect(answer.text).not.toMatch(/drop|short/);
  });

  test('a FLUIDOS buyer, which sends no key, is told what its own kind would tell it', async () => {
    expect(await reserve(service({ database: 'orders' }), {})).toEqual({ status: 400, text: 'Flavor type not supported\n' });
  });

  test('what is not made any more is gone, though somebody still holds its list', async () => {
    const gone = blueprintOf(north.identity, 'service', { id: flavorId('north.example-service-0002') });
    await north.memory.inventory.publish({ ...gone, offer: { ...gone.offer, name: 'gone' } });
    expect(await reserve({ ...service({ database: 'orders' }), flavorID: gone.id })).toMatchObject({
      status: 500,
      text: 'Error getting the Flavor by ID\n',
    });
    await north.memory.inventory.withdraw(gone.id);
  });

  test('LIST for everybody says nothing of machines and sensors; each has a path of its own', async () => {
    const list = async (path: string) => (await (await fetch(`${north.url}/api/v2/flavors${path}`)).json()) as { type: { name: string } }[];
    expect((await list('')).map(({ type }) => type.name)).toEqual(['service']);
    expect((await list('/vm')).map(({ type }) => type.name)).toEqual(['vm']);
    expect((await list('/sensors')).map(({ type }) => type.name)).toEqual(['sensor']);
    expect((await list('/service?filter[category][match]=database')).length).toBe(1);
    expect(await list('/service?filter[category][match]=vm')).toEqual([]);
  });
});
