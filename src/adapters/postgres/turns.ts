import type { Turns } from '../../ports/turns.ts';
import type { Pool } from './connect.ts';

export const turns = (pool: Pool): Turns => ({
  async take({ place, key, lastsMs }) {
    const { count } = await pool`
      insert into turn (place, key, ends_at) values (${place}, ${key}, clock_now() + ${lastsMs} * interval '1 millisecond')
      on conflict (place) do update
        set key = excluded.key, ends_at = excluded.ends_at, transaction = case when turn.key = excluded.key then turn.transaction end
        where turn.key = excluded.key or turn.ends_at <= clock_now()`;
    return count > 0;
  },
  async note({ place, key, transaction }) {
    await pool`update turn set transaction = ${transaction} where place = ${place} and key = ${key}`;
  },
  async free(of) {
    // What ended by itself goes along: nobody else would clear it away.
    if ('key' in of) await pool`delete from turn where key = ${of.key} or ends_at <= clock_now()`;
    else
      await pool`
        delete from turn where (transaction = ${of.transaction} and starts_with(place, ${of.at})) or ends_at <= clock_now()`;
  },
});
