import { createHash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { ROLES, type Role } from '../domain/roles.ts';
import { CommandFailed, EXIT } from './client.ts';
import type { CommandLine } from './program.ts';

type Environment = CommandLine['environment'];

/** Where a person keeps the token for the nodes they ask; `undefined` for somebody without a home. */
export function tokenFile(environment: Environment): string | undefined {
  const { XDG_CONFIG_HOME: configuration, HOME: home } = environment;
  if (configuration) return path.join(configuration, 'rearguard', 'token');
  return home ? path.join(home, '.config', 'rearguard', 'token') : undefined;
}

/** The token in that file; `undefined` when there is none. Refuses a file that others may read: what lies there may be theirs by now. */
export async function readTokenFile(file: string): Promise<string | undefined> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CommandFailed(`cannot read ${file} (${code})`, EXIT.usage);
  });
  if (handle === undefined) return undefined;
  try {
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0) throw new CommandFailed(`others may read ${file}: chmod 0600 it, and make a new token`, EXIT.usage);
    return (await handle.readFile('utf8')).trim();
  } finally {
    await handle.close();
  }
}

/** Makes tokens for the management API. Nothing is asked or told: only its SHA-256 goes to the node, by the hand of its operator. */
export function tokenCommands(program: Command, line: CommandLine): void {
  const tokens = program.command('token').description("tokens for a node's management API");
  tokens
    .command('create')
    .description('makes one, prints it this once, and the line for the node’s api.tokensFile')
    .requiredOption('--name <name>', 'who will use it, as the log names them')
    .option('--role <role>', `${ROLES.join(', ')}: viewers read, operators start and end, admins change whom the node trusts`, 'viewer')
    .action(
      line.run(async (_, asJson, { name, role }: { name: string; role: string }) => {
        if (!ROLES.includes(role as Role)) throw new CommandFailed(`--role must be one of ${ROLES.join(', ')}, not ${role}`, EXIT.usage);
        if (!/^[A-Za-z0-9][-A-Za-z0-9_.@]{0,62}$/.test(name))
          throw new CommandFailed('--name must be 1 to 63 letters, digits and -_.@', EXIT.usage);
        const token = `rgt_${randomBytes(32).toString('base64url')}`;
        const entry = { name, role, sha256: createHash('sha256').update(token).digest('hex') };
        line.tell(
          asJson,
          { token, entry },
          () =>
            `${token}\n\nIt is shown this once. For the node's api.tokensFile:\n- {name: ${JSON.stringify(name)}, role: ${role}, sha256: ${entry.sha256}}\n`,
        );
        return EXIT.ok;
      }),
    );
}
