import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseSelector } from '../../src/domain/label-selector.ts';
import { nanos } from '../../src/domain/quantity.ts';
import { NOTHING, RESOURCE_NAMES, type Resources, add, fits } from '../../src/domain/resources.ts';
import { type ClusterNode, type StockRules, carriedBy, notCarried, rest, sellableOf, stockOf, totalsOf } from '../../src/domain/stock.ts';
import { sized, workerOf } from '../fakes/cluster-nodes.ts';

const RULES: StockRules = {
  nodes: parseSelector('node-role.fluidos.eu/resources=true') ?? (() => false),
  pool: 'node',
  headroomPercent: 10,
  controlPlane: false,
};
const names = (nodes: readonly ClusterNode[], rules: Partial<StockRules> = {}) =>
  stockOf(nodes, { ...RULES, ...rules }).map(({ name }) => name);

describe('what may be offered of a node', () => {
  it('is allocatable, less what our own pods request, less head-room', () => {
    const own = { cpu: '1500m', memory: '2Gi', pods: '7' };
    expect(sellableOf(workerOf('a', { own }), 10)).toEqual({ cpu: '7500m', memory: '16Gi', pods: '83' });
    expect(sellableOf(workerOf('a', { own }), 0)).toEqual({ cpu: '8500m', memory: '18Gi', pods: '93' });
  });

  it('is in whole millicores, mebibytes and pods, rounded down', () => {
    const allocatable = { cpu: '3920500u', memory: '7970838Ki', pods: '35', storage: '100000000Ki' };
    expect(sellableOf(workerOf('a', { allocatable }), 12.5)).toEqual({ cpu: '3430m', memory: '6811Mi', pods: '30', storage: '85449Mi' });
  });

  it('is less where our own pods use more than they request; what was sold is not broken by it', () => {
    const node = workerOf('a', { own: { cpu: '2', memory: '2Gi', pods: '7' }, used: { cpu: '3500m', memory: '1Gi' } });
    expect(sellableOf(node, 0)).toEqual({ cpu: '6500m', memory: '18Gi', pods: '93' });
    expect(carriedBy([node], 'amd64', { controlPlane: false })).toMatchObject({ cpu: '8', memory: '18Gi' });
  });

  it('is nothing, and never less, when our own pods have more than the rest', () => {
    expect(sellableOf(workerOf('a', { own: { cpu: '9500m', memory: '1Gi', pods: '300' } }), 10)).toEqual({
      cpu: '0',
      memory: '17Gi',
      pods: '0',
    });
  });
});

describe('which nodes are sold', () => {
  test.each<[string, Partial<ClusterNode>]>([
    ['cordoned', { cordoned: true }],
    ['not Ready', { ready: false }],
    ['tainted by its owner', { tainted: true }],
    ['of the control plane', { labels: { 'node-role.kubernetes.io/control-plane': '' } }],
    ['not selected', { labels: { 'node-role.fluidos.eu/resources': 'false' } }],
  ])('none that is %s', (_, change) => {
    expect(names([workerOf('b', change), workerOf('a')])).toEqual(['a']);
  });

  it('all workers where the selector says nothing, and the control plane where told to', () => {
    const nodes = [
      workerOf('b', { labels: { 'node-role.kubernetes.io/control-plane': '' } }),
      workerOf('a', { labels: { 'node-role.fluidos.eu/resources': 'no' } }),
    ];
    expect(names(nodes, { nodes: () => true })).toEqual(['a']);
    expect(names(nodes, { nodes: () => true, controlPlane: true })).toEqual(['a', 'b']);
  });

  it('by the node, or all of an architecture together', () => {
    const arm = workerOf('c', { labels: { 'kubernetes.io/arch': 'arm64' } });
    const pools = stockOf([workerOf('b'), arm, workerOf('a')], { ...RULES, pool: 'architecture' });
    expect(pools.map(({ name, nodes, sellable }) => [name, nodes.length, sellable])).toEqual([
      ['amd64', 2, { cpu: '18', memory: '36Gi', pods: '180' }],
      ['arm64', 1, { cpu: '9', memory: '18Gi', pods: '90' }],
    ]);
  });
});

test.each<[string, boolean | undefined]>([
  ['', true],
  ['zone', true],
  ['!zone', false],
  ['!gpu', true],
  ['zone=a', true],
  ['zone==a', true],
  ['zone!=a', false],
  ['gpu!=big', true],
  ['zone=a, tier=', false],
  ['zone=a,!gpu', true],
  ['zone in (a)', undefined],
  ['!zone=a', undefined],
  ['=a', undefined],
])('the selector "%s" on zone=a: %s', (text, selects) => {
  expect(parseSelector(text)?.({ zone: 'a' })).toBe(selects);
});

describe('what flavors may have in all', () => {
  const two = stockOf([workerOf('a'), workerOf('b')], { ...RULES, headroomPercent: 0 });
  const promised = (of: Record<string, number>) =>
    new Map(Object.entries(of).map(([name, cores]) => [name, { architecture: 'amd64', resources: sized(cores) }]));

  it('is what their nodes have, sold or not', () => {
    expect(totalsOf(two, promised({ a: 4 }))).toEqual(
      new Map([
        ['a', sized(10)],
        ['b', sized(10)],
      ]),
    );
  });

  it('is less where others of the architecture promised more than they have: nothing is sold twice', () => {
    expect(totalsOf(two, promised({ gone: 8, b: 5 }))).toEqual(
      new Map([
        ['a', sized(2)],
        ['b', sized(10)],
      ]),
    );
    expect(totalsOf(two, promised({ gone: 12, b: 5 }))).toEqual(
      new Map([
        ['a', sized(0)],
        ['b', sized(8)],
      ]),
    );
  });

  it('is less than is sold of them where all of them together lack it: what is given back is where others stand then, and is not sold again', () => {
    expect(totalsOf(two, promised({ gone: 17, b: 5 }))).toEqual(
      new Map([
        ['a', sized(0)],
        ['b', sized(3)],
      ]),
    );
    expect(totalsOf(two, promised({ gone: 40, b: 5 }))).toEqual(
      new Map([
        ['a', sized(0)],
        ['b', sized(0)],
      ]),
    );
  });

  it('is not less where those are of another architecture', () => {
    const other = new Map([['gone', { architecture: 'arm64', resources: sized(8) }]]);
    expect([...totalsOf(two, other).values()]).toEqual([sized(10), sized(10)]);
  });

  const cores = fc.integer({ min: 0, max: 20 });
  const node = fc.record({ has: cores, own: cores, ready: fc.boolean(), cordoned: fc.boolean(), arm: fc.boolean(), promised: cores });
  it('never is negative, keeps head-room, and together with all that is promised is no more than there is', () => {
    fc.assert(
      fc.property(
        fc.array(node, { maxLength: 5 }),
        fc.integer({ min: 0, max: 90 }),
        fc.constantFrom('node', 'architecture'),
        (made, headroomPercent, pool) => {
          const nodes = made.map(({ has, own, ready, cordoned, arm }, n) =>
            workerOf(`n${n}`, {
              allocatable: sized(has),
              own: sized(own),
              ready,
              cordoned,
              labels: { 'kubernetes.io/arch': arm ? 'arm64' : 'amd64' },
            }),
          );
          const stock = stockOf(nodes, { ...RULES, headroomPercent, pool });
          const taken = new Map(
            made.map(({ promised: n, arm }, i) => [`n${i}`, { architecture: arm ? 'arm64' : 'amd64', resources: sized(n) }]),
          );
          const totals = totalsOf(stock, taken);
          for (const architecture of ['amd64', 'arm64']) {
            const isHere = ({ arm }: { readonly arm: boolean }): boolean => (arm ? 'arm64' : 'amd64') === architecture;
            const left = ({ name }: { readonly name: string }): Resources =>
              rest(totals.get(name) ?? NOTHING, taken.get(name)?.resources ?? NOTHING);
            const listed = stock
              .filter((each) => each.architecture === architecture)
              .map(left)
              .reduce(add, NOTHING);
            const sold = made
              .filter(isHere)
              .map((each) => sized(each.promised))
              .reduce(add, NOTHING);
            const open = made.filter((each) => isHere(each) && each.ready && !each.cordoned);
            for (const name of RESOURCE_NAMES) {
              const amount = (of: Resources): bigint => nanos(of[name] ?? '0');
              const most = open
                .map(({ has, own }) => amount(sized(has)) - amount(sized(own)) - (amount(sized(has)) * BigInt(headroomPercent)) / 100n)
                .reduce((sum, free) => (free > 0n ? sum + free : sum), 0n);
              expect(amount(listed)).toBeGreaterThanOrEqual(0n);
              if (amount(listed) > 0n) expect(amount(listed) + amount(sold)).toBeLessThanOrEqual(most);
            }
          }
        },
      ),
    );
  });
});

describe('what does not fit any more', () => {
  const sale = (name: string, cores: number, soldAt: number, uprooted = false) => ({ name, resources: sized(cores), soldAt, uprooted });
  const gone = (carries: number, ...sales: ReturnType<typeof sale>[]) => notCarried(sized(carries), sales).map(({ name }) => name);

  it('is nothing while all of it fits', () => {
    expect(gone(10, sale('old', 6, 1), sale('new', 4, 2))).toEqual([]);
  });

  it('is the newest, and no more than it takes', () => {
    expect(gone(10, sale('old', 6, 1), sale('new', 3, 3), sale('middle', 3, 2))).toEqual(['new']);
    expect(gone(5, sale('old', 6, 1), sale('new', 3, 3), sale('middle', 3, 2))).toEqual(['new', 'middle', 'old']);
  });

  it('is first what stood on nodes that have less than was sold of them', () => {
    expect(gone(10, sale('old', 6, 1, true), sale('new', 6, 2))).toEqual(['old']);
  });

  it('is counted by each resource', () => {
    const memory = { name: 'memory', resources: { cpu: '1', memory: '30Gi', pods: '1' }, soldAt: 1, uprooted: false };
    expect(notCarried({ cpu: '10', memory: '20Gi', pods: '100' }, [memory]).map(({ name }) => name)).toEqual(['memory']);
  });

  it('stands on cordoned nodes and on head-room too, not on nodes that are away', () => {
    const nodes = [workerOf('a', { cordoned: true, own: sized(1) }), workerOf('b', { ready: false }), workerOf('c', { tainted: true })];
    expect(fits(sized(9), carriedBy(nodes, 'amd64', RULES))).toBe(true);
    expect(fits(carriedBy(nodes, 'amd64', RULES), sized(9))).toBe(true);
  });
});
