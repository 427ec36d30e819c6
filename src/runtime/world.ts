import { setTimeout as pause } from 'node:timers/promises';
import { isFault } from '../domain/faults.ts';
import type { ClusterId, ContractId } from '../domain/ids.ts';
import type { Audit } from '../ports/audit.ts';
import type { Contracts } from '../ports/inventory.ts';
import type { Denies, Fabric } from '../ports/fabric.ts';
import type { Processes } from '../ports/processes.ts';
import type { World, WorldEvent } from '../ports/world.ts';

const AGAIN_MS = 1_000;

/**
 * Passes on what the shared watch of our cluster sees to the workflows that it concerns, for as long as the process runs; the watch itself is held by one worker
 * at a time. A slice that names no living contract of its buyer, or none at all, concerns no workflow, so it is denied here. A hint that cannot be delivered ends the watch, and the next one begins with the present state: none is lost.
 */
export async function followWorld(input: {
  readonly world: World;
  readonly processes: Processes;
  readonly contracts: Pick<Contracts, 'get'>;
  readonly fabric: Pick<Fabric, 'denySlice'>;
  readonly audit: Pick<Audit, 'tally'>;
  readonly log: { info(facts: object, words: string): void; warn(facts: object, words: string): void };
  readonly signal: AbortSignal;
}): Promise<void> {
  const { world, processes, contracts, fabric, audit, log, signal } = input;
  const deny = async (about: { readonly buyer: ClusterId; readonly contract?: ContractId }, reason: string): Promise<void> => {
    const denies: Denies = async (detail) => {
      log.warn(about, `slice denied: ${detail}`);
      await audit.tally({
        kind: 'slice-denied',
        peer: about.buyer,
        ...(about.contract && { contract: about.contract }),
        code: 'SLICE_DENIED',
        detail,
      });
    };
    await fabric.denySlice({ ...about, reason, denies });
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
    if (!living || event.kind === 'slice-seen') return;
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
