import { Fault } from '../../domain/faults.ts';
import type { Contracts } from '../../ports/contracts.ts';
import { json, type Pool } from './connect.ts';

/** The end of a contract, and how it is put off: the part of `Contracts` that prolongs. The row's lock decides between a renewal and the end. */
export const renewals = (pool: Pool): Pick<Contracts, 'renew' | 'lapse' | 'giveNotice'> => ({
  async renew({ contract: id, role, number, renewal, until }) {
    const [renewed] = await pool`
      with renewed as (
        update contract set renewals = coalesce(renewals, '[]') || jsonb_build_array(${json(pool, renewal)}::jsonb), renewed_until = ${until}
        where id = ${id} and role = ${role} and state = 'active' and notice is null and jsonb_array_length(coalesce(renewals, '[]')) = ${number - 1}
        returning id, role, terms
      ), told as (
        insert into event (at, kind, contract, peer, facts)
        select clock_now(), 'renewed', id, terms -> case role when 'seller' then 'buyer' else 'seller' end ->> 'id',
          jsonb_build_object('role', role, 'number', ${number}::int, 'expiresAt', ${until}::text)
        from renewed
      )
      select id from renewed`;
    if (renewed) return true;
    const [known] = await pool`
      select id from contract where id = ${id} and role = ${role} and renewals -> ${number - 1}::int ->> 'payload' = ${renewal.payload}`;
    return known !== undefined;
  },
  async giveNotice({ contract: id, notice }) {
    await pool`
      with noticed as (
        update contract set notice = ${json(pool, notice)} where id = ${id} and state = 'active' and notice is null returning id, role, terms, notice
      )
      insert into event (at, kind, contract, peer, facts)
      select clock_now(), 'notice', id, terms -> case role when 'seller' then 'buyer' else 'seller' end ->> 'id',
        (notice -> 'ending') || jsonb_build_object('role', role, 'endsAt', notice ->> 'endsAt')
      from noticed`;
  },
  async lapse({ contract: id, expiresAt, ending }) {
    await pool`
      with ended as (
        update contract set state = 'ending', ending = ${json(pool, ending)}
        where id = ${id} and role = 'seller' and state = 'active'
          and coalesce(renewed_until, terms ->> 'expiresAt')::timestamptz <= ${new Date(expiresAt)}
        returning id, role, terms, ending
      )
      insert into event (at, kind, contract, peer, facts)
      select clock_now(), 'ending', id, terms -> 'buyer' ->> 'id',
        ending || jsonb_build_object('role', role, 'buyer', terms -> 'buyer', 'seller', terms -> 'seller') from ended`;
    const [row] = await pool<{ living: boolean; until: string }[]>`
      select state = 'active' as living, coalesce(renewed_until, terms ->> 'expiresAt') as until from contract where id = ${id} and role = 'seller'`;
    if (!row) throw new Fault('NOT_FOUND', 'no such sale', { contract: id });
    return row.living ? row.until : undefined;
  },
});
