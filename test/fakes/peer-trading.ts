/** How another node in memory trades: what it answers to whoever reserves, buys, holds and ends. */
import { contractOver, pastItsEnd } from '../../src/domain/contract-over.ts';
import type { Dialect } from '../../src/domain/candidate.ts';
import type { Contract } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import { type ContractId, contractOf, transactionId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { nextEnd, stateAt } from '../../src/domain/renewal.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Peer } from '../../src/ports/peer.ts';
import { renewalPayload } from '../../src/rear/renewal.ts';
import type { KeyCircle } from './keys.ts';
import type { MemoryInventory } from './memory-inventory.ts';
import { credentialsOf, type FakeNode, madeOf } from './peer-node.ts';
import type { PeerCall } from './troubles.ts';

/** A node that stands somewhere. */
export interface Standing {
  readonly node: FakeNode;
  readonly dialect: Dialect;
  readonly memory: MemoryInventory;
  reachable: boolean;
}
/** Runs a call at whoever stands there, with the troubles that are planned for it. */
export type Run = <T>(call: PeerCall, effect: (at: Standing) => Promise<T>) => Promise<T>;
type Trading = Pick<Peer, 'reserve' | 'purchase' | 'countersign' | 'release' | 'terminate' | 'refreshCredentials' | 'handover' | 'renew'>;

export function peerTrading({ clock, keys }: { readonly clock: Clock; readonly keys: KeyCircle }): (run: Run, extension: Run) => Trading {
  let counter = 0;
  const ownContract = async ({ memory }: Standing, contract: ContractId, buyer: NodeIdentity): Promise<Contract> => {
    const found = await memory.contracts.get(contract);
    if (found === undefined) throw new Fault('CONTRACT_UNKNOWN', 'no such contract', { contract });
    if (found.terms.buyer.id !== buyer.id) throw new Fault('BUYER_REFUSED', 'not your contract', { contract });
    return found;
  };
  const end = async ({ memory }: Standing, contract: ContractId, ending: Ending): Promise<void> =>
    await memory.inventory.giveBack({ contract, ending });

  return (run, extension) => ({
    reserve: ({ flavor, buyer, part, service, idempotencyKey }) =>
      run('reserve', async ({ memory, dialect, node }) => {
        counter += 1;
        const transaction = transactionId(`${counter.toString(16).padStart(32, '0')}-${clock.now()}000000`);
        const ttlMs = node.holdTtlMs ?? 60_000;
        // A FLUIDOS node ignores the key: it knows (buyer, flavor) only.
        const key = dialect === 'fluidos' ? {} : { idempotencyKey };
        const { id, flavorId, expiresAt } = await memory.inventory
          .reserve({ flavor, buyer, ...(service ? { service } : { part }), transaction, ttlMs, ...key })
          .catch((error: unknown) => {
            if (error instanceof Fault && error.code === 'NOT_FOUND') throw new Fault('FLAVOR_GONE', 'no such flavor', { flavor });
            throw error;
          });
        return { id, flavorId, expiresAt };
      }),
    purchase: ({ transaction, buyer }) =>
      run('purchase', async (standing) => {
        const hold = await standing.memory.inventory.hold(transaction);
        if (hold !== undefined && hold.buyer.id !== buyer.id) throw new Fault('BUYER_REFUSED', 'not your transaction');
        const known = await standing.memory.contracts.ofTransaction(transaction);
        // A FLUIDOS node forgets a transaction with the first PURCHASE: a lost answer cannot be asked for again.
        if (known !== undefined && standing.dialect === 'fluidos') throw new Fault('HOLD_EXPIRED', 'Error getting the Transaction');
        if (known !== undefined && known.state !== 'active') throw contractOver(known);
        const sellers = keys.notaryAt(standing.node.identity.address);
        const { terms, agreement } = await standing.memory.inventory
          .sell({
            transaction,
            contract: contractOf(transaction),
            seller: standing.node.identity,
            lifetimeMs: standing.node.contractLifetimeMs ?? 365 * 86_400_000,
            sign: (signed) => sellers.sign(signed),
          })
          .catch((error: unknown) => {
            if (error instanceof Fault && error.code === 'NOT_FOUND') throw new Fault('HOLD_EXPIRED', 'no such transaction');
            throw error;
          });
        return { terms, credentials: terms.service ? undefined : credentialsOf(standing.node), ...(agreement && { agreement }) };
      }),
    countersign: ({ contract, buyer, signature }) =>
      extension('countersign', async (standing) => {
        const found = await ownContract(standing, contract, buyer);
        const { terms, agreement } = found;
        if (found.state !== 'active') throw contractOver(found);
        if (!agreement) throw new Fault('BUYER_REFUSED', 'sold without signatures');
        await keys.notaryAt(standing.node.identity.address).checkBuyer({ terms, agreement, signature });
        await standing.memory.contracts.countersign({ contract, payload: agreement.payload, signature });
      }),
    renew: ({ contract, buyer, proposed }) =>
      extension('renew', async (standing) => {
        const found = await ownContract(standing, contract, buyer);
        const known = found.renewals?.find(({ payload }) => payload === proposed.payload);
        if (known) return known;
        if (found.state !== 'active') throw contractOver(found);
        const until = nextEnd(found);
        if (found.notice) throw new Fault('RENEWAL_REFUSED', 'notice was given');
        if (until === undefined || proposed.payload !== renewalPayload(found, until))
          throw new Fault('RENEWAL_REFUSED', 'no renewal was agreed on, or another end');
        if (found.terms.flavor.terms?.renewal?.kind !== 'automatic' && !(await standing.memory.inventory.serves(found.terms.flavor.id)))
          throw new Fault('RENEWAL_REFUSED', 'not for sale on the same terms any more');
        const renewal = await keys.notaryAt(standing.node.identity.address).grantRenewal({ contract: found, until, proposed });
        const number = (found.renewals?.length ?? 0) + 1;
        await standing.memory.contracts.renew({ contract, role: 'seller', number, renewal, until });
        return renewal;
      }),
    release: ({ buyer, idempotencyKey }) =>
      extension('release', async (standing) => {
        const { sold } = await standing.memory.inventory.release({ buyer, idempotencyKey });
        if (sold !== undefined) await end(standing, sold, { reason: 'ended-by-user', detail: 'released' });
      }),
    terminate: ({ contract, buyer, ending }) =>
      extension('terminate', async (standing) => {
        await ownContract(standing, contract, buyer);
        await end(standing, contract, ending);
      }),
    refreshCredentials: ({ contract, buyer }) =>
      extension('refreshCredentials', async (standing) => {
        const found = await ownContract(standing, contract, buyer);
        if (found.state !== 'active') throw contractOver(found);
        return credentialsOf(standing.node);
      }),
    handover: ({ contract, buyer }) =>
      extension('handover', async (standing) => {
        const found = await ownContract(standing, contract, buyer);
        if (stateAt(found, clock.now()) !== 'active') throw contractOver({ terms: found.terms, ending: pastItsEnd(found) });
        if (found.terms.service === undefined) throw new Fault('PEER_REFUSED', 'nothing is handed over of a slice', { contract });
        if (found.agreement && found.agreement.signatures.length < 2)
          throw new Fault('BUYER_REFUSED', 'it is not countersigned', { contract });
        const { handover = madeOf } = standing.node;
        const made = handover(found);
        if (made === undefined) throw new Fault('SERVICE_PENDING', 'it is being made', { contract });
        return made;
      }),
  });
}
