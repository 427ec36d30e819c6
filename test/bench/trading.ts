import { intentDocument } from '../../deploy/demo/intents.ts';
import { openTelling } from '../../deploy/demo/telling.ts';
import { type DemoNode, startWorld } from '../../deploy/demo/world.ts';
import { type Conditions, conditions, type Measuring } from './measured.ts';
import { tellContracts, type ToldContracts } from './told-contracts.ts';

/** A contract that an intent bought, and when; milliseconds since the epoch. */
export interface Bought {
  readonly name: string;
  readonly askedAt: number;
  /** When it was seen stored at both sides. */
  readonly contractAt: number;
  /** Ends the intent, and answers when everything is given back. */
  end(): Promise<void>;
}

/** One buyer and one seller of the demo, each with its own cluster, and an intent that holds so that the tenant stands. */
export interface Trading {
  readonly buyer: DemoNode;
  readonly seller: DemoNode;
  /** Of every figure that is taken here: both nodes have one Postgres. */
  readonly conditions: Conditions;
  /** The very first intent, for which tenant and peering had to be made. */
  readonly first: Bought;
  buy(name: string): Promise<Bought>;
  stop(): Promise<void>;
}

/** Enough that no measure runs out of it. */
const PLENTY = {
  name: 'plenty',
  cpu: '16000',
  memory: '32Ti',
  pods: '40000',
  price: { amount: '0.20', currency: 'EUR', period: 'hourly' as const },
  latencyMs: 8,
  minimum: { cpu: '500m', memory: '512Mi', pods: '1' },
};
/** A buyer that signs nothing, and may. */
export const UNSIGNED = 'bench-unsigned';
/** One that does. */
export const SIGNED = 'bench';
/** More than the buyer's cluster has. */
const WANTED = { cpu: '3', memory: '4Gi' };
const STORED_MS = 60_000;

export async function openTrading({ say }: Measuring): Promise<Trading> {
  const world = await startWorld({
    telling: openTelling({ write: (text: string) => say(text.trim()) }),
    sellers: 1,
    flavors: [PLENTY],
    sell: {},
    durable: true,
    // Whoever measures asks as often as it can.
    peers: [
      { node: UNSIGNED, policy: 'legacy', limits: { requestsPerSecond: 1_000_000 } },
      { node: SIGNED, policy: 'signed', limits: { requestsPerSecond: 1_000_000 } },
    ],
  });
  try {
    const { buyer, sellers } = world;
    const [seller] = sellers;
    if (!seller) throw new Error('there is no seller');
    const [bought, sold] = await Promise.all([tellContracts(buyer.ledger), tellContracts(seller.ledger)]);
    const trading = {
      buyer,
      seller,
      conditions: await conditions('http', seller.ledger.sql),
      buy: (name: string) => buy({ buyer, seller, bought, sold }, name),
      stop: () => world.stop(),
    };
    const first = await trading.buy('standing');
    await inUse(buyer, first.name);
    return { ...trading, first };
  } catch (error) {
    await world.stop();
    throw error;
  }
}

interface Counter {
  readonly buyer: DemoNode;
  readonly seller: DemoNode;
  readonly bought: ToldContracts;
  readonly sold: ToldContracts;
}

async function buy({ buyer, seller, bought, sold }: Counter, name: string): Promise<Bought> {
  const askedAt = Date.now();
  await buyer.api.createIntent(intentDocument({ name, ...WANTED }));
  const here = await bought.first(({ at }) => at >= askedAt, STORED_MS);
  const there = await sold.first(({ id }) => id === here.id, STORED_MS);
  const [row] = await seller.ledger.sql<
    { transaction: string }[]
  >`select transaction from contract where id = ${here.id} and role = 'seller'`;
  if (!row) throw new Error(`the seller has no contract ${here.id}`);
  return {
    name,
    askedAt,
    contractAt: Math.max(here.at, there.at),
    async end() {
      await buyer.api.endIntent(name);
      await buyer.temporal.workflow.getHandle(`intent/${name}`).result();
      // The seller gives back a moment later; what still goes on there is not the next sample's.
      await seller.temporal.workflow.getHandle(`contract/${row.transaction}`).result();
    },
  };
}

/** Its pod is seen Running at home; how long that takes is another measure's. */
const inUse = (buyer: DemoNode, name: string): Promise<unknown> =>
  buyer.cluster.awaitEvent(
    `a pod of intent ${name}`,
    `/api/v1/namespaces/intent-${name}/pods`,
    180,
    ({ object }) => object.status?.phase === 'Running',
  );
