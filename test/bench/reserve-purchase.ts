import { randomBytes } from 'node:crypto';
import { acquisitionId } from '../../src/domain/ids.ts';
import { drive, type Measured, type Measuring, percentile } from './measured.ts';
import { CONNECTIONS } from './seller-side.ts';
import { openSignedBuyer } from './signed-buyer.ts';
import type { Trading } from './trading.ts';

const PART = { cpu: '500m', memory: '512Mi', pods: '1' };
const WARM_UP = 32;

/** RESERVE, PURCHASE and SEND_CONTRACT, one after the other, per second at the seller's HTTP: 16 at once of one buyer whose tenant stands; each ends in a contract with both signatures, every request and answer is signed, and both sides look at it. */
export async function measurePurchase(how: Measuring, trading: Trading): Promise<readonly Measured[]> {
  const buyer = await openSignedBuyer('bench');
  try {
    return await measure(how, trading, buyer);
  } finally {
    await buyer.stop();
  }
}

async function measure(
  { quick }: Measuring,
  trading: Trading,
  { identity, peers, notary }: Awaited<ReturnType<typeof openSignedBuyer>>,
): Promise<readonly Measured[]> {
  const peer = peers.at(trading.seller.place.rear);
  const [flavor] = (await peer.listFlavors()).flavors;
  if (!flavor) throw new Error('nothing is for sale');
  const bought = new Set<string>();
  const buy = async (): Promise<void> => {
    const idempotencyKey = acquisitionId(`${randomBytes(6).toString('hex')}-1`);
    const { id } = await peer.reserve({ flavor: flavor.id, buyer: identity, part: PART, idempotencyKey });
    const { terms, agreement } = await peer.purchase({ transaction: id, buyer: identity });
    if (!agreement) throw new Error('sold without a signature');
    const { signatures } = await notary.countersign({ terms, agreement });
    const signature = signatures[1];
    if (!signature) throw new Error('not countersigned');
    await peer.countersign({ contract: terms.id, buyer: identity, signature });
    bought.add(terms.id);
  };
  await buy();
  await drive({ sides: CONNECTIONS, until: (done) => done >= WARM_UP, work: buy });
  const stopAt = performance.now() + (quick ? 4_000 : 20_000);
  const { samples, elapsedMs } = await drive({ sides: CONNECTIONS, until: () => performance.now() >= stopAt, work: buy });
  const [row] = await trading.seller.ledger.sql<{ sold: number }[]>`
    select count(*)::int as sold from contract where role = 'seller' and state = 'active' and terms -> 'buyer' ->> 'id' = ${identity.id}`;
  if (row?.sold !== bought.size) throw new Error(`${bought.size} were bought, ${row?.sold} are stored`);
  const sales = {
    unit: 'sales/s',
    value: (samples.length * 1000) / elapsedMs,
    p50: percentile(samples, 0.5),
    p99: percentile(samples, 0.99),
    facts: { sold: bought.size },
  };
  // The same sales: nodes of our dialect know no others.
  return ['reserve-purchase', 'reserve-purchase-signed'].map((name) => ({ name, ...sales }));
}
