/**
 * Other nodes in memory, for saga tests: sellers with flavors, reservations and contracts, and buyers that get notices. Passes the contract suite
 * of the port; any call can be made to refuse, to lose its answer after it took effect, or to hang; what is left alive can be listed as leaks.
 */
import type { Contract, EndNotice } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import { isBlueprint } from '../../src/domain/flavor.ts';
import type { ContractId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Hold } from '../../src/ports/inventory.ts';
import type { Peer, Peers } from '../../src/ports/peer.ts';
import { isLookedFor } from '../../src/rear/selector.ts';
import { type KeyCircle, keyCircle } from './keys.ts';
import { memoryInventory } from './memory-inventory.ts';
import { EXTENSIONS } from '../../src/rear/extensions.ts';
import type { FakeNode } from './peer-node.ts';
import { peerTrading, type Run, type Standing } from './peer-trading.ts';
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

export function fakePeers({ clock }: { readonly clock: Clock }): FakePeers {
  const nodes = new Map<string, Standing>();
  const keys = keyCircle(clock);
  const troubles = openTroubles();
  const notices: Notice[] = [];

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
  const trading = peerTrading({ clock, keys });

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
