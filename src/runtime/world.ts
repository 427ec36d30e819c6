import { setTimeout as pause } from 'node:timers/promises';
import { amountsOf } from '../../activities/slices.ts';
import type { Contract } from '../domain/contract.ts';
import { isFault } from '../domain/faults.ts';
import type { ClusterId, ContractId } from '../domain/ids.ts';
import { stateAt } from '../domain/renewal.ts';
import type { Audit } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import type { Contracts } from '../ports/contracts.ts';
import type { Denies, Fabric } from '../ports/fabric.ts';
import type { Processes } from '../ports/processes.ts';
import type { World, WorldEvent } from '../ports/world.ts';

const AGAIN_MS = 1_000;

/** Whose slice, under which contract if any. */
interface About {
  readonly buyer: ClusterId;
  readonly contract?: ContractId;
}

/**
 * Passes on what the shared watch of our cluster sees to the workflows that it concerns, for as long as the process runs; the watch itself is held by one worker
 * at a time. A slice that names no living contract of its buyer, or none at all, concerns no workflow, so it is denied here, and so is one of which Liqo says nothing and that would not be let in. A hint that cannot be delivered ends the watch, and the next one begins with the present state: none is lost.
 */
export async function followWorld(input: {
  readonly world: World;
  readonly processes: Processes;
  readonly contracts: Pick<Contracts, 'get'>;
  readonly fabric: Pick<Fabric, 'denyExcess' | 'denySlice'>;
  readonly audit: Pick<Audit, 'tally'>;
  readonly clock: Clock;
  readonly log: { info(facts: object, words: string): void; warn(facts: object, words: string): void };
  readonly signal: AbortSignal;
}): Promise<void> {
  const { world, processes, contracts, fabric, audit, clock, log, signal } = input;
  const telling = (about: About): Denies => {
    const { buyer, contract } = about;
    return async (detail) => {
      log.warn(about, `slice denied: ${detail}`);
      await audit.tally({ kind: 'slice-denied', peer: buyer, ...(contract && { contract }), code: 'SLICE_DENIED', detail });
    };
  };
  const deny = (about: About, reason: string): Promise<void> => fabric.denySlice({ ...about, reason, denies: telling(about) });
  /** Of a slice of which Liqo says nothing no workflow hears: what might be let in waits, since its buyer may ask for a certificate yet, and what is not countersigned goes with its contract. */
  const judge = async (about: Required<About>, sold: Contract): Promise<void> => {
    const state = stateAt(sold, clock.now());
    if (state === 'active') return await fabric.denyExcess({ ...about, ...amountsOf(sold.terms), denies: telling(about) });
    await deny(about, `contract ${about.contract} is ${state}`);
  };
  const tell = async (event: WorldEvent): Promise<void> => {
    if (event.kind === 'node-changed') return await processes.noticeOfNode(event.acquisition, event.ready);
    if (event.kind === 'workload-changed') return await processes.noticeOfWorkload(event.intent);
    if (event.contract === undefined) return await deny({ buyer: event.buyer }, 'it names no contract');
    const contract = await contracts.get(event.contract);
    const sold = contract?.role === 'seller' ? contract : undefined;
    const ofSlice = sold !== undefined && sold.terms.service === undefined;
    const living = ofSlice && sold.state !== 'over' && sold.terms.buyerCluster === event.buyer;
    if (!living && event.kind !== 'slice-gone') {
      // Whose it is, is nobody else's business.
      const reason =
        sold?.terms.buyerCluster === event.buyer
          ? `contract ${event.contract} is ${ofSlice ? 'over' : 'of no slice'}`
          : `contract ${event.contract} was never sold to ${event.buyer}`;
      await deny({ buyer: event.buyer, contract: event.contract }, reason);
    }
    if (!living) return;
    if (event.kind === 'slice-seen') {
      if (event.uncertified) await judge({ buyer: event.buyer, contract: event.contract }, sold);
      return;
    }
    await processes.noticeOfSlice(sold.terms.transaction, event.kind === 'slice-offered' ? 'offered' : 'gone');
  };
  while (!signal.aborted) {
    try {
      await world.watch(tell, signal);
    } catch (error) {
      if (signal.aborted) return;
      log.warn(
        { why: error instanceof Error ? error.message : String(error), code: isFault(error) ? error.code : undefined },
        'the watch ended; watching again',
      );
    }
    if (!signal.aborted) await pause(AGAIN_MS, undefined, { signal }).catch(() => {});
  }
}
