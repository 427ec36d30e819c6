import { type ByTime, pageOf } from '../../domain/pages.ts';
import type { IntentRecord } from '../../domain/status.ts';
import type { IntentRecords } from '../../ports/records.ts';
import { json, type Pool } from './connect.ts';
import { isAfter } from './places.ts';

interface IntentRow {
  readonly record: IntentRecord;
}

export const intents = (pool: Pool): IntentRecords => ({
  async save(record) {
    const { name, startedAt } = record.status;
    await pool`
      insert into intent (name, record, started_at, saved_at)
      values (${name}, ${json(pool, record)}, ${new Date(startedAt).toISOString()}, clock_now())
      on conflict (name) do update set record = excluded.record, started_at = excluded.started_at, saved_at = excluded.saved_at`;
  },
  async get(name) {
    const [row] = await pool<IntentRow[]>`select record from intent where name = ${name}`;
    return row?.record;
  },
  async page({ limit, after }) {
    const rows = await pool<Pick<IntentRecord, 'status'>[]>`
      select status from intent where ${isAfter(pool, ['started_at', 'name'], after)} order by started_at desc, name limit ${limit + 1}`;
    return pageOf(rows, limit, {
      item: ({ status }) => status,
      place: ({ status: { startedAt, name } }): ByTime => [new Date(startedAt).toISOString(), name],
    });
  },
  async saved(names) {
    const rows = await pool<
      { name: string }[]
    >`select name from intent where name in (select jsonb_array_elements_text(${pool.json([...names])}))`;
    return new Set(rows.map(({ name }) => name));
  },
});
