import type { Ledger } from '../../deploy/demo/ledger.ts';

/** When each contract was seen stored in one node's schema, by its id; milliseconds since the epoch. */
export interface ToldContracts {
  /** The first one that is wanted, also one that was stored before it is asked for. */
  first(wanted: (contract: Told) => boolean, withinMs: number): Promise<Told>;
}

interface Told {
  readonly id: string;
  readonly at: number;
}

/** Postgres tells of each contract once it is committed: asking it again and again took a tenth of the machine from what is measured. The trigger is the benchmark's own and goes with the schema. */
export async function tellContracts({ sql }: Ledger): Promise<ToldContracts> {
  const [{ channel } = { channel: '' }] = await sql<{ channel: string }[]>`select current_schema() || '.contract' as channel`;
  await sql`create function tell_contract() returns trigger language plpgsql as $$
    begin perform pg_notify(tg_table_schema || '.contract', new.id); return new; end $$`;
  await sql`create trigger tell_contract after insert on contract for each row execute function tell_contract()`;
  const stored: Told[] = [];
  const listeners = new Set<() => void>();
  await sql.listen(channel, (id) => {
    stored.push({ id, at: Date.now() });
    for (const listener of listeners) listener();
  });
  return {
    first: (wanted, withinMs) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = stored.find(wanted);
          if (!found) return;
          clearTimeout(late);
          listeners.delete(look);
          resolve(found);
        };
        const late = setTimeout(() => {
          listeners.delete(look);
          reject(new Error(`no contract within ${withinMs} ms`));
        }, withinMs);
        listeners.add(look);
        look();
      }),
  };
}
