#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { CommandFailed, EXIT, type ExitCode } from '../cli/client.ts';
import { runProgram } from '../cli/program.ts';
import { isFault } from '../domain/faults.ts';
import { ConfigurationError, readConfiguration } from './read-configuration.ts';
import { rbacCommand } from './rbac-command.ts';
import type { Role } from './run.ts';
import { giveYoungObjectsRoom } from './young-objects.ts';

/** The build that this runs from, which may no longer be the newest one of its clone. */
const build = path.resolve(import.meta.dirname, '../..');
const above = [build, path.dirname(build), path.resolve(build, '../..')].map((folder) => path.join(folder, 'package.json'));
const { version } = JSON.parse(readFileSync(above.find((file) => existsSync(file)) ?? 'package.json', 'utf8')) as { version: string };

const stop = new AbortController();
let stops = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    stops += 1;
    if (stops > 1) process.exit(128 + (name === 'SIGINT' ? 2 : 15));
    stop.abort();
  });
}

const ROLES: readonly (readonly [string, readonly Role[], string])[] = [
  ['serve', ['serve'], 'runs the HTTP side of a node: REAR for other nodes, and the management API'],
  ['work', ['work'], 'runs the worker of a node: its workflows, and the watch of its cluster'],
  ['node', ['serve', 'work'], 'runs both in one process'],
];

const output = {
  out: (words: string): unknown => process.stdout.write(words),
  err: (words: string): unknown => process.stderr.write(words),
};

const server = (program: Command): void => {
  rbacCommand(program, output);
  for (const [name, roles, words] of ROLES) {
    program
      .command(name)
      .description(words)
      .option('-c, --config <file>', 'YAML or JSON (REARGUARD_CONFIG); the environment stands over it: see docs/configuration.md')
      .action(async ({ config }: { config?: string }) => {
        try {
          giveYoungObjectsRoom();
          const configuration = readConfiguration({ ...(config !== undefined && { file: config }), environment: process.env });
          // The clients of Temporal, Postgres and Kubernetes take a second to load: commands that ask the API do without.
          const [{ runNode }, { openClusterParts }] = await Promise.all([import('./run.ts'), import('./cluster-parts.ts')]);
          const bundle = path.join(build, 'workflow-bundle.js');
          await runNode({ configuration, roles, version, bundle, signal: stop.signal, openCluster: openClusterParts });
        } catch (error) {
          if (error instanceof ConfigurationError || isFault(error)) throw new CommandFailed(error.message, EXIT.usage);
          const code = error instanceof Error && 'code' in error ? String(error.code) : '';
          if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL') {
            throw new CommandFailed(`cannot listen: ${error instanceof Error ? error.message : code}`, EXIT.failed);
          }
          throw error;
        }
      });
  }
};

const readInput = async (file: string): Promise<string> => {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new CommandFailed(`cannot read ${file} (${why})`, EXIT.usage);
  }
};

const exit: ExitCode = await runProgram(
  process.argv.slice(2),
  {
    output,
    environment: process.env,
    readInput,
    now: () => Date.now(),
    signal: stop.signal,
    version,
  },
  server,
);
process.exitCode = exit;
