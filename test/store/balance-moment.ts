/** One moment of a whole store, read in one statement, and what is out of balance in it. */
import type postgres from 'postgres';
import { nanos } from '../../src/domain/quantity.ts';
import { RESOURCE_NAMES, type Resources } from '../../src/domain/resources.ts';

/** Nano-units in the order of RESOURCE_NAMES, as text. */
type Written = readonly string[];
/** A promise: an open reservation, or a sale by the terms that were signed. */
interface Promise_ {
  readonly lineage: string | null;
  readonly resources: Resources;
}

export interface Moment {
  readonly ledgers: readonly {
    readonly lineage: string;
    readonly onSale: boolean;
    readonly wanted: Written;
    readonly held: Written;
    readonly sold: Written;
    readonly free: Written;
    /** Flavors of it that are on sale. */
    readonly living: number;
  }[];
  readonly holds: readonly Promise_[];
  readonly sales: readonly (Promise_ & { readonly drawsOn: string })[];
}

/** A statement sees one moment, whatever goes on beside it. */
export async function readMoment(sql: postgres.Sql): Promise<Moment> {
  const [moment] = await sql<Moment[]>`
    select
      (select coalesce(jsonb_agg(jsonb_build_object('lineage', l.id, 'onSale', s.on_sale, 'wanted', l.wanted::text[], 'held', s.held::text[],
          'sold', s.sold::text[], 'free', s.free::text[],
          'living', (select count(*) from flavor f where f.lineage = l.id and f.state = 'living')) order by l.id), '[]')
        from lineage l join stock s on s.lineage = l.id) as ledgers,
      (select coalesce(jsonb_agg(jsonb_build_object('lineage', lineage, 'resources', resources)), '[]')
        from hold where state = 'held' and expires_at > clock_now()) as holds,
      (select coalesce(jsonb_agg(jsonb_build_object('lineage', h.lineage, 'resources', c.terms -> 'resources',
          'drawsOn', case when h.contract = c.id then h.state else 'nothing' end)), '[]')
        from contract c left join hold h on h.transaction = c.transaction where c.role = 'seller' and c.state <> 'over') as sales`;
  if (!moment) throw new Error('no moment');
  return moment;
}

type Amounts = readonly bigint[];
const NONE: Amounts = RESOURCE_NAMES.map(() => 0n);
const amountsOf = (resources: Resources): Amounts => RESOURCE_NAMES.map((name) => nanos(resources[name] ?? '0'));
const read = (written: Written): Amounts => written.map(BigInt);
const plus = (a: Amounts, b: Amounts): Amounts => a.map((value, i) => value + (b[i] ?? 0n));
const most = (a: Amounts, b: Amounts): Amounts => a.map((value, i) => (value > (b[i] ?? 0n) ? value : (b[i] ?? 0n)));
const minus = (a: Amounts, b: Amounts): Amounts => a.map((value, i) => value - (b[i] ?? 0n));
const sumOf = (promises: readonly Promise_[]): Amounts => promises.map(({ resources }) => amountsOf(resources)).reduce(plus, NONE);
/** Cores, GiB, pods, GiB of storage, GPUs. */
const UNITS = [10n ** 9n, 2n ** 30n * 10n ** 9n, 10n ** 9n, 2n ** 30n * 10n ** 9n, 10n ** 9n];
const words = (amounts: Amounts): string => amounts.map((value, i) => `${Number(value) / Number(UNITS[i])}`).join('/');
const same = (a: Amounts, b: Amounts): boolean => a.every((value, i) => value === b[i]);

/** What no moment may show, in a line each: of every ledger sold + held + free is what was published (or what was promised before it shrank), and it says what holds and signed contracts say. */
export function imbalances({ ledgers, holds, sales }: Moment): readonly string[] {
  const wrong = sales.filter(({ drawsOn }) => drawsOn !== 'sold').map(({ drawsOn }) => `a contract lives whose reservation is ${drawsOn}`);
  for (const { lineage, onSale, living, ...ledger } of ledgers) {
    const [wanted, held, sold, free] = [ledger.wanted, ledger.held, ledger.sold, ledger.free].map(read) as [
      Amounts,
      Amounts,
      Amounts,
      Amounts,
    ];
    const promised = sumOf(holds.filter((hold) => hold.lineage === lineage));
    const signed = sumOf(sales.filter((sale) => sale.lineage === lineage));
    if (!same(held, promised)) wrong.push(`${lineage}: held ${words(held)}, but its reservations are ${words(promised)}`);
    if (!same(sold, signed)) wrong.push(`${lineage}: sold ${words(sold)}, but its contracts are ${words(signed)}`);
    if ([...held, ...sold, ...free].some((value) => value < 0n)) wrong.push(`${lineage}: below nothing`);
    const all = plus(plus(sold, held), free);
    const there = most(wanted, plus(sold, held));
    if (!same(all, there)) wrong.push(`${lineage}: sold, held and free are ${words(all)} of ${words(there)}`);
    if (living !== (onSale ? 1 : 0)) wrong.push(`${lineage}: ${living} flavors of it live`);
  }
  return wrong;
}

/** What is offered against what the cluster has left; never more. `exactly` once the nodes were looked at after everything else. */
export function misoffered(moment: Moment, cluster: Resources, exactly: boolean): readonly string[] {
  const offered = moment.ledgers.map(({ onSale, free }) => (onSale ? read(free) : NONE)).reduce(plus, NONE);
  const promised = plus(sumOf(moment.holds), sumOf(moment.sales));
  const left = most(minus(amountsOf(cluster), promised), NONE);
  const fine = exactly ? same(offered, left) : offered.every((value, i) => value <= (left[i] ?? 0n));
  return fine ? [] : [`${words(offered)} are offered, of a cluster of ${words(amountsOf(cluster))} that promised ${words(promised)}`];
}

/** How many flavors have to be listed: those of which the least part is left. */
export const listable = ({ ledgers }: Moment, least: Resources): number =>
  ledgers.filter(({ onSale, free }) => onSale && minus(read(free), amountsOf(least)).every((value) => value >= 0n)).length;
