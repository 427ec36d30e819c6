/**
 * Other nodes in memory, for saga tests: sellers with flavors, reservations and contracts, and buyers that get notices. Passes the contract suite
 * of the port; any call can be made to refuse, to lose its answer after it took effect, or to hang; what is left alive can be listed as leaks.
 */
import type { Dialect } from '../../src/domain/candidate.ts';
import type { Contract, EndNotice } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import { isBlueprint, type NodeIdentity } from '../../src/domain/flavor.ts';
import { type ContractId, contractOf, transactionId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { nextEnd } from '../../src/domain/renewal.ts';
import { renewalPayload } from '../../src/rear/renewal.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Hold } from '../../src/ports/inventory.ts';
import type { Peer, Peers } from '../../src/ports/peer.ts';
import { isLookedFor } from '../../src/rear/selector.ts';
import { type KeyCircle, keyCircle } from './keys.ts';
import { type MemoryInventory, memoryInventory } from './memory-inventory.ts';
import { EXTENSIONS } from '../../src/rear/extensions.ts';
import { type FakeNode, credentialsOf, madeOf } from './peer-node.ts';
import { openTroubles, type PeerCall, type Trouble } from './troubles.ts';

interface Notice {
  readonly to: string;
  readonly contract: ContractId;
  readonly ending: Ending;
}

export interface FakePeers {
  readonly peers: Peers;
  /** Everybody's keys. */
  readonly keys: KeyCircle;
  add(node: FakeNode): Promise<void>;
  /** The next `times` calls (1 when not given; Infinity for all) of this kind to this address fail so. */
  trouble(input: { readonly address: string; readonly call: PeerCall; readonly trouble: Trouble; readonly times?: number }): void;
  /** Takes every trouble of an address away, or all of them. */
  heal(address?: string): void;
  /** Nobody answers there (PEER_UNREACHABLE) until it is `up` again. */
  setReachable(address: string, up: boolean): void;
  /** Ends every hanging call with PEER_TIMEOUT. */
  abortHanging(): void;
  /** Resolves when a call of this kind hangs (at once when one already does). */
  whenHanging(call: PeerCall): Promise<void>;
  /** The seller ends a contract of its own: what `readContract` then says. */
  endContract(input: {
    readonly address: string;
    readonly contract: ContractId;
    readonly ending: Ending;
    readonly state?: 'ending' | 'over';
  }): Promise<void>;
  /** The seller says that it will end a contract of its own. */
  giveNotice(input: { readonly address: string; readonly contract: ContractId; readonly notice: EndNotice }): Promise<void>;
  /** What still lives at all sellers: empty when nothing leaked. */
  alive(): { readonly holds: readonly Hold[]; readonly contracts: readonly Contract[] };
  /** Every call that took effect or failed, in order. */
  calls(): readonly { readonly address: string; readonly call: PeerCall; readonly outcome: 'answered' | 'failed' }[];
  notices(): readonly Notice[];
}

interface Standing {
  readonly node: FakeNode;
  readonly dialect: Dialect;
  readonly memory: MemoryInventory;
  reachable: boolean;
}

export function fakePeers({ clock }: { readonly clock: Clock }): FakePeers {
  const nodes = new Map<string, Standing>();
  const keys = keyCircle(clock);
  const troubles = openTroubles();
  const notices: Notice[] = [];
  let counter = 0;

  const at = (address: string, options?: { readonly signal?: AbortSignal }): Peer => {
    const run = <T>(call: PeerCall, effect: (at: Standing) => Promise<T>): Promise<T> =>
      troubles.through({ address, call, signal: options?.signal }, () => {
        const standing = nodes.get(address);
        if (standing === undefined || !standing.reachable) throw new Fault('PEER_UNREACHABLE', `nobody answers at ${address}`, { address });
        return () => effect(standing);
      });
    const extension = <T>(call: PeerCall, effect: (at: Standing) => Promise<T>): Promise<T> =>
      run(call, async (standing) => {
        if (standing.dialect === 'fluidos') throw new Fault('PEER_REFUSED', `a FLUIDOS node knows no ${call}`, { unsupported: call });
        return await effect(standing);
      });
    return { ...reading(run, extension), ...trading(run, extension) };
  };
  type Run = <T>(call: PeerCall, effect: (at: Standing) => Promise<T>) => Promise<T>;

  const reading = (run: Run, extension: Run): Pick<Peer, 'describe' | 'listFlavors' | 'readContract' | 'notifyEnd'> => ({
    describe: () =>
      run('describe', async ({ node, dialect }) =>
        dialect === 'fluidos' ? { dialect, extensions: [] } : { dialect, identity: node.identity, extensions: EXTENSIONS },
      ),
    listFlavors: (request) =>
      run('listFlavors', async ({ memory }) => {
        const flavors = (await memory.inventory.list()).filter((flavor) =>
          request !== undefined && 'kind' in request
            ? isLookedFor(request, flavor)
            : ['k8slice', 'service'].includes(flavor.offer.kind) && (request === undefined || !isBlueprint(flavor)),
        );
        return { flavors, unreadable: [] };
      }),
    readContract: (contract) =>
      extension('readContract', async ({ memory }) => {
        const found = await memory.contracts.get(contract);
        if (found === undefined) throw new Fault('CONTRACT_UNKNOWN', 'no such contract', { contract });
        const { state, ending, notice } = found;
        return { state, ...(ending && { ending }), ...(notice && { notice }) };
      }),
    notifyEnd: ({ contract, ending }) =>
      extension('notifyEnd', async ({ node }) => {
        notices.push({ to: node.identity.address, contract, ending });
      }),
  });

  const ownContract = async ({ memory }: Standing, contract: ContractId, buyer: NodeIdentity): Promise<Contract> => {
    const found = await memory.contracts.get(contract);
    if (found === undefined) throw new Fault('CONTRACT_UNKNOWN', 'no such contract', { contract });
    if (found.terms.buyer.id !== buyer.id) throw new Fault('BUYER_REFUSED', 'not your contract', { contract });
    return found;
  };
  const end = async ({ memory }: Standing, contract: ContractId, ending: Ending): Promise<void> =>
    await memory.inventory.giveBack({ contract, ending });

  const trading = (
    run: Run,
    extension: Run,
  ): Pick<Peer, 'reserve' | 'purchase' | 'countersign' | 'release' | 'terminate' | 'refreshCredentials' | 'handover' | 'renew'> => ({
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
        if (known !== undefined && known.state !== 'active') throw new Fault('CONTRACT_OVER', 'this contract is over');
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
        const { terms, state, agreement } = await ownContract(standing, contract, buyer);
        if (state !== 'active') throw new Fault('CONTRACT_OVER', 'this contract is over', { contract });
        if (!agreement) throw new Fault('BUYER_REFUSED', 'sold without signatures');
        await keys.notaryAt(standing.node.identity.address).checkBuyer({ terms, agreement, signature });
        await standing.memory.contracts.countersign({ contract, payload: agreement.payload, signature });
      }),
    renew: ({ contract, buyer, proposed }) =>
      extension('renew', async (standing) => {
        const found = await ownContract(standing, contract, buyer);
        const known = found.renewals?.find(({ payload }) => payload === proposed.payload);
        if (known) return known;
        if (found.state !== 'active') throw new Fault('CONTRACT_OVER', 'this contract is over', { contract });
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
        if (found.state !== 'active') throw new Fault('CONTRACT_OVER', 'this contract is over', { contract });
        return credentialsOf(standing.node);
      }),
    handover: ({ contract, buyer }) =>
      extension('handover', async (standing) => {
        const found = await ownContract(standing, contract, buyer);
        if (found.state !== 'active') throw new Fault('CONTRACT_OVER', 'this contract is over', { contract });
        if (found.terms.service === undefined) throw new Fault('PEER_REFUSED', 'nothing is handed over of a slice', { contract });
        if (found.agreement && found.agreement.signatures.length < 2)
          throw new Fault('BUYER_REFUSED', 'it is not countersigned', { contract });
        const { handover = madeOf } = standing.node;
        const made = handover(found);
        if (made === undefined) throw new Fault('SERVICE_PENDING', 'it is being made', { contract });
        return made;
      }),
  });

  const standingAt = (address: string): Standing => {
    const standing = nodes.get(address);
    if (standing === undefined) throw new Error(`no fake node at ${address}`);
    return standing;
  };

  return {
    peers: { at },
    keys,
    async add(node) {
      const memory = memoryInventory({ clock });
      for (const flavor of node.flavors ?? []) {
        await memory.inventory.publish(flavor, undefined, node.instances);
      }
      nodes.set(node.address ?? node.identity.address, { node, dialect: node.dialect ?? 'rearguard', memory, reachable: true });
    },
    trouble: troubles.add,
    heal: troubles.heal,
    setReachable(address, up) {
      standingAt(address).reachable = up;
    },
    abortHanging: troubles.abortHanging,
    whenHanging: troubles.whenHanging,
    async giveNotice({ address, contract, notice }) {
      await standingAt(address).memory.contracts.giveNotice({ contract, notice });
    },
    async endContract({ address, contract, ending, state = 'over' }) {
      const { memory } = standingAt(address);
      if (state === 'over') await memory.inventory.giveBack({ contract, ending });
      else await memory.contracts.markEnding({ contract, ending });
    },
    alive: () => ({
      holds: [...nodes.values()].flatMap(({ memory }) => memory.holds()),
      contracts: [...nodes.values()].flatMap(({ memory }) => memory.living()),
    }),
    calls: troubles.calls,
    notices: () => notices,
  };
}
