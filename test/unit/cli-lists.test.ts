/** Lists at the command line: what a row says, and that one which is cut off says so. */
import { beforeEach, expect, test } from 'vitest';
import { type BlueprintOffer, type Flavor } from '../../src/domain/flavor.ts';
import { acquisitionId, flavorId } from '../../src/domain/ids.ts';
import { buyerOf, flavorOf, newTransaction, ONE, termsOf } from '../contracts/samples.ts';
import { blueprintSales, contracts, history, inventory, rearguard, records, YAML } from './cli-subject.ts';

const OFFER: BlueprintOffer = {
  kind: 'service',
  name: 'postgres',
  description: 'A database',
  category: 'database',
  tags: [],
  hostingPolicies: ['Provider'],
  configurationTemplate: { type: 'object' },
};
const service = (kind: BlueprintOffer['kind'], name: string): Flavor => ({
  ...flavorOf('1'),
  id: flavorId(name),
  offer: { ...OFFER, kind, name },
});
const offered = async (...flavors: readonly Flavor[]) => {
  for (const flavor of flavors) await inventory.publish(flavor);
  const node = 'north.example:3004';
  await records.knownNodes.add(node, 'operator');
  const seller = flavorOf('1').owner;
  await records.candidates.replace(
    node,
    flavors.map((flavor) => ({ flavor, seller, dialect: 'rearguard', part: ONE, rating: 0.5 })),
  );
};

test('flavors and candidates of blueprints name them', async () => {
  await offered(service('service', 'postgres'), service('vm', 'debian'));
  for (const what of ['flavors', 'candidates']) {
    const { out } = await rearguard([what]);
    expect(out).toMatch(/ service postgres {2,}/);
    expect(out).toMatch(/ vm debian {2,}/);
    expect((await rearguard([what, '--json'])).out).toMatch(/"kind": "service",\s+"name": "postgres"/);
  }
});

test('blueprints say whether they are on sale, and why not', async () => {
  const named = { kind: 'vm', writtenIn: 'configuration', flavor: flavorId('north.example-vm-1'), instances: 4 } as const;
  blueprintSales.splice(
    0,
    Infinity,
    { ...named, name: 'debian', state: 'on-sale', free: 3 },
    { ...named, name: 'small', state: 'not-on-sale', why: 'this cluster has no kubevirt.io/v1 VirtualMachine', free: 0 },
    { ...named, name: 'db', resource: 'mysql', writtenIn: 'resource', kind: 'service', state: 'on-sale', free: 4 },
    {
      ...named,
      name: 'odd',
      resource: 'odd',
      writtenIn: 'resource',
      kind: 'service',
      state: 'not-on-sale',
      why: 'cannot be read',
      free: 0,
      instances: 0,
    },
  );
  for (const name of ['blueprints', 'blueprint']) {
    const { exit, out } = await rearguard([name, 'list']);
    expect([exit, out.split('\n')]).toEqual([
      0,
      [
        'BLUEPRINT   KIND     STATE        FREE    FLAVOR              WHY',
        'debian      vm       on sale      3 of 4  north.example-vm-1',
        'small       vm       not on sale  0 of 4  north.example-vm-1  this cluster has no kubevirt.io/v1 VirtualMachine',
        'db (mysql)  service  on sale      4 of 4  north.example-vm-1',
        'odd         service  not on sale  0 of 0  north.example-vm-1  cannot be read',
        '',
      ],
    ]);
  }
  expect(JSON.parse((await rearguard(['--json', 'blueprints'])).out)).toEqual(blueprintSales);
});

const MORE = 'these are the first 1; there are more: see --limit\n';
beforeEach(async () => {
  await offered(flavorOf('1'), flavorOf('2'));
  for (const buyer of ['north', 'east']) {
    const hold = { flavor: flavorOf('1').id, buyer: buyerOf(buyer), part: ONE, transaction: newTransaction(), ttlMs: 60_000 };
    await inventory.reserve(hold);
    await contracts.storeBought({ terms: termsOf(), acquisition: acquisitionId(`a-${buyer}`) });
  }
  for (const name of ['a', 'b'])
    blueprintSales.push({ name, kind: 'vm', writtenIn: 'resource', flavor: flavorId(name), state: 'on-sale', instances: 1, free: 1 });
  for (const name of ['web', 'shop'])
    await rearguard(['intent', 'run', '-f', 'x'], { file: YAML.replace('{name: web}', `{name: ${name}}`) });
});

test.each([['flavors'], ['blueprints'], ['candidates'], ['contracts'], ['allocations'], ['buyers'], ['intent list']])(
  '%s that leave some out say so beside the list, and how to see the rest',
  async (command) => {
    for (const argv of [command.split(' '), ['--json', ...command.split(' ')]]) {
      expect(await rearguard([...argv, '-n', '1'])).toMatchObject({ exit: 0, err: MORE });
      expect(await rearguard([...argv, '-n', '2'])).toMatchObject({ exit: 0, err: '' });
    }
  },
);

test('the audit goes on with what was before', async () => {
  for (const peer of ['a', 'b', 'c']) await history.audit.record({ kind: 'operator', peer, facts: {} });
  const audit = (...more: readonly string[]) => rearguard(['--json', 'audit', '--no-verify', '--limit', '2', ...more]);
  const peersOf = ({ out }: { readonly out: string }) => (JSON.parse(out) as { items: { peer: string }[] }).items.map(({ peer }) => peer);
  const first = await audit();
  expect(first.err).toMatch(/^these are the first 2; there are more: go on with --after \S+, or see --limit\n$/);
  const pages = [first];
  for (let page = first; page.err !== '' && pages.length < 10; pages.push(page))
    page = await audit('--after', /--after (\S+),/.exec(page.err)?.[1] ?? '');
  const all = pages.flatMap(peersOf);
  expect(all.slice(0, 3)).toEqual(['c', 'b', 'a']);
  expect(all).toEqual(peersOf(await rearguard(['--json', 'audit', '--no-verify'])));
  expect(await audit('--after', '4')).toMatchObject({ exit: 2, out: expect.stringContaining('query.after') as string });
});
