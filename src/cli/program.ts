import { Command, CommanderError } from 'commander';
import { isLoopbackHost } from '../domain/forbidden-addresses.ts';
import { type ApiClient, CommandFailed, EXIT, EXIT_WORDS, type ExitCode, type Fetcher, apiClient } from './client.ts';
import { contractCommands } from './contracts.ts';
import { auditCommands } from './audit.ts';
import { intentCommands } from './intents.ts';
import { keyCommands } from './keys.ts';
import { marketCommands } from './market.ts';
import { refuseMistyped } from './mistyped.ts';
import { type Output, json } from './printing.ts';
import { misused, problemOf } from './problems.ts';
import { spokenAt, tlsFetcher } from './tls.ts';
import { readTokenFile, tokenCommands, tokenFile } from './token.ts';

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
  readonly fetch?: Fetcher;
  readonly version: string;
}

interface Options {
  readonly api?: string;
  readonly token?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly json?: boolean;
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
  const { environment } = world;
  let printed = false;
  const output: Output = {
    out(words) {
      printed = true;
      world.output.out(words);
    },
    err: world.output.err,
  };
  let exit: ExitCode = EXIT.ok;
  const program = new Command('rearguard')
    .description("acquires compute from other owners' Kubernetes clusters, uses it, and gives it back")
    .version(world.version)
    .option('--api <url>', `the node's management API (REARGUARD_API; ${DEFAULT_API})`)
    .option('--token <token>', 'who asks (better REARGUARD_TOKEN, or ~/.config/rearguard/token: a command line is seen by others)')
    .option('--ca-file <file>', 'PEM: the only authorities that an https:// API is believed by (REARGUARD_CA_FILE)')
    .option('--cert-file <file>', 'PEM: a client certificate, where the API asks for one (REARGUARD_CERT_FILE)')
    .option('--key-file <file>', 'PEM: its key (REARGUARD_KEY_FILE)')
    .option('--json', 'JSON instead of text')
    .addHelpText('after', EXIT_WORDS);
  const options = (): Options => program.opts();
  const line: CommandLine = {
    ...world,
    output,
    run:
      (action) =>
      async (...given) => {
        const url = options().api ?? environment['REARGUARD_API'] ?? DEFAULT_API;
        if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
          throw new CommandFailed(`--api must be a URL such as ${DEFAULT_API}, not ${url}`, EXIT.usage);
        const { token, json: asJson = false } = options();
        const client = apiClient(url, {
          fetcher: fetcherFor(url, options(), world),
          token: async () => await tokenFor(url, environment, token),
          spokenAt,
        });
        exit = await action(client, asJson, ...(given as never));
      },
    tell: (asJson, value, text) => output.out(asJson ? json(value) : text()),
  };
  intentCommands(program, line);
  marketCommands(program, line);
  contractCommands(program, line);
  keyCommands(program, line);
  tokenCommands(program, line);
  auditCommands(program, line);
  extend?.(program);
  // What commander itself would print or end by, it prints through `output`, and throws; its mistakes are told as all others.
  const inherit = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: output.out, writeErr: output.err, outputError: () => {} });
    for (const inner of command.commands) inherit(inner);
  };
  inherit(program);
  refuseMistyped(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    const ofCommander = error instanceof CommanderError;
    const failed = ofCommander ? misused(error) : error;
    if (failed === undefined) return EXIT.ok;
    if (!(failed instanceof CommandFailed)) throw failed;
    // Behind a document that was begun, or ended, none of ours follows.
    if (options().json && (failed.problem !== undefined || !printed)) output.out(json(problemOf(failed)));
    const helped = ofCommander && error.code === 'commander.help';
    if (!helped) output.err(`rearguard: ${failed.message}\n${ofCommander ? '(see --help)\n' : ''}`);
    return failed.exit;
  }
}

/** What asks a URL: over TLS with the files that were named for it. */
function fetcherFor(url: string, { caFile, certFile, keyFile }: Options, { environment, fetch: given }: World): Fetcher {
  const named = (option: string | undefined, variable: string): string | undefined => option ?? (environment[variable] || undefined);
  const files = {
    ca: named(caFile, 'REARGUARD_CA_FILE'),
    cert: named(certFile, 'REARGUARD_CERT_FILE'),
    key: named(keyFile, 'REARGUARD_KEY_FILE'),
  };
  if ((files.cert === undefined) !== (files.key === undefined))
    throw new CommandFailed('a client certificate needs both --cert-file and --key-file', EXIT.usage);
  if (given !== undefined) return given;
  const none = Object.values(files).every((file) => file === undefined);
  return none || new URL(url).protocol !== 'https:' ? fetch : tlsFetcher(files);
}

/** The token for a URL: what was given for it, or the one of the person's file, which never travels in clear to other machines. */
async function tokenFor(url: string, environment: World['environment'], given: string | undefined): Promise<string | undefined> {
  const named = given ?? environment['REARGUARD_TOKEN'];
  if (named !== undefined && named !== '') {
    if (/^[\x21-\x7e]+$/.test(named)) return named;
    throw new CommandFailed('the token is none: it holds blanks or other characters that no token has', EXIT.usage);
  }
  const file = tokenFile(environment);
  const { protocol, hostname } = new URL(url);
  if (file === undefined || (protocol !== 'https:' && !isLoopbackHost(hostname))) return undefined;
  const read = await readTokenFile(file);
  if (read === undefined || /^[\x21-\x7e]+$/.test(read)) return read;
  throw new CommandFailed(`${file} holds no token`, EXIT.usage);
}
