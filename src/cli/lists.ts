import type { Command } from 'commander';
import { type ApiClient, CommandFailed, EXIT } from './client.ts';
import { howMany, indented, openTable } from './printing.ts';
import type { CommandLine } from './program.ts';

/** As many rows as the API answers at a time. */
const PAGE = 1_000;

/** A page of a list as the API answers it; `next` where others follow. */
interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** How a list is read and shown. */
export interface Listing<T> {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly head: readonly string[];
  readonly row: (item: T) => readonly string[];
  /** Where it begins: `next` of another reading; at its first row when absent. */
  readonly after?: string | undefined;
  /** How many rows; all when absent. */
  readonly most?: number | undefined;
}

/** The pages of a list, each asked for when the one before is printed: only one is ever in memory. */
async function* pagesOf<T>(
  api: ApiClient,
  { path, query, after, most = Infinity }: Listing<T>,
  signal: AbortSignal,
): AsyncGenerator<Page<T>> {
  let left = most;
  for (let from = after; left > 0; ) {
    const asked = new URLSearchParams({ ...query, limit: String(Math.min(left, PAGE)), ...(from !== undefined && { after: from }) });
    const page = await api.get<Page<T>>(`${path}?${asked}`, { signal }).catch((error: unknown) => {
      throw signal.aborted ? new CommandFailed('interrupted', EXIT.failed) : error;
    });
    yield page;
    left -= page.items.length;
    from = page.next;
    if (from === undefined) return;
  }
}

/** What failed when something was printed already. Nothing is printed after it: a document that was begun and not ended is none, so that nobody takes a part of it for the whole. */
export const unfinished = (error: unknown): unknown =>
  error instanceof CommandFailed ? new CommandFailed(`${error.message}\n  What is printed is not all of it.`, error.exit) : error;

/** Prints a list page by page: as one table, or as one JSON array, after `opening`. Answers how many rows, and where others follow. */
export async function printList<T>(
  api: ApiClient,
  asJson: boolean,
  listing: Listing<T>,
  { output, signal }: Pick<CommandLine, 'output' | 'signal'>,
  opening = '',
): Promise<{ readonly shown: number; readonly next?: string | undefined }> {
  const rows = openTable(listing.head);
  const margin = opening === '' ? '' : '  ';
  let [shown, next, begun] = [0, undefined as string | undefined, false];
  try {
    for await (const page of pagesOf(api, listing, signal)) {
      const texts = asJson
        ? page.items.map((item) => `${margin}  ${indented(item, `${margin}  `)}`).join(',\n')
        : rows(page.items.map(listing.row));
      if (!asJson) output.out(texts);
      else output.out(`${begun ? '' : `${opening}[`}${texts === '' ? '' : `${shown > 0 ? ',' : ''}\n${texts}`}`);
      begun = true;
      shown += page.items.length;
      next = page.next;
    }
  } catch (error) {
    throw begun ? unfinished(error) : error;
  }
  if (asJson) output.out(shown > 0 ? `\n${margin}]` : ']');
  else if (shown === 0) output.out('none\n');
  return { shown, next };
}

/** Makes a command list what a path of the API has, whole unless `--limit` says otherwise; `query` is what its options ask for. */
export function listCommand<T, O extends object = object>(
  command: Command,
  line: CommandLine,
  { query, ...listing }: Omit<Listing<T>, 'query'> & { readonly query?: (options: O) => Readonly<Record<string, string>> },
): void {
  command.option('-n, --limit <count>', 'how many at most; all when absent', howMany).action(
    line.run(async (api, asJson, options: O & { readonly limit?: string }) => {
      const most = options.limit === undefined ? undefined : Number(options.limit);
      const { shown, next } = await printList<T>(api, asJson, { ...listing, ...(query && { query: query(options) }), most }, line);
      if (asJson) line.output.out('\n');
      if (next !== undefined) line.output.err(`these are the first ${shown}; there are more: see --limit\n`);
      return EXIT.ok;
    }),
  );
}
