/** The ready-made services by whole nodes over HTTP, hosted by whom their buyer says: what is handed over to the workload is what the hosted pods mount; ended, nothing is left on either side. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterId, hostedNamespace, instanceNamespace } from '../../src/domain/ids.ts';
import { mountedBy } from '../fakes/mounting.ts';
import { NODES, type Pair, openPair } from './pair.ts';
import { document } from './trade.ts';

const GENERATED = { username: expect.stringMatching(/^[a-z][a-z0-9]{11}$/), password: expect.stringMatching(/^[a-z][a-z0-9]{31}$/) };
const OWN = { username: 'shop', password: 'hunter-two-and-more' };
let pair: Pair;
beforeAll(async () => {
  pair = await openPair({
    sellers: ['north'],
    blueprints: (['database', 'message-queue'] as const).map((use) => ({
      name: `our-${use}`,
      use,
      hostingPolicies: ['Provider', 'Consumer'],
      price: { amount: '0.05', currency: 'EUR' },
    })),
  });
  await pair.untilReady();
});
afterAll(() => pair.stop());

const handedOver = () => [...pair.liqo.cluster(clusterId('south')).handedOver.values()].map(({ values }) => values);
/** What stands at the seller and at the buyer of the one service that is sold, and in which namespace. */
async function standing() {
  const { north, south } = pair.hosting;
  const [contract, ...more] = await north.hosting.instances();
  const [acquisition, ...others] = await south.hosting.bought();
  if (!contract || more.length + others.length > 0) throw new Error('one is expected');
  return {
    contract,
    seller: { namespace: instanceNamespace(contract), manifests: north.made(contract) ?? [] },
    buyer: acquisition && { namespace: hostedNamespace(acquisition), manifests: south.hosted(acquisition) ?? [] },
  };
}

test.each([
  ['database', 'Provider', {}, { ...GENERATED, database: 'app' }, '5432'],
  ['message-queue', 'Provider', {}, GENERATED, '5672'],
  ['database', 'Consumer', { ...OWN, database: 'orders' }, { ...OWN, database: 'orders' }, '5432'],
  ['message-queue', 'Consumer', {}, GENERATED, '5672'],
] as const)('a ready-made %s hosted as %s', async (category, hostingPolicy, configuration, secret, port) => {
  const name = `${category}-${hostingPolicy.toLowerCase()}`;
  const resources = hostingPolicy === 'Consumer' && { resources: { cpu: '500m', memory: '1Gi', pods: 1 } };
  const intent = document(name, { services: [{ name: 'store', category, hostingPolicy, configuration, ...resources }] });
  const run = await pair.rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], intent);
  expect([run.exit, run.err]).toEqual([0, '']);

  const { contract, seller, buyer } = await standing();
  const host = hostingPolicy === 'Consumer' ? buyer : seller;
  if (!host) throw new Error('nothing of it runs at its buyer');
  const names = host.manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(names).toEqual(['Secret credentials', `Service ${category}`, `Deployment ${category}`]);
  if (host === buyer) expect(seller.manifests).toEqual([]);
  else expect(buyer).toBeUndefined();

  const mounted = mountedBy(host.manifests);
  expect(mounted).toEqual(secret);
  expect(handedOver()).toEqual([{ ...mounted, host: `${category}.${host.namespace}.svc`, port }]);

  for (const node of NODES) {
    const shown = await pair.rearguard(node, ['--json', 'contract', 'show', contract]);
    expect(JSON.parse(shown.out)).toMatchObject({ terms: { service: { hostingPolicy } } });
    const read = [shown];
    for (const command of ['show', 'export']) read.push(await pair.rearguard(node, ['contract', command, contract]));
    for (const { exit, out } of read) expect([exit, out.includes(mounted['password'] ?? '')]).toEqual([0, false]);
  }

  const ended = await pair.rearguard('south', ['intent', 'end', name, '--watch']);
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await pair.allOverAndReplayed();
  expect([await pair.hosting.north.hosting.instances(), await pair.hosting.south.hosting.bought(), handedOver()]).toEqual([[], [], []]);
});
