import { randomBytes } from 'node:crypto';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import { type AcquisitionId, type ContractId, type FlavorId, acquisitionId, clusterId, nodeId } from '../../src/domain/ids.ts';
import type { Peer } from '../../src/ports/peer.ts';
import { drive, type Measured, type Measuring, percentile } from './measured.ts';
import { CONNECTIONS, meet } from './seller-side.ts';
import { openSignedBuyer } from './signed-buyer.ts';
import { SIGNED, type Trading, UNSIGNED } from './trading.ts';

const PART = { cpu: '500m', memory: '512Mi', pods: '1' };
const WARM_UP = 32;

type Buy = () => Promise<ContractId>;

/** RESERVE and PURCHASE, one after the other, per second at the seller's HTTP: 16 at once of one buyer whose tenant stands; each ends in a contract. */
export async function measurePurchase(how: Measuring, trading: Trading): Promise<readonly Measured[]> {
  const identity = {
    id: nodeId(UNSIGNED),
    address: '127.0.0.1:9',
    domain: 'bench.example',
    clusterId: clusterId('bench-unsigned'),
  };
  const { peer } = await meet(trading);
  const flavor = await offered(peer);
  const unsigned = await measure(how, trading, identity, async () => {
    const { id } = await peer.reserve({ flavor, buyer: identity, part: PART, idempotencyKey: newKey() });
    return (await peer.purchase({ transaction: id, buyer: identity })).terms.id;
  });
  return [{ name: 'reserve-purchase', ...unsigned }];
}

/** The same of a buyer of our own dialect: every request and answer is signed and looked at by both sides, and SEND_CONTRACT brings its signature under the contract. */
export async function measureSignedPurchase(how: Measuring, trading: Trading): Promise<readonly Measured[]> {
  const { identity, peers, notary, stop } = await openSignedBuyer(SIGNED);
  try {
    const peer = peers.at(trading.seller.place.rear);
    const flavor = await offered(peer);
    const signed = await measure(how, trading, identity, async () => {
      const { id } = await peer.reserve({ flavor, buyer: identity, part: PART, idempotencyKey: newKey() });
      const { terms, agreement } = await peer.purchase({ transaction: id, buyer: identity });
      const signature = agreement && (await notary.countersign({ terms, agreement })).signatures[1];
      if (!signature) throw new Error('sold without a signature');
      await peer.countersign({ contract: terms.id, buyer: identity, signature });
      return terms.id;
    });
    return [{ name: 'reserve-purchase-signed', ...signed }];
  } finally {
    await stop();
  }
}

const newKey = (): AcquisitionId => acquisitionId(`${randomBytes(6).toString('hex')}-1`);
async function offered(peer: Peer): Promise<FlavorId> {
  const [flavor] = (await peer.listFlavors()).flavors;
  if (!flavor) throw new Error('nothing is for sale');
  return flavor.id;
}

async function measure({ quick }: Measuring, trading: Trading, { id }: NodeIdentity, buy: Buy): Promise<Omit<Measured, 'name'>> {
  const bought = new Set<string>();
  const work = async (): Promise<void> => void bought.add(await buy());
  await work();
  await drive({ sides: CONNECTIONS, until: (done) => done >= WARM_UP, work });
  const stopAt = performance.now() + (quick ? 4_000 : 20_000);
  const { samples, elapsedMs } = await drive({ sides: CONNECTIONS, until: () => performance.now() >= stopAt, work });
  const [row] = await trading.seller.ledger.sql<{ sold: number }[]>`
    select count(*)::int as sold from contract where role = 'seller' and state = 'active' and terms -> 'buyer' ->> 'id' = ${id}`;
  if (row?.sold !== bought.size) throw new Error(`${bought.size} were bought, ${row?.sold} are stored`);
  return {
    unit: 'sales/s',
    value: (samples.length * 1000) / elapsedMs,
    p50: percentile(samples, 0.5),
    p99: percentile(samples, 0.99),
    facts: { ...trading.conditions, sold: bought.size },
  };
}
