/** A seller that does harm when it is asked to sell: on the wire, with the activity that buys. Nothing is had of it, nothing kept, and the audit names it, a few times however often it does so. */
import type { RequestListener } from 'node:http';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, expect, test } from 'vitest';
import { buyingActivities } from '../../activities/buying.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { acquisitionId, clusterId, transactionId } from '../../src/domain/ids.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { buyerOf, flavorOf, ONE, SELLER } from '../contracts/samples.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { liqoWorld } from '../fakes/liqo-world.ts';
import { memoryProcesses } from '../fakes/memory-processes.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { fakePeers } from '../fakes/peers.ts';
import { strangeServer } from '../fakes/raw-http.ts';

const clock = { now: () => Date.now() };
/** After so long Temporal would end the attempt that buys. */
const ATTEMPT_MS = 1_400;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A seller of our dialect that answers PURCHASE as it likes, and says what it speaks so much later. */
async function meeting(purchase: RequestListener, describesAfterMs = 0) {
  const description = JSON.stringify({ protocol: 'REAR', version: '2.0.0', dialect: 'rearguard', extensions: [] });
  const { address, close } = await strangeServer((request, response) => {
    if (request.url === '/.well-known/rear') setTimeout(() => response.end(description), describesAfterMs);
    else purchase(request, response);
  });
  closing.push(close);
  const { audit } = memoryAudit({ clock });
  const { contracts } = memoryInventory({ clock });
  const liqo = liqoWorld();
  const { buy } = buyingActivities({
    audit,
    contracts,
    clock,
    peers: httpPeers({ clock, limits: { answerBytes: 100_000 } }),
    knownNodes: memoryRecords({ clock }).knownNodes,
    fabric: fakeFabric(liqo, clusterId('alice-1')),
    processes: memoryProcesses({ clock }).processes,
    notary: fakePeers({ clock }).keys.notaryAt(buyerOf('alice').address),
    self: buyerOf('alice'),
    timing: DEFAULT_TIMING,
  });
  const candidate = { flavor: flavorOf('000a'), seller: { ...SELLER, address }, dialect: 'rearguard', part: ONE, rating: 0.5 } as const;
  return {
    async buys(): Promise<string> {
      const wanted = { acquisition: acquisitionId('0123456789ab-1'), candidate, transaction: transactionId('5f-1') };
      // As far before its end as in a node.
      const environment = new MockActivityEnvironment({ startToCloseTimeoutMs: ATTEMPT_MS });
      return await environment.run(buy, wanted).then(
        () => 'bought',
        (error: { code?: string }) => error.code ?? String(error),
      );
    },
    told: async () => (await audit.page({ limit: 50 })).items.map(({ kind, peer, facts }) => [kind, peer, facts['code'], facts['count']]),
    kept: async () => [...(await contracts.list()), ...liqo.objects()],
  };
}

let trapped = 0;
async function trap(): Promise<string> {
  const { address, close } = await strangeServer((_request, response) => {
    trapped += 1;
    response.end('{}');
  });
  closing.push(close);
  return address;
}
const without =
  (status: number, location: (address: string) => string): RequestListener =>
  async (_request, response) =>
    void response.writeHead(status, { location: location(await trap()) }).end();

const HARM: readonly (readonly [string, string, RequestListener])[] = [
  [
    'an endless body',
    'PEER_LIED',
    (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(10_000)));
      };
      response.on('drain', more);
      more();
    },
  ],
  ['silence', 'PEER_TIMEOUT', () => {}],
  [
    'a body that trickles',
    'PEER_TIMEOUT',
    (_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 20);
      closing.push(() => clearInterval(timer));
    },
  ],
  ['a redirect to our own machine', 'PEER_LIED', without(307, (address) => `http://${address}/`)],
  ['a redirect to where a cloud says who we are', 'PEER_LIED', without(302, () => 'http://169.254.169.254/latest/meta-data/')],
  ['a redirect into a private network', 'PEER_LIED', without(308, () => 'http://10.0.0.1/')],
  ['what is no contract', 'PEER_LIED', (_request, response) => void response.end('[]')],
];

test('a seller that is slow to say what it speaks, and silent then, is given up before its buyer is ended, and told of', async () => {
  const { buys, told } = await meeting(() => {}, 200);
  expect(await buys()).toBe('PEER_TIMEOUT');
  expect(await told()).toEqual([['peer-silent', 'north', 'PEER_TIMEOUT', 1]]);
});

test.each(HARM)('PURCHASE is answered with %s: %s', async (_, code, harm) => {
  const { buys, told, kept } = await meeting(harm);
  expect(await buys()).toBe(code);
  expect(await told()).toEqual([[code === 'PEER_LIED' ? 'peer-lied' : 'peer-silent', 'north', code, 1]]);
  expect([await kept(), trapped]).toEqual([[], 0]);
});

test('who does so all the time fills no table', async () => {
  const { buys, told } = await meeting((_request, response) => void response.end('[]'));
  for (let n = 0; n < 30; n += 1) await buys();
  expect(await told()).toEqual([10, 1].map((count) => ['peer-lied', 'north', 'PEER_LIED', count]));
});
