import type { Contract } from '../src/domain/contract.ts';
import { isFault } from '../src/domain/faults.ts';
import { workflowIds } from '../src/domain/ids.ts';
import type { Ending } from '../src/domain/reasons.ts';
import type { KnownNode } from '../src/ports/records.ts';
import { within } from './deadline.ts';
import type { ActivityDeps } from './deps.ts';
import { heartbeating } from './waiting.ts';

/** What one comparison found and did. */
export interface Reconciliation {
  readonly mended: readonly string[];
  /** Stuck processes that were told to try again, since a node answers again. */
  readonly poked: readonly string[];
  /** What should be mended and could not be; the next run tries again. */
  readonly failed: readonly string[];
}

type Deps = Pick<ActivityDeps, 'contracts' | 'inventory' | 'processes' | 'peers' | 'knownNodes' | 'fabric' | 'timing'>;
const CLOSED: Ending = { reason: 'operator', detail: 'its workflow was closed by somebody; reconciled' };

/**
 * Compares what is written with what runs and who answers. Events are a short cut only: a process that somebody closed by hand, or a node that came back, is found here.
 */
export const reconcileActivities = ({ contracts, inventory, processes, peers, knownNodes, fabric, timing }: Deps) => {
  const processOf = ({ terms, role, acquisition }: Contract): string | undefined =>
    role === 'seller' ? workflowIds.contract(terms.transaction) : acquisition && workflowIds.acquisition(acquisition);

  /** Living in the table with nobody to end it. Asked in this order: a process that closes meanwhile has written its row before. */
  const isOrphan = async (contract: Contract): Promise<boolean> => {
    const workflowId = processOf(contract);
    if (!workflowId || (await processes.isOpen(workflowId))) return false;
    const now = await contracts.get(contract.terms.id);
    return now !== undefined && now.state !== 'over';
  };
  const mend = async (orphan: Contract, signal: AbortSignal): Promise<string> => {
    const { terms, role, acquisition } = orphan;
    const ending = orphan.ending ?? CLOSED;
    const replyTo = processOf(orphan) ?? '';
    if (role === 'seller') {
      await fabric.stopSlice({ buyer: terms.buyerCluster, contract: terms.id }, { timeoutMs: timing.undoRoundMs, signal });
      await inventory.giveBack({ contract: terms.id, transaction: terms.transaction, ending });
      await processes.leavePeering(terms.buyerCluster, { contract: terms.id, direction: 'sold', replyTo });
      return `${terms.id} was sold and nobody served it: stopped, given back`;
    }
    if (acquisition) {
      await fabric.withdrawSlice({ seller: terms.sellerCluster, acquisition });
      await fabric.dropCredentials({ acquisition });
      await processes.leavePeering(terms.sellerCluster, { contract: terms.id, direction: 'bought', acquisition, replyTo });
    }
    await contracts.markOver({ contract: terms.id, ending });
    return `${terms.id} was bought and nobody held it: withdrawn`;
  };
  /** Whether a node that did not answer before answers now. */
  const cameBack = async ({ address, lastFault }: KnownNode): Promise<boolean> => {
    try {
      await within(timing.nodeAnswerMs, peers.at(address).describe());
    } catch (error) {
      if (!isFault(error)) throw error;
      if (lastFault === undefined) await knownNodes.seen(address, { fault: `${error.code}: ${error.message}` });
      return false;
    }
    if (lastFault !== undefined) await knownNodes.seen(address, {});
    return lastFault !== undefined;
  };

  return {
    async reconcile(): Promise<Reconciliation> {
      return await heartbeating(async (signal) => {
        const mended: string[] = [];
        const failed: string[] = [];
        for (const contract of await contracts.list({ living: true })) {
          try {
            if (await isOrphan(contract)) mended.push(await mend(contract, signal));
          } catch (error) {
            // One that cannot be mended now must not keep the others waiting.
            if (!isFault(error)) throw error;
            failed.push(`${contract.terms.id}: ${error.code}: ${error.message}`);
          }
        }
        const stuck = (await processes.open()).filter((process) => process.stuck);
        const back = await Promise.all((await knownNodes.list()).map(cameBack));
        const poked = back.includes(true) ? stuck.map(({ workflowId }) => workflowId) : [];
        for (const workflowId of poked) await processes.retryTeardown(workflowId);
        return { mended, poked, failed };
      });
    },
  };
};
