import { type Gpus, gpuName } from './gpu.ts';
import type { LabelSelector } from './label-selector.ts';
import { nanos } from './quantity.ts';
import {
  NOTHING,
  RESOURCE_NAMES,
  type ResourceName,
  type Resources,
  add,
  canonicalResources,
  formatResource,
  gpuAlone,
  withoutGpu,
} from './resources.ts';

/** What pods use of what can be measured. */
export type Used = Pick<Resources, 'cpu' | 'memory'>;

/** A node of our own cluster that is no virtual one. */
export interface ClusterNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly allocatable: Resources;
  /** What our own pods there request. Pods that buyers offloaded are not among them: what they may use is sold, and stands in the ledger. */
  readonly own: Resources;
  /** What our own pods there use, where somebody measures it. More than they request is not offered, and breaks no sale: it is not promised to them. */
  readonly used?: Used;
  /** Extended resources that it has, and what our own pods request of them. */
  readonly extended: Readonly<Record<string, { readonly allocatable: string; readonly own: string }>>;
  /** Its GPUs, once somebody said by which resource they are sold: `withGpus`. */
  readonly gpus?: Gpus;
  readonly ready: boolean;
  readonly cordoned: boolean;
  /** Its owner keeps pods off it (a taint `NoSchedule` or `NoExecute` that is not Kubernetes' own word on its state). */
  readonly tainted: boolean;
}

/** Which nodes are sold, and how much of them. */
export interface StockRules {
  readonly nodes: LabelSelector;
  readonly pool: 'node' | 'architecture';
  /** Percent of what is allocatable that is never offered. */
  readonly headroomPercent: number;
  readonly controlPlane: boolean;
}

/** What one flavor is made of: a node, or all nodes of an architecture that have the same GPUs, or none. */
export interface Stock {
  /** As {@link stockName} says. */
  readonly name: string;
  readonly architecture: string;
  readonly gpus?: Gpus;
  readonly nodes: readonly ClusterNode[];
  /** Allocatable, less what our own pods request, less head-room; never negative. */
  readonly sellable: Resources;
}

/** What a flavor of the cluster has promised to buyers, sold or held. */
export interface Promised {
  readonly architecture: string;
  /** Which GPUs are among them, by {@link gpuName}. */
  readonly gpus?: string;
  readonly resources: Resources;
}

/** Below this nobody counts: a quantity that changes with every kilobyte would change the flavor with every pod. */
const GRAIN: Record<ResourceName, bigint> = {
  cpu: 10n ** 6n,
  memory: 2n ** 20n * 10n ** 9n,
  pods: 10n ** 9n,
  storage: 2n ** 20n * 10n ** 9n,
  gpu: 10n ** 9n,
};
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

const amount = (resources: Resources, name: ResourceName): bigint => nanos(resources[name] ?? '0');
const atLeastNothing = (value: bigint): bigint => (value < 0n ? 0n : value);

/** Each resource of `like` by its name; storage and GPUs only where it has any. */
const each = (like: Resources, of: (name: ResourceName) => bigint): Resources => {
  const at = (name: ResourceName) => formatResource(name, of(name));
  const resources = { cpu: at('cpu'), memory: at('memory'), pods: at('pods') };
  const more = like.storage === undefined ? resources : { ...resources, storage: at('storage') };
  return like.gpu === undefined ? more : { ...more, gpu: at('gpu') };
};

/** `a` less `b`, and never below nothing; what `a` does not have does not appear. */
export const rest = (a: Resources, b: Resources): Resources => each(a, (name) => atLeastNothing(amount(a, name) - amount(b, name)));

export const architectureOf = ({ labels }: ClusterNode): string => labels['kubernetes.io/arch'] ?? 'amd64';
const isControlPlane = ({ labels }: ClusterNode): boolean => CONTROL_PLANE.some((name) => labels[name] !== undefined);

/**
 * The name of the flavor that a node is in: its own, or its architecture's. Nodes with GPUs are named by them too: a node that comes back with others is another flavor, and so is each model of a pool.
 */
export function stockName(node: ClusterNode, pool: StockRules['pool']): string {
  const name = pool === 'node' ? node.name : architectureOf(node);
  return node.gpus ? `${name}/${gpuName(node.gpus)}` : name;
}

/** What may be offered of a node, were nothing sold of it yet: whole millicores, mebibytes, pods and GPUs. Of GPUs no head-room is kept, or a node with one would sell none. */
export function sellableOf({ allocatable, own, used }: ClusterNode, headroomPercent: number): Resources {
  // Hundredths of a percent, so that a share such as 12.5 is exact.
  const share = BigInt(Math.round(headroomPercent * 100));
  return each(allocatable, (name) => {
    const whole = amount(allocatable, name);
    const headroom = name === 'gpu' ? 0n : (whole * share + 9_999n) / 10_000n;
    const measured = name === 'cpu' || name === 'memory' ? nanos(used?.[name] ?? '0') : 0n;
    const taken = measured > amount(own, name) ? measured : amount(own, name);
    const left = atLeastNothing(whole - taken - headroom);
    return left - (left % GRAIN[name]);
  });
}

/** What there is to sell, in a fixed order: only of nodes that are selected, Ready, and take pods. */
export function stockOf(nodes: readonly ClusterNode[], rules: StockRules): readonly Stock[] {
  const sold = nodes
    .filter((node) => node.ready && !node.cordoned && !node.tainted && rules.nodes(node.labels))
    .filter((node) => rules.controlPlane || !isControlPlane(node))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const nameOf = (node: ClusterNode): string => stockName(node, rules.pool);
  return [...new Set(sold.map(nameOf))].map((name) =>
    stockNamed(
      name,
      sold.filter((node) => nameOf(node) === name),
      rules,
    ),
  );
}

const stockNamed = (name: string, members: readonly ClusterNode[], { headroomPercent }: StockRules): Stock => ({
  name,
  architecture: members.map(architectureOf)[0] ?? '',
  ...gpusOf(members),
  nodes: members,
  sellable: canonicalResources(members.map((node) => sellableOf(node, headroomPercent)).reduce(add, NOTHING)),
});

/** The GPUs of nodes that have the same; whoever buys one may get that with the least memory. */
function gpusOf(members: readonly ClusterNode[]): Pick<Stock, 'gpus'> {
  const [first, ...others] = members.flatMap(({ gpus }) => (gpus ? [gpus] : []));
  if (!first) return {};
  return { gpus: others.reduce((least, each) => (nanos(each.memory) < nanos(least.memory) ? each : least), first) };
}

/**
 * What each flavor may have in all, sold and held included. What is promised beyond its own nodes (they went, or are away, cordoned, fuller than they were) stands on the others of the architecture, since
 * a buyer's pods go to any node: so much less of them is offered, and nothing is sold twice. What all of them together lack is taken off each, below what is sold of it: whoever gives back makes room for that
 * first. GPUs stand only on others of their name. `promised` by the flavor's name; of what is not in stock too.
 */
export function totalsOf(stock: readonly Stock[], promised: ReadonlyMap<string, Promised>): ReadonlyMap<string, Resources> {
  const totals = placed(
    stock.map((each) => ({ ...each, behind: each.architecture, sellable: withoutGpu(each.sellable) })),
    new Map([...promised].map(([name, { architecture, resources }]) => [name, { behind: architecture, resources: withoutGpu(resources) }])),
  );
  const withThem = stock.flatMap(({ gpus, ...each }) =>
    gpus ? [{ ...each, behind: `${each.architecture}/${gpuName(gpus)}`, sellable: gpuAlone(each.sellable) }] : [],
  );
  if (withThem.length === 0) return totals;
  const gpus = placed(
    withThem,
    new Map(
      [...promised].flatMap(([name, { architecture, gpus, resources }]) =>
        gpus === undefined ? [] : [[name, { behind: `${architecture}/${gpus}`, resources: gpuAlone(resources) }]],
      ),
    ),
  );
  return new Map([...totals].map(([name, total]) => [name, { ...total, ...pickGpu(gpus.get(name)) }]));
}
const pickGpu = (of: Resources | undefined): Pick<Resources, 'gpu'> => (of?.gpu === undefined ? {} : { gpu: of.gpu });

/** Totals where what is `behind` a flavor is all stock of the same word. */
function placed(
  stock: readonly { readonly name: string; readonly behind: string; readonly sellable: Resources }[],
  promised: ReadonlyMap<string, { readonly behind: string; readonly resources: Resources }>,
): ReadonlyMap<string, Resources> {
  const sellable = new Map(stock.map((each) => [each.name, each.sellable]));
  const beyond = new Map<string, Resources>();
  for (const [name, { behind, resources }] of promised) {
    const more = rest(resources, sellable.get(name) ?? NOTHING);
    beyond.set(behind, add(beyond.get(behind) ?? NOTHING, more));
  }
  const first = new Map<string, Resources>();
  for (const { name, behind, sellable: whole } of stock) {
    const wanted = beyond.get(behind) ?? NOTHING;
    const spare = rest(whole, promised.get(name)?.resources ?? NOTHING);
    const taken = each(spare, (resource) =>
      amount(spare, resource) < amount(wanted, resource) ? amount(spare, resource) : amount(wanted, resource),
    );
    beyond.set(behind, rest(wanted, taken));
    first.set(name, rest(whole, taken));
  }
  const lacking = (behind: string): Resources => beyond.get(behind) ?? NOTHING;
  return new Map(stock.map(({ name, behind }) => [name, canonicalResources(rest(first.get(name) ?? NOTHING, lacking(behind)))]));
}

/**
 * What stands behind everything that is sold of an architecture: allocatable less what our own pods request, head-room included, of every Ready node that may run a buyer's pods. A cordoned node counts: what
 * runs there goes on.
 */
export function carriedBy(
  nodes: readonly ClusterNode[],
  architecture: string,
  { controlPlane }: Pick<StockRules, 'controlPlane'>,
): Resources {
  return nodes
    .filter((node) => architectureOf(node) === architecture && node.ready && !node.tainted && (controlPlane || !isControlPlane(node)))
    .map(({ allocatable, own }) => rest(allocatable, own))
    .reduce(add, { ...NOTHING, storage: '0' });
}

/** A sale as far as it matters who has to go. */
export interface Standing {
  readonly resources: Resources;
  /** Whether it stands on a flavor whose own nodes have less than was sold of it. */
  readonly uprooted: boolean;
  /** Milliseconds since the epoch. */
  readonly soldAt: number;
}

/** The sales that do not fit any more: the newest of those whose own nodes have less than was sold of them, then the newest of the others, and no more than it takes. */
export function notCarried<T extends Standing>(carries: Resources, sales: readonly T[]): readonly T[] {
  const left = new Map(
    RESOURCE_NAMES.map((name) => [name, sales.reduce((sum, sale) => sum + amount(sale.resources, name), -amount(carries, name))]),
  );
  const lacking = (sale: T): boolean => RESOURCE_NAMES.some((name) => (left.get(name) ?? 0n) > 0n && amount(sale.resources, name) > 0n);
  const order = sales.toSorted((a, b) => Number(b.uprooted) - Number(a.uprooted) || b.soldAt - a.soldAt);
  return order.filter((sale) => {
    if (!lacking(sale)) return false;
    for (const name of RESOURCE_NAMES) left.set(name, (left.get(name) ?? 0n) - amount(sale.resources, name));
    return true;
  });
}
