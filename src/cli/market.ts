import type { Command } from 'commander';
import { type BuyerLimits, creditIn } from '../domain/buyer-limits.ts';
import type { Allocation } from '../domain/contract.ts';
import { type Flavor, isBlueprint, isSlice } from '../domain/flavor.ts';
import type { BlueprintSale } from '../ports/blueprints.ts';
import type { BuyerHoldings, InventorySums } from '../ports/inventory.ts';
import type { OpenProcess } from '../ports/processes.ts';
import type { KnownNode, SeenCandidate } from '../ports/records.ts';
import { EXIT } from './client.ts';
import { listCommand } from './lists.ts';
import { type List, counted, facts, money, resources, span, table } from './printing.ts';
import type { CommandLine } from './program.ts';

/** What is free of a slice, or the blueprint of which an instance is sold. */
const offered = (flavor: Flavor): string => {
  if (isBlueprint(flavor)) return `${flavor.offer.kind} ${flavor.offer.name}`;
  if (!isSlice(flavor)) return '-';
  const { resources: free, gpu } = flavor.offer;
  return resources(free) + ((free.gpu ?? '0') === '0' || !gpu?.model ? '' : ` (${gpu.model})`);
};
const place = ({ location }: Flavor): string => [location?.city, location?.country].filter(Boolean).join(', ') || '-';

/** What this node sells, is offered and has agreed on; which nodes it knows; what runs. */
export function marketCommands(program: Command, line: CommandLine): void {
  const { now } = line;

  listCommand<Flavor>(program.command('flavors').description('what this node sells now'), line, {
    path: '/flavors',
    head: ['FLAVOR', 'FREE', 'PRICE', 'PLACE'],
    row: (flavor) => [flavor.id, offered(flavor), money(flavor.price), place(flavor)],
  });

  listCommand<BlueprintSale>(
    program
      .command('blueprints')
      .alias('blueprint')
      .description('services, machines and sensors that this node makes for buyers')
      .command('list', { isDefault: true })
      .description('which of them are on sale, and why others are not'),
    line,
    {
      path: '/blueprints',
      head: ['BLUEPRINT', 'KIND', 'STATE', 'FREE', 'FLAVOR', 'WHY'],
      row: ({ name, resource = name, kind, state, free, instances, flavor, why = '' }) => [
        resource === name ? name : `${name} (${resource})`,
        kind,
        state.replaceAll('-', ' '),
        `${free} of ${instances}`,
        flavor,
        why,
      ],
    },
  );

  listCommand<SeenCandidate>(program.command('candidates').description('what other nodes offered, as last seen'), line, {
    path: '/candidates',
    head: ['FLAVOR', 'SELLER', 'PART', 'COST', 'LATENCY', 'PLACE', 'SEEN'],
    row: ({ flavor, seller, hourly, latencyMs, part, seenAt }) => [
      flavor.id,
      seller.domain,
      isSlice(flavor) ? resources(part) : offered(flavor),
      money(hourly),
      latencyMs === undefined ? '-' : `${latencyMs} ms`,
      place(flavor),
      `${span(now() - Date.parse(seenAt))} ago`,
    ],
  });

  const allocations = program.command('allocations').description('what contracts take up here');
  listCommand<Allocation, { released?: boolean }>(allocations.option('--released', 'those of contracts that are over, too'), line, {
    path: '/allocations',
    query: ({ released }) => (released ? { released: 'true' } : {}),
    head: ['CONTRACT', 'TYPE', 'STATE', 'PART'],
    row: ({ contract, type, state, resources: part }) => [contract, type, state, resources(part)],
  });

  const of = (used: string | number, most: string | number | undefined): string => (most === undefined ? `${used}` : `${used} of ${most}`);
  const buyers = program.command('buyers').description('what each buyer has of this node, and what it may have');
  listCommand<BuyerHoldings & { readonly limits: BuyerLimits }>(buyers, line, {
    path: '/buyers',
    head: ['BUYER', 'HOLDS', 'CONTRACTS', 'CPU', 'MEMORY', 'PODS', 'COST'],
    row: ({ buyer, holds, contracts, resources: all, hourly, limits }) => [
      buyer.id,
      of(holds, limits.holds),
      of(contracts, limits.contracts),
      of(all.cpu, limits.cpu),
      of(all.memory, limits.memory),
      of(all.pods, limits.pods),
      hourly.map((cost) => of(money(cost), creditIn(limits, cost.currency)?.amount)).join(', ') || '-',
    ],
  });

  program
    .command('sums')
    .description('what this node has free, held and sold')
    .action(
      line.run(async (api, asJson) => {
        const sums = await api.get<InventorySums>('/sums');
        line.tell(asJson, sums, () =>
          facts([
            ['free', resources(sums.free)],
            ['held', `${resources(sums.held)} (${counted(sums.holds, 'hold')})`],
            ['sold', resources(sums.sold)],
            ['flavors', String(sums.flavors)],
          ]),
        );
        return EXIT.ok;
      }),
    );

  const nodes = program
    .command('nodes')
    .description('the nodes that are asked for flavors')
    .action(
      line.run(async (api, asJson) => {
        const { items } = await api.get<List<KnownNode>>('/nodes');
        const row = ({ address, domain, dialect, source, lastSeenAt, lastFault }: KnownNode): readonly string[] => [
          address,
          domain ?? '-',
          dialect ?? '-',
          source,
          lastSeenAt === undefined ? 'never' : `${span(now() - Date.parse(lastSeenAt))} ago`,
          lastFault ?? '',
        ];
        line.tell(asJson, items, () => table(['ADDRESS', 'DOMAIN', 'DIALECT', 'SOURCE', 'SEEN', 'FAULT'], items.map(row)));
        return EXIT.ok;
      }),
    );
  nodes
    .command('add <address>')
    .description('adds a node, as host:port, or https://host:port for one that is asked over TLS')
    .action(
      line.run(async (api, asJson, address: string) => {
        const node = await api.send<KnownNode>('POST', '/nodes', { text: JSON.stringify({ address }), type: 'application/json' });
        line.tell(asJson, node, () => `${node.address} is known\n`);
        return EXIT.ok;
      }),
    );
  nodes
    .command('remove <address>')
    .description('asks a node no longer')
    .action(
      line.run(async (api, asJson, address: string) => {
        await api.send('DELETE', `/nodes/${encodeURIComponent(address)}`);
        line.tell(asJson, { address, accepted: true }, () => `${address} is not asked any more\n`);
        return EXIT.ok;
      }),
    );

  const processes = program
    .command('processes')
    .description('open workflows, the newest 10,000')
    .option('--stuck', 'only those with something that cannot be undone at the moment')
    .action(
      line.run(async (api, asJson, options: { stuck?: boolean }) => {
        const { items } = await api.get<List<OpenProcess>>(`/processes${options.stuck ? '?stuck=true' : ''}`);
        const row = ({ workflowId, phase, stuck, startedAt }: OpenProcess): readonly string[] => [
          workflowId,
          phase ?? '-',
          stuck ? 'stuck' : '',
          span(now() - Date.parse(startedAt)),
        ];
        line.tell(asJson, items, () => table(['WORKFLOW', 'PHASE', 'STUCK', 'AGE'], items.map(row)));
        return EXIT.ok;
      }),
    );
  processes
    .command('retry <workflow>')
    .description('tries at once again what it could not undo')
    .action(
      line.run(async (api, asJson, workflowId: string) => {
        await api.send('POST', '/processes/retry-teardown', { text: JSON.stringify({ workflowId }), type: 'application/json' });
        line.tell(asJson, { workflowId, accepted: true }, () => `trying again what ${workflowId} could not undo\n`);
        return EXIT.ok;
      }),
    );
}
