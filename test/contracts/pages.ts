import { beforeEach, describe, expect, it } from 'vitest';
import { acquisitionId, type ContractId, contractId, flavorId } from '../../src/domain/ids.ts';
import type { ByName, ByNames, ByTime, Page, PageOf, Place } from '../../src/domain/pages.ts';
import type { IntentRecord } from '../../src/domain/status.ts';
import type { Audit, EventPlace } from '../../src/ports/audit.ts';
import type { Contracts } from '../../src/ports/contracts.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import type { Candidates, IntentRecords, KnownNodes } from '../../src/ports/records.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER, termsOf } from './samples.ts';

export interface Lists {
  readonly inventory: Inventory;
  readonly contracts: Contracts;
  readonly candidates: Candidates;
  readonly knownNodes: KnownNodes;
  readonly intents: IntentRecords;
  readonly audit: Audit;
}

/** A list: how a row gets in, how its rows are named, how one changes, and goes. */
interface List {
  readonly add: (n: number) => Promise<unknown>;
  readonly page: (of: PageOf<Place>) => Promise<Page<string, Place>>;
  readonly change?: (name: string) => Promise<unknown>;
  readonly remove?: (name: string) => Promise<unknown>;
}
/** Spreads numbers over the order of names. */
const mix = (n: number): string => String((n * 37) % 100).padStart(3, '0');
const [STAND, MORE] = [9, 5];
const NODES = ['north', 'west', 'south'] as const;

const read =
  <T, P extends Place>(find: (of: PageOf<P>) => Promise<Page<T, P>>, name: (item: T) => string): List['page'] =>
  async ({ limit, after }) => {
    const { items, ...rest } = await find({ limit, ...(after && { after: after as P }) });
    return { items: items.map(name), ...rest };
  };

/** What holds of every list that is read in pages; `make` answers empty ones. */
export function pagesContract(make: () => Promise<Lists>): void {
  let lists = {} as Lists;
  const offers = new Map<string, Set<string>>();
  const offer = async (node: string): Promise<void> =>
    await lists.candidates.replace(
      node,
      [...(offers.get(node) ?? [])].map((name) => ({
        flavor: flavorOf(name),
        seller: { ...SELLER, domain: node },
        dialect: 'rearguard',
        part: ONE,
        rating: 0.5,
      })),
    );
  const nodeOf = (n: number): string => NODES[n % NODES.length] ?? '';
  const reserve = (name: string, key: string) =>
    lists.inventory.reserve({
      flavor: flavorOf('stock').id,
      buyer: buyerOf(name),
      part: ONE,
      idempotencyKey: key,
      transaction: newTransaction(),
      ttlMs: 60_000,
    });
  const record = (name: string, startedAt: number, attempts: number): IntentRecord => ({
    status: { name, phase: 'usage', state: 'working', since: startedAt, startedAt, attempts },
    document: {},
    plan: [],
    silent: [],
    journal: [],
  });
  const startOf = (name: string): number => NOON + (Number(name.slice(-3)) % 4);
  const buy = async (): Promise<ContractId> => {
    const terms = termsOf();
    await lists.contracts.storeBought({ terms, acquisition: acquisitionId(`a-${terms.id}`) });
    return terms.id;
  };
  const over = (id: string) => lists.contracts.markOver({ contract: contractId(id), ending: { reason: 'done' } });
  beforeEach(async () => {
    lists = await make();
    offers.clear();
    for (const node of NODES) await lists.knownNodes.add(node, 'operator');
  });

  const LISTS: Readonly<Record<string, List>> = {
    flavors: {
      add: (n) => lists.inventory.publish(flavorOf(mix(n))),
      page: read(
        (of: PageOf<ByName>) => lists.inventory.page(of),
        ({ id }) => id,
      ),
      remove: (id) => lists.inventory.withdraw(flavorId(id)),
    },
    contracts: {
      add: buy,
      page: read(
        (of: PageOf<ByTime>) => lists.contracts.page(of),
        ({ terms }) => terms.id,
      ),
      change: (id) => lists.contracts.markEnding({ contract: contractId(id), ending: { reason: 'done' } }),
    },
    'living contracts': {
      add: buy,
      page: read(
        (of: PageOf<ByTime>) => lists.contracts.page({ ...of, living: true, role: 'buyer' }),
        ({ terms }) => terms.id,
      ),
      remove: over,
    },
    allocations: {
      add: buy,
      page: read(
        (of: PageOf<ByTime>) => lists.contracts.allocationPage(of),
        ({ contract }) => contract,
      ),
      change: (id) => lists.contracts.activate(contractId(id)),
    },
    'living allocations': {
      add: buy,
      page: read(
        (of: PageOf<ByTime>) => lists.contracts.allocationPage({ ...of, living: true }),
        ({ contract }) => contract,
      ),
      change: (id) => lists.contracts.activate(contractId(id)),
      remove: over,
    },
    candidates: {
      add: async (n) => {
        const node = nodeOf(n);
        offers.set(node, new Set([...(offers.get(node) ?? []), mix(n)]));
        await offer(node);
      },
      page: read(
        (of: PageOf<ByNames>) => lists.candidates.page(of),
        ({ flavor, seller }) => `${seller.domain} ${flavor.id.slice(-3)}`,
      ),
      change: (name) => offer(name.split(' ')[0] ?? ''),
      remove: async (name) => {
        const [node = '', flavor = ''] = name.split(' ');
        offers.get(node)?.delete(flavor);
        await offer(node);
      },
    },
    buyers: {
      add: async (n) => {
        if (n === 0) await lists.inventory.publish(flavorOf('stock', { resources: { cpu: '100', memory: '200Gi', pods: '1000' } }));
        await reserve(`buyer-${mix(n)}`, 'first');
      },
      page: read(
        (of: PageOf<ByName>) => lists.inventory.buyers(of),
        ({ buyer }) => buyer.id,
      ),
      change: (name) => reserve(name, 'second'),
      remove: async (name) => {
        for (const idempotencyKey of ['first', 'second']) await lists.inventory.release({ buyer: buyerOf(name), idempotencyKey });
      },
    },
    intents: {
      add: (n) => lists.intents.save(record(`web-${mix(n)}`, startOf(mix(n)), 0)),
      page: read(
        (of: PageOf<ByTime>) => lists.intents.page(of),
        ({ name }) => name,
      ),
      change: (name) => lists.intents.save(record(name, startOf(name), 7)),
    },
    audit: {
      add: (n) => lists.audit.record({ kind: 'operator', facts: { n } }),
      page: read(
        (of: PageOf<EventPlace>) => lists.audit.page(of),
        ({ facts }) => `event ${facts.n}`,
      ),
    },
  };

  describe.each(Object.entries(LISTS))('%s', (_, { add, page, change, remove }) => {
    const first = async (limit: number) => await page({ limit });

    it('have a page more as long as one is left, and no more', async () => {
      expect(await first(1)).toEqual({ items: [] });
      for (let n = 0; n < STAND; n += 1) await add(n);
      expect(await first(STAND)).toEqual({ items: expect.any(Array) });
      const { items: whole } = await first(100);
      expect(whole).toHaveLength(STAND);
      const { items, next } = await first(STAND - 1);
      expect([items, next === undefined]).toEqual([whole.slice(0, -1), false]);
      expect(await page({ limit: 5, ...(next && { after: next }) })).toEqual({ items: whole.slice(-1) });
    });

    it('show each row once that stands all the while, in order, whatever comes, changes and goes', async () => {
      for (let n = 0; n < STAND; n += 1) await add(n);
      const { items: whole } = await first(100);
      const seen: string[] = [];
      for (let turn = 0, after: Place | undefined; turn < 50; turn += 1) {
        const { items, next } = await page({ limit: 2, ...(after !== undefined && { after }) });
        seen.push(...items);
        if (next === undefined) break;
        after = next;
        if (turn < MORE) await add(STAND + turn);
        // The one behind which the next page begins is gone by then, and the last one, which is not shown yet, is another one by then.
        await remove?.(items.at(-1) ?? '');
        await change?.(whole.at(-1) ?? '');
      }
      expect(seen.filter((name) => whole.includes(name))).toEqual(whole);
      expect(new Set(seen).size).toBe(seen.length);
    });
  });
}
