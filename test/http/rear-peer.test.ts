/** The contract suite of `Peer`, through the real client and the real routes. */
import { vi } from 'vitest';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import type { ContractId } from '../../src/domain/ids.ts';
import { peerContract } from '../contracts/peer.ts';
import type { PeerHarness } from '../contracts/peer-harness.ts';
import { peerRenewalContract } from '../contracts/peer-renewal.ts';
import { rearNode } from '../fakes/rear-node.ts';
import { handClock, sliceOf } from '../fakes/samples.ts';

vi.setConfig({ testTimeout: 30_000 });

const harness = async (): Promise<PeerHarness> => {
  const clock = handClock();
  const seller = await rearNode({ name: 'north', clock, options: { legacyBuyers: false } });
  const buyer = await rearNode({ name: 'south', clock });
  const flavor = sliceOf(seller.identity, { terms: { renewal: { kind: 'on-request', forMs: 86_400_000 } } });
  await seller.memory.inventory.publish(flavor);
  const told = async (): Promise<ContractId[]> =>
    (await buyer.memory.contracts.list())
      .filter(({ acquisition }) => buyer.notices().some((each) => each === acquisition))
      .map(({ terms }) => terms.id);
  return {
    peers: httpPeers({ clock, limits: { describeMs: 15_000, listMs: 15_000, reserveMs: 15_000, extensionMs: 15_000 } }),
    seller: seller.identity,
    flavor,
    buyer: buyer.identity,
    nowhere: '127.0.0.1:9',
    notary: buyer.notary(),
    now: clock.now,
    advance: clock.advance,
    storeBought: async (terms, acquisition) => {
      await buyer.memory.contracts.storeBought({ terms, acquisition });
    },
    endAtSeller: async (contract, ending) => {
      await seller.memory.inventory.giveBack({ contract, ending });
    },
    alive: () => ({ holds: seller.memory.holds().length, contracts: seller.memory.living().length }),
    notices: told,
    close: async () => {
      await seller.close();
      await buyer.close();
    },
  };
};
peerContract('over HTTP', harness);
peerRenewalContract('over HTTP', harness);
