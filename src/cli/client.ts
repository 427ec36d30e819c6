import { z } from 'zod';
import type { WrongField } from '../domain/wrong-fields.ts';
import { WELL_KNOWN } from '../rear/extensions.ts';

/** Exit codes, the same for every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3, notFound: 4, notAllowed: 5, notVouchedFor: 6 } as const;
/** The same, for `--help`. */
export const EXIT_WORDS = `
Exit codes:
  0  done
  1  it failed, or the intent did
  2  something in the command, the file or the configuration is wrong
  3  the node cannot be reached, or something else answers there
  4  there is no such thing
  5  not allowed: no token, an unknown one, or one whose role is not enough
  6  contract verify: its signatures hold, by keys that nothing but the file says are the parties'
`;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What ends a command early: words for a person, and the exit code for a script. */
export class CommandFailed extends Error {
  readonly exit: ExitCode;
  /** For `--json`: the API's problem, or what was found wrong here. */
  readonly problem: unknown;
  constructor(message: string, exit: ExitCode, problem?: unknown) {
    super(message);
    this.name = 'CommandFailed';
    this.exit = exit;
    this.problem = problem;
  }
}

/** The management API, as this program asks it. Every call throws {@link CommandFailed} when it is not answered with success. */
export interface ApiClient {
  readonly url: string;
  get<T>(path: string, options?: { readonly seconds?: number; readonly signal?: AbortSignal }): Promise<T>;
  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: { readonly text: string; readonly type: string }): Promise<T>;
}

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly retry?: boolean;
  readonly requestId?: string;
  readonly errors?: readonly WrongField[];
}

const CALL_SECONDS = 20;

/** What a node of ours says of itself to other nodes. */
const Described = z.looseObject({ protocol: z.literal('REAR') });

/** What the client asks with; `fetch` fits. */
export type Fetcher = (url: string, init: RequestInit) => Promise<Response>;

/** What is spoken at an address, as far as a handshake tells. */
export type Spoken = 'tls' | 'clear' | 'unknown';

/** A client of the API at a URL. `token` is asked for once, when the first call is made. */
export function apiClient(
  url: string,
  {
    fetcher,
    token,
    spokenAt,
  }: {
    readonly fetcher: Fetcher;
    readonly token: () => Promise<string | undefined>;
    /** Asked where a call came to nothing, and the wrong one of `http://` and `https://` may be why. */
    readonly spokenAt: (url: string) => Promise<Spoken>;
  },
): ApiClient {
  let asked: Promise<string | undefined> | undefined;
  // A node tells its address with or without the path of the API.
  const base = url.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
  /** Refuses the wrong one of `http://` and `https://` by its name. */
  const refuseScheme = async (): Promise<void> => {
    const asked = base.startsWith('https:') ? 'tls' : 'clear';
    const spoken = await spokenAt(base);
    if (spoken === asked || spoken === 'unknown') return;
    const [right, wrong, words] = spoken === 'tls' ? ['https', 'http', 'speaks TLS'] : ['http', 'https', 'speaks no TLS'];
    throw new CommandFailed(
      `${base}: this address ${words}\n  Say ${right}:// instead of ${wrong}:// with --api URL or REARGUARD_API.`,
      EXIT.unreachable,
    );
  };
  /** Whether it is where a node of ours listens for other nodes. */
  const speaksRear = async (): Promise<boolean> => {
    try {
      const answer = await fetcher(`${base}${WELL_KNOWN}`, { redirect: 'manual', signal: AbortSignal.timeout(CALL_SECONDS * 1_000) });
      return answer.ok && Described.safeParse(parsed(await answer.text())).success;
    } catch {
      return false;
    }
  };
  const call = async (path: string, init: RequestInit, seconds: number, signal?: AbortSignal): Promise<never> => {
    const bearer = await (asked ??= token());
    const headers = { ...init.headers, ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) };
    const until = AbortSignal.any([AbortSignal.timeout(seconds * 1_000), ...(signal ? [signal] : [])]);
    let response: Response;
    let text: string;
    try {
      response = await fetcher(`${base}/api/v1${path}`, { ...init, headers, redirect: 'manual', signal: until });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted || error instanceof CommandFailed) throw error;
      const why = whyOf(error);
      if (MISUNDERSTOOD.test(why)) await refuseScheme();
      throw new CommandFailed(unreachable(base, why), EXIT.unreachable);
    }
    const body = parsed(text);
    if (response.ok && body !== undefined) return body as never;
    // What many servers answer to whom speaks in clear where TLS is spoken.
    if (response.status === 400 && body === undefined) await refuseScheme();
    const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
    if (!isProblem && (await speaksRear())) {
      throw new CommandFailed(
        `what answers at ${base} is a node's REAR listener, for other nodes; its API is at another port (api.listen): say it with --api URL`,
        EXIT.unreachable,
      );
    }
    if (response.ok || !isProblem) {
      throw new CommandFailed(
        `what answers at ${base} is not a Rearguard node (status ${response.status}); say where it is with --api URL`,
        EXIT.unreachable,
      );
    }
    const problem = body as Problem;
    throw new CommandFailed(wordsOf(problem, response.status, bearer !== undefined), exitOf(response.status), problem);
  };
  return {
    url: base,
    get: (path, options = {}) => call(path, {}, options.seconds ?? CALL_SECONDS, options.signal),
    send: (method, path, body) =>
      call(path, { method, ...(body && { body: body.text, headers: { 'content-type': body.type } }) }, CALL_SECONDS),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const exitOf = (status: number): ExitCode => {
  if (status === 401 || status === 403) return EXIT.notAllowed;
  if (status === 404) return EXIT.notFound;
  if (status === 503) return EXIT.unreachable;
  return status < 500 ? EXIT.usage : EXIT.failed;
};

/** A line for each wrong field. */
export const fieldLines = (errors: readonly WrongField[]): readonly string[] =>
  errors.map(({ field, problem }) => `  ${field === '' ? '(the whole)' : field}: ${problem}`);

/** What, where, why, and what to do. */
function wordsOf({ title = 'Failed', detail, code, retry, requestId, errors = [] }: Problem, status: number, withToken: boolean): string {
  const head = code === undefined ? `${title} (${status})` : `${title} (${code})`;
  const fields = fieldLines(errors);
  const why = fields.length > 0 ? fields : detail === undefined ? [] : [`  ${detail}`];
  const hint =
    status === 401
      ? [
          withToken
            ? '  The node does not know the token that was sent: ask its operator for another.'
            : '  Say who you are by REARGUARD_TOKEN, a file ~/.config/rearguard/token (0600), or --token.',
        ]
      : retry === true
        ? ['  It may pass: try again.']
        : status >= 500 && requestId
          ? [`  The node's log knows it as request ${requestId}.`]
          : [];
  return [head, ...why, ...hint].join('\n');
}

/** How those part who speak TLS on one side only. */
const MISUNDERSTOOD = /^(UND_ERR_SOCKET|ECONNRESET|EPIPE|EPROTO|HPE_\w+|ERR_SSL_\w+)$/;

/** A code, where there is one. */
function whyOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'unknown';
  if ('code' in cause) return String(cause.code);
  return cause.name === 'TimeoutError' ? 'no answer in time' : cause.message;
}

function unreachable(base: string, why: string): string {
  if (/CERT|SIGNATURE|SSL|EPROTO/.test(why)) {
    return `no TLS with the node's API at ${base} (${why})\n  Name its authority by --ca-file or REARGUARD_CA_FILE, and a certificate by --cert-file and --key-file where it asks for one.`;
  }
  return `cannot reach the node's API at ${base} (${why})\n  Is \`rearguard serve\` running there? Say where with --api URL or REARGUARD_API.`;
}
