import { Command, CommanderError } from 'commander';
import { type ApiClient, CommandFailed, EXIT, type ExitCode, apiClient } from './client.ts';
import { intentCommands } from './intents.ts';
import { keyCommands } from './keys.ts';
import { marketCommands } from './market.ts';
import { type Output, json } from './printing.ts';

const DEFAULT_API = 'http://127.0.0.1:3005';

/** What the commands work with; tests hand in their own. */
export interface World {
  readonly output: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A file's text; `-` is standard input. Throws {@link CommandFailed}. */
  readonly readInput: (file: string) => Promise<string>;
  readonly now: () => number;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
  readonly version: string;
}

type Action<A extends readonly unknown[]> = (api: ApiClient, asJson: boolean, ...given: A) => Promise<ExitCode>;

/** What a command's file gets to define its commands with. */
export interface CommandLine extends World {
  /** Wraps an action: opens the API and keeps the exit code. Arguments are commander's: operands, then options. */
  readonly run: <A extends readonly unknown[]>(action: Action<A>) => (...given: [...A, ...unknown[]]) => Promise<void>;
  /** Writes a result: as JSON, or as text for people. */
  readonly tell: (asJson: boolean, value: unknown, text: () => string) => void;
}

/** The commands that ask a node's API. `extend` adds those that are one (`serve`, `work`, `node`). */
export async function runProgram(argv: readonly string[], world: World, extend?: (program: Command) => void): Promise<ExitCode> {
  const { output, environment } = world;
  let exit: ExitCode = EXIT.ok;
  const program = new Command('rearguard')
    .description("acquires compute from other owners' Kubernetes clusters, uses it, and gives it back")
    .version(world.version)
    .option('--api <url>', `the node's management API (REARGUARD_API; ${DEFAULT_API})`)
    .option('--json', 'JSON instead of text')
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err });
  const options = (): { api?: string; json?: boolean } => program.opts();
  const line: CommandLine = {
    ...world,
    run:
      (action) =>
      async (...given) => {
        const url = options().api ?? environment['REARGUARD_API'] ?? DEFAULT_API;
        if (!URL.canParse(url)) throw new CommandFailed(`--api must be a URL such as ${DEFAULT_API}, not ${url}`, EXIT.usage);
        exit = await action(apiClient(url, world.fetch), options().json ?? false, ...(given as never));
      },
    tell: (asJson, value, text) => output.out(asJson ? json(value) : text()),
  };
  intentCommands(program, line);
  marketCommands(program, line);
  keyCommands(program, line);
  extend?.(program);
  // What commander itself would print or end by, it prints through `output`, and throws.
  const inherit = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: output.out, writeErr: output.err });
    for (const inner of command.commands) inherit(inner);
  };
  inherit(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CommandFailed)) throw error;
    if ((options().json ?? false) && error.problem !== undefined) output.out(json(error.problem));
    output.err(`rearguard: ${error.message}\n`);
    return error.exit;
  }
}
