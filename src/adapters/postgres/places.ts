import type { ByTime } from '../../domain/pages.ts';
import type { Db } from './connect.ts';

/** A time as it stands in a column: a `Date` would lose its microseconds, by which rows are ordered. */
export const exactly = (sql: Db, column: string) => sql`to_char(${sql(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
/** Such a time, read again: as a text, since this client would make a `Date` of it. */
export const moment = (sql: Db, at: string) => sql`${at}::text::timestamptz`;

/** The condition that a row comes after a place in a list by time: newest first, those of the same moment by name. Its first half is what an index is searched by. */
export const isAfter = (sql: Db, [at, name]: readonly [at: string, name: string], after: ByTime | undefined) =>
  after === undefined
    ? sql`true`
    : sql`${sql(at)} <= ${moment(sql, after[0])} and (${sql(at)} < ${moment(sql, after[0])} or ${sql(name)} > ${after[1]})`;
