import type { CommanderError } from 'commander';
import { FAULTS } from '../domain/faults.ts';
import { CommandFailed, EXIT, type ExitCode } from './client.ts';

const { http: status, retry } = FAULTS.BAD_REQUEST;
const USAGE = { type: 'urn:rearguard:fault:BAD_REQUEST', title: 'Bad request', status, code: 'BAD_REQUEST', retry };
const UNREACHABLE = { title: 'Not available at the moment', status: 503, retry: true };
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
