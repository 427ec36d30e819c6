import { z } from 'zod';
import { type Answer, ok } from './route.ts';

/** A whole list. */
export const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });
/** A list that may be cut off: whoever reads a short one must not take it for all. */
export const firstOf = <T extends z.ZodType>(item: T) =>
  listOf(item).extend({ more: z.literal(true).optional().describe('There are others; absent when these are all.') });

/** How many rows a list shows, unless it is told otherwise, and at most. */
export const LISTED = { usual: 100, most: 1_000 } as const;
export const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(LISTED.most)
  .optional()
  .describe(`How many of the newest ones; ${LISTED.usual} when absent.`);

/** The first ones, and whether there are others: one more than is answered is asked for. */
export async function first<T>(
  most: number = LISTED.usual,
  list: (filter: { readonly limit: number }) => Promise<readonly T[]>,
): Promise<Answer> {
  const found = await list({ limit: most + 1 });
  return ok({ items: found.slice(0, most), ...(found.length > most && { more: true }) });
}
