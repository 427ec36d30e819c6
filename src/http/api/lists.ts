import { z } from 'zod';
import type { Page, PageOf, Place } from '../../domain/pages.ts';
import { type Answer, ok } from './route.ts';

/** A whole list. */
export const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });
/** A page of a list: whoever reads a short one must not take it for all. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  listOf(item).extend({ next: z.string().optional().describe('`after` of the next page; absent when there is none.') });

/** How many rows a page has, unless it is told otherwise, and at most. */
const PAGE = { usual: 100, most: 1_000 } as const;
const LONGEST_CURSOR = 4_000;

const moment = z.iso.datetime().refine((at) => !at.startsWith('0000'));
// Without what a store does not take for text.
const name = z.string().regex(/^[^\0]*$/);
/** The places of lists, as a cursor says them. */
export const PLACES = {
  byTime: z.tuple([moment, name]).readonly(),
  byName: z.tuple([name]).readonly(),
  byNames: z.tuple([name, name]).readonly(),
  ofEvent: z.tuple([moment, z.int().min(0)]).readonly(),
  ofSale: z.tuple([z.enum(['configuration', 'resource']), name, name]).readonly(),
} as const;

/**
 * A list that may be longer than an answer, read in pages. Where the next one begins is a place in the list's order, not a number of rows: what comes and goes meanwhile lets nobody read a row twice, nor miss one. `list` names it
 * in its cursors, which are opaque and fit no other list.
 */
export function pages<P extends Place>(list: string, place: z.ZodType<P>) {
  const Cursor = z.tuple([z.literal(list), place]);
  const cursorOf = (at: P): string => Buffer.from(JSON.stringify([list, at])).toString('base64url');
  const read = (cursor: string): P | undefined => {
    try {
      return Cursor.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString())).data?.[1];
    } catch {
      return undefined;
    }
  };
  return {
    /** The parameters that say which page. */
    query: {
      limit: z.coerce.number().int().min(1).max(PAGE.most).default(PAGE.usual).describe('How many at most.'),
      after: z
        .string()
        .max(LONGEST_CURSOR, { abort: true })
        .refine((cursor) => read(cursor) !== undefined, 'is not where this list goes on: `next` of the page before says that')
        .optional()
        .describe('`next` of the page before.'),
    },
    /** Answers the page that was asked for. */
    async answer(
      { limit, after: cursor }: { readonly limit: number; readonly after?: string | undefined },
      find: (of: PageOf<P>) => Promise<Page<unknown, P>>,
    ): Promise<Answer> {
      const after = cursor === undefined ? undefined : read(cursor);
      const { items, next } = await find({ limit, ...(after !== undefined && { after }) });
      return ok({ items, ...(next !== undefined && { next: cursorOf(next) }) });
    },
  };
}
