import type { Command } from 'commander';
import type { BlueprintSale } from '../ports/blueprints.ts';
import { EXIT } from './client.ts';
import { type List, howMany, leftOut, table } from './printing.ts';
import type { CommandLine } from './program.ts';

const row = ({ name, kind, state, free, instances, flavor, why = '' }: BlueprintSale): readonly string[] => [
  name,
  kind,
  state.replaceAll('-', ' '),
  `${free} of ${instances}`,
  flavor,
  why,
];

/** What this node makes for whoever buys it. */
export function blueprintCommands(program: Command, line: CommandLine): void {
  program
    .command('blueprints')
    .alias('blueprint')
    .description('services, machines and sensors that this node makes for buyers')
    .command('list', { isDefault: true })
    .description('which of them are on sale, and why others are not')
    .option('-n, --limit <count>', 'how many at most', howMany, '100')
    .action(
      line.run(async (api, asJson, { limit }: { limit: string }) => {
        const found = await api.get<List<BlueprintSale>>(`/blueprints?${new URLSearchParams({ limit })}`);
        const { items } = found;
        line.tell(asJson, items, () => table(['BLUEPRINT', 'KIND', 'STATE', 'FREE', 'FLAVOR', 'WHY'], items.map(row)));
        leftOut(line.output, found);
        return EXIT.ok;
      }),
    );
}
