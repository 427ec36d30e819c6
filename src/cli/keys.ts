import type { Command } from 'commander';
import type { PublishedKey } from '../domain/did.ts';
import { EXIT } from './client.ts';
import { table } from './printing.ts';
import type { CommandLine } from './program.ts';

/** The keys with which this node signs. */
export function keyCommands(program: Command, line: CommandLine): void {
  const row = ({ kid, createdAt, signsFrom, until }: PublishedKey, n: number): readonly string[] => [
    kid,
    createdAt,
    n === 0 ? 'signs' : signsFrom !== undefined ? `signs from ${signsFrom}` : (until ?? ''),
  ];
  const keys = program
    .command('key')
    .description('the keys of this node whose signatures count')
    .action(
      line.run(async (api, asJson) => {
        const { items } = await api.get<{ readonly items: readonly PublishedKey[] }>('/keys');
        line.tell(asJson, items, () => table(['KEY', 'MADE', 'COUNTS UNTIL'], items.map(row)));
        return EXIT.ok;
      }),
    );
  keys
    .command('rotate')
    .description('makes a new key, which is shown at once and signs two minutes later')
    .option(
      '--overlap <duration>',
      'for how long signatures of the old one still count after that; 0s when it was stolen: the new one signs at once',
      '7d',
    )
    .action(
      line.run(async (api, asJson, { overlap }: { overlap: string }) => {
        const made = await api.send<PublishedKey>('POST', '/keys/rotate', { text: JSON.stringify({ overlap }), type: 'application/json' });
        line.tell(asJson, made, () => `${made.kid} signs from ${made.signsFrom ?? 'now'} on\n`);
        return EXIT.ok;
      }),
    );
}
