import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { GENESIS, type Seal } from '../../domain/audit.ts';
import type { Db } from './connect.ts';
import { type EventRow, eventColumns } from './events.ts';

/** A seal as it stands in its table, beside its event where that is there. */
export interface LinkRow extends Omit<EventRow, 'id'> {
  readonly seq: string;
  readonly event: string;
  readonly hash: Uint8Array;
  /** `null` when the event is gone. */
  readonly id: string | null;
}

export const bytesOf = ({ hash }: Seal): Buffer => Buffer.from(hash, 'base64url');
export const GENESIS_HASH: Uint8Array = bytesOf(GENESIS);
export const same = (one: Uint8Array, another: Uint8Array): boolean => Buffer.compare(one, another) === 0;

/** The hash of the link before, and the event in canonical JSON (RFC 8785) with the place that it has in the chain. */
export function linkHash(before: Uint8Array, seq: number, { id, at, kind, contract, peer, facts }: EventRow): Buffer {
  const text = canonicalize({ v: 1, seq, id, at, kind, contract, peer, facts });
  return createHash('sha256')
    .update(before)
    .update(text ?? '')
    .digest();
}

export const linksAfter = (sql: Db, seq: number, limit: number) => sql<LinkRow[]>`
  select s.seq, s.event, s.hash, ${eventColumns(sql)} from seal s left join event e on e.id = s.event
  where s.seq > ${seq} order by s.seq limit ${limit}`;

export async function linkAt(sql: Db, seq: number): Promise<{ readonly event: number; readonly hash: Uint8Array } | undefined> {
  const [row] = await sql<{ event: string; hash: Uint8Array }[]>`select event, hash from seal where seq = ${seq}`;
  return row && { event: Number(row.event), hash: row.hash };
}
