/** A node that describes itself well and signs it, and shows no DID document that would prove it: whoever looks around is told of it as such, and the audit once. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { discoveryActivities } from '../../activities/discovery.ts';
import { serviceDiscoveryActivities } from '../../activities/service-discovery.ts';
import { didOf } from '../../src/domain/did.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { json } from '../../src/http/rear/answers.ts';
import { sealing } from '../../src/http/rear/seal.ts';
import { DID_DOCUMENT, writeDidDocument } from '../../src/rear/did.ts';
import { writeDescription } from '../../src/rear/extensions.ts';
import { signerAt } from '../fakes/keys.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { givenRatings } from '../fakes/opinions.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { identityOf } from '../fakes/samples.ts';
import { openSigningNodes, type SigningNodes } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });

let { clock, south, peersOf, onClose, close } = {} as SigningNodes;
beforeEach(async () => {
  ({ clock, south, peersOf, onClose, close } = await openSigningNodes());
});
afterEach(() => close());

type Document = Parameters<typeof strangeServer>[0];

/** Such a node, and whoever knows it and looks for something. */
async function meeting(document: Document) {
  const { address, close: stop } = await strangeServer((request, response) => {
    if (request.url === DID_DOCUMENT) return document(request, response);
    const identity = identityOf('north', address);
    const options = { self: () => identity, authorities: [] } as unknown as Parameters<typeof sealing>[0]['options'];
    const answer = json(writeDescription(identity));
    void sealing({ signer: signerAt(address, clock), clock, options })(answer, request).then((seal) =>
      response.writeHead(200, { ...answer.headers, ...seal }).end(answer.body),
    );
  });
  onClose(stop);
  const { audit } = memoryAudit({ clock });
  const records = memoryRecords({ clock });
  await records.knownNodes.add(address, 'operator');
  const ratings = givenRatings(new Map());
  // Roomy, so that a busy machine changes nothing.
  const timing = { ...DEFAULT_TIMING, nodeAnswerMs: 20_000 };
  const deps = { peers: peersOf(south), ...records, ratings, audit, self: south.identity, timing };
  return {
    address,
    knownNodes: records.knownNodes,
    discover: () => discoveryActivities(deps).discover({ request: { resources: { cpu: '1', memory: '1Gi', pods: '1' } } }),
    discoverServices: serviceDiscoveryActivities(deps).discoverServices,
    told: async () => (await audit.page({ limit: 9 })).items.map(({ kind, peer, facts }) => [kind, peer, facts['code'], facts['count']]),
  };
}

const endless: Document = (_, response) => {
  const more = (): void => void (response.write('x'.repeat(16_384)) ? setImmediate(more) : response.once('drain', more));
  more();
};
const LIES: readonly (readonly [string, Document, RegExp])[] = [
  [
    'is another node’s',
    (_, response) => void response.end(JSON.stringify(writeDidDocument(didOf('other.example:1'), []))),
    /no DID document: id/,
  ],
  [
    'sends us elsewhere',
    (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    /DID document: .*elsewhere/,
  ],
  ['never ends', endless, /DID document: the answer is larger than 65536 bytes, if it ends at all/],
  [
    'lacks the key that signs',
    (request, response) => void response.end(JSON.stringify(writeDidDocument(didOf(request.headers.host ?? ''), []))),
    /key that it does not show/,
  ],
];

test.each(LIES)('a document that %s', async (_, document, words) => {
  const { address, knownNodes, discover, told } = await meeting(document);
  const { candidates, silent } = await discover();
  expect([candidates, silent]).toEqual([[], [{ address, code: 'PEER_LIED', detail: expect.stringMatching(words) as string }]]);
  expect(await knownNodes.list()).toMatchObject([{ lastFault: expect.stringMatching(words) as string }]);
  expect(await told()).toEqual([['peer-lied', address, 'PEER_LIED', 1]]);
});

test('of one answer for which ten waited it is told once; by the name that its address had', async () => {
  const { address, knownNodes, discoverServices, told } = await meeting(endless);
  await knownNodes.seen(address, { nodeId: 'north-node' });
  const services = Array.from({ length: 10 }, (_, i) => ({
    name: `db-${i}`,
    kind: 'service' as const,
    category: 'database',
    configuration: {},
  }));
  const offered = await discoverServices({ services });
  expect(offered.map(({ silent }) => silent[0]?.code)).toEqual(services.map(() => 'PEER_LIED'));
  expect(await told()).toEqual([['peer-lied', 'north-node', 'PEER_LIED', 1]]);
});

test('of one that is away nothing is told', async () => {
  const { discover, told } = await meeting((request) => void request.socket.destroy());
  expect((await discover()).silent).toMatchObject([{ code: 'PEER_UNREACHABLE' }]);
  expect(await told()).toEqual([]);
});
