import { createHash, timingSafeEqual } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { Fault, isFault } from '../domain/faults.ts';
import { checked } from '../domain/wrong-fields.ts';
import type { Caller } from '../ports/callers.ts';
import { type ApiToken, ApiTokens } from './configuration-api.ts';
import { followFiles } from './watched-files.ts';

/** Of a tokens file, in bytes: a thousand tokens are a sixth of it. */
const MOST_BYTES = 1_048_576;

/** Tokens of this node, which it knows by their SHA-256. */
export interface ApiTokenList {
  of(token: string): Caller | undefined;
}

const wrong = (file: string, why: string): Fault => new Fault('CONFIGURATION_INVALID', `api.tokensFile ${file} ${why}`, { file });

/** Reads a tokens file. CONFIGURATION_INVALID, in words that repeat nothing of what stands in it. */
export async function readTokensFile(file: string): Promise<readonly ApiToken[]> {
  let text: string;
  // One handle, so that what is looked at is what is read.
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const { mode, size } = await handle.stat();
    if ((mode & 0o027) !== 0) {
      const now = (mode & 0o777).toString(8).padStart(4, '0');
      throw wrong(file, `may be read by strangers or written by others (mode ${now}): chmod 0600 it`);
    }
    if (size > MOST_BYTES) throw wrong(file, `is larger than ${MOST_BYTES} bytes`);
    text = await handle.readFile('utf8');
  } catch (error) {
    if (isFault(error)) throw error;
    throw wrong(file, `cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'})`);
  } finally {
    await handle?.close();
  }
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) throw wrong(file, 'is neither YAML nor JSON');
  // Nothing is a list of nobody: who takes the last line out withdraws it. A file that is just being written is read again when that is done.
  const result = checked(ApiTokens, document.toJS({ maxAliasCount: 0 }) ?? []);
  if (result.ok) return result.value;
  throw wrong(file, `is no list of tokens: ${result.wrong.map(({ field, problem }) => `${field} ${told(problem)}`.trim()).join('; ')}`);
}

/** A value that is not as it should be may be a token that somebody wrote in clear: it is not repeated. */
const told = (problem: string): string => problem.replace(/, not .*$/s, '');

/** The configured tokens, and those of the file as it is now. CONFIGURATION_INVALID when that cannot be used at the start. */
export async function openApiTokens(
  input: {
    readonly tokens: readonly ApiToken[];
    readonly file?: string;
  } & Pick<Parameters<typeof followFiles>[0], 'log' | 'signal' | 'troubled'>,
): Promise<ApiTokenList> {
  const { tokens, file, log, signal, troubled } = input;
  const digests = (all: readonly ApiToken[]) => all.map((token) => ({ ...token, digest: Buffer.from(token.sha256, 'hex') }));
  let known = digests(tokens);
  const changed = (now: readonly ApiToken[]): void => void (known = digests([...tokens, ...now]));
  if (file !== undefined) {
    const read = (): Promise<readonly ApiToken[]> => readTokensFile(file);
    changed((await followFiles({ what: 'api.tokensFile', files: [file], read, changed, troubled, log, signal })).now());
  }
  return {
    of(token) {
      const digest = createHash('sha256').update(token).digest();
      // All of them, always: how long it takes says nothing about which.
      const [found] = known.filter((each) => timingSafeEqual(each.digest, digest));
      return found && { name: found.name, role: found.role };
    },
  };
}
