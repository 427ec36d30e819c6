import { intentName, intentNamespace, instanceNamespace, remoteNamespace, contractId } from '../../../src/domain/ids.ts';
import type { Seen } from '../cluster.ts';
import { askPostgres, isPretended, openWayToPod } from '../connecting.ts';
import type { DemoNode, World } from '../world.ts';
import { ask, bothSigned, clusterOf, end, intentOf, untilBought, untilIntent, untilOver, untilPodRuns } from './acts.ts';
import { type Scenario, expect } from './scenario.ts';

const SERVICE = { name: 'orders-db', category: 'database' } as const;
/** Nobody sells one. */
const NOWHERE = { name: 'oracle', category: 'oracle' } as const;

/** What the Secrets of a namespace hold, once the named one (or, without a name, any) is there. */
async function secretIn(
  { cluster, name: node }: DemoNode,
  namespace: string,
  wanted: (secret: Seen) => boolean,
): Promise<Readonly<Record<string, string>>> {
  const what = `a Secret in ${namespace} at ${node}`;
  const secret = await cluster.awaitEvent(
    what,
    `/api/v1/namespaces/${namespace}/secrets`,
    30,
    ({ type, object }) => type !== 'DELETED' && wanted(object),
  );
  return Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}
const named =
  (name: string) =>
  ({ metadata }: Seen): boolean =>
    metadata?.name === name;

/** A hosted pod that runs, and the Secret that it mounts, by what it says itself. */
async function hostedPod(seller: DemoNode, namespace: string): Promise<{ readonly pod: Seen; readonly mounted: string }> {
  const pod = await seller.cluster.awaitEvent(
    `a hosted pod at ${seller.name}`,
    `/api/v1/namespaces/${namespace}/pods`,
    30,
    ({ type, object }) => type !== 'DELETED' && object.status?.phase === 'Running',
  );
  const volumes = pod.spec?.volumes ?? [];
  const mounted = volumes.flatMap(({ secret }) => secret?.secretName ?? []);
  expect(mounted.length === 1 && mounted[0] !== undefined, `the hosted pod mounts ${mounted.length} Secrets`);
  return { pod, mounted: mounted[0] ?? '' };
}

/** Connects to the database as its buyer could: with what the buyer's own Secret says, and with another password. Nobody can where no image runs. */
async function connected({ cluster, name }: DemoNode, pod: Seen, said: Readonly<Record<string, string>>): Promise<string> {
  const node = await cluster.objects.read({ apiVersion: 'v1', kind: 'Node', metadata: { name: pod.spec?.nodeName ?? '' } });
  if (isPretended(node.metadata?.annotations)) return `no image runs at ${name}, whose nodes are kwok's: nobody connects to the database`;
  const { username = '', password = '', database = '', port = '' } = said;
  const { namespace = '', name: podName = '' } = pod.metadata ?? {};
  const way = await openWayToPod(cluster.config, { namespace, pod: podName, port: Number(port) });
  try {
    const ask = (tried: string) => askPostgres({ way, username, password: tried, database });
    expect((await ask(password)) === 'let in', 'the database does not let in whom its Secret names');
    expect((await ask(`${password}x`)) === 'refused', 'the database lets in whoever comes');
  } finally {
    await way.close();
  }
  return 'the database lets in whom the Secret names, and refuses another password';
}

async function neither(world: World): Promise<void> {
  const name = 'neither';
  const before = (await world.buyer.api.contracts({ role: 'buyer', living: false })).length;
  await ask(world, { name, cpu: '3', memory: '4Gi', services: [SERVICE, NOWHERE], patience: '4s' });
  const { ending } = await untilOver(world, name);
  expect(
    ending?.reason === 'failed' && (ending.detail ?? '').includes(`service ${NOWHERE.name}`),
    `it ended otherwise: ${ending?.reason} ${ending?.detail}`,
  );
  const bought = (await world.buyer.api.contracts({ role: 'buyer', living: false })).length - before;
  expect(bought === 0, `${bought} contracts were bought for an intent that could not have everything`);
  world.telling.say(`nobody sells an ${NOWHERE.category}: neither database nor slice was bought: ${ending?.detail}`);
}

export const together: Scenario = {
  key: 'f',
  name: 'together',
  title: 'An application that needs a slice and a database gets both, or nothing',
  killsClusters: false,
  sellers: 1,
  async run(world, note) {
    await neither(world);
    const name = 'served';
    await ask(world, { name, cpu: '3', memory: '4Gi', services: [SERVICE] });
    const place = await untilBought(world, name);
    const [service] = await untilIntent(world, name, 'its database', 5, ({ services }) => services);
    expect(service?.state === 'held' && service.contract !== undefined, 'nobody holds the database');
    const byDomain = (domain: string | undefined): DemoNode => {
      const found = world.sellers.find((seller) => `${seller.name}.example` === domain);
      expect(found !== undefined, `no seller is ${domain}`);
      return found;
    };
    const [host, seller] = [byDomain(service.seller), byDomain(place.seller)];
    note(`database of ${host.name}, slice of ${seller.name}`);
    await bothSigned(world, service.contract, host);
    await untilPodRuns(world, name, place, seller);

    const namespace = intentNamespace(intentName(name));
    const hosted = instanceNamespace(contractId(service.contract));
    const { pod, mounted } = await hostedPod(host, hosted);
    const [theirs, ours, copy] = await Promise.all([
      secretIn(host, hosted, named(mounted)),
      secretIn(world.buyer, namespace, named(SERVICE.name)),
      secretIn(seller, remoteNamespace(namespace, await clusterOf(world.buyer)), named(SERVICE.name)),
    ]);
    const values = Object.entries(theirs);
    expect(
      values.length > 0 && values.every(([key, value]) => ours[key] === value),
      'what was handed over is not what the hosted pods mount',
    );
    expect(
      JSON.stringify(Object.entries(copy).toSorted()) === JSON.stringify(Object.entries(ours).toSorted()),
      'the pod at the seller mounts another Secret',
    );
    expect(ours['host'] !== undefined && ours['port'] !== undefined, 'the Secret does not say where the database answers');
    world.telling.say(
      `Secret ${SERVICE.name} of ${world.buyer.name} holds what the database's own pods mount at ${host.name} (${values.map(([key]) => key).join(', ')}), and that it answers at ${ours['host']}:${ours['port']}; ${seller.name} has the same for the pod`,
    );
    world.telling.say(await connected(host, pod, ours));
    const histories = JSON.stringify(intentOf(world, name) ?? {});
    expect(!values.some(([key, value]) => key === 'password' && histories.includes(value)), 'the password stands in the journal');
    await end(world, name);
    const left = await host.cluster.objects
      .read({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: hosted } })
      .catch(() => undefined);
    expect(left === undefined || left.metadata?.deletionTimestamp !== undefined, `${hosted} is still at ${host.name}`);
  },
};
