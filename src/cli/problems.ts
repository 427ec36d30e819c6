import type { CommanderError } from 'commander';
import { CommandFailed, EXIT, type ExitCode } from './client.ts';

const USAGE = { title: 'Bad request', status: 400, code: 'BAD_REQUEST', retry: false };
const UNREACHABLE = { title: 'Not available at the moment', status: 503 };
/** What a node would answer where it comes to the same: its problems and ours are read alike. */
const LIKE: Partial<Record<ExitCode, Readonly<Record<string, string | number | boolean>>>> = {
  [EXIT.usage]: USAGE,
  [EXIT.unreachable]: UNREACHABLE,
};

/** For `--json`: the node's problem, or what failed before a node was asked or without an answer of one, in the same shape (RFC 9457). */
export const problemOf = ({ exit, message, problem }: CommandFailed): unknown =>
  problem ?? {
    type: 'about:blank',
    ...(LIKE[exit] ?? { title: 'Failed', status: 500, retry: false }),
    detail: message.replaceAll(/\n\s*/g, '\n'),
  };

/** What commander found wrong in the command line, as whatever else fails; `undefined` where it did what was asked, such as help. */
export function misused({ code, exitCode, message }: CommanderError): CommandFailed | undefined {
  if (exitCode === 0) return undefined;
  // A group without a command: its help is printed already.
  if (code === 'commander.help') return new CommandFailed('a command is missing', EXIT.usage);
  return new CommandFailed(message.replace(/^error: /, ''), EXIT.usage);
}
