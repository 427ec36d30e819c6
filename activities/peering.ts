import { Context } from '@temporalio/activity';
import type { AcquisitionId, ClusterId, ContractId } from '../src/domain/ids.ts';
import type { PeeringAnswer, PeeringReport, PeeringUser } from '../src/domain/peering.ts';
import { Fault, type FaultCode } from '../src/domain/faults.ts';
import { endsOn, stateAt } from '../src/domain/renewal.ts';
import type { Timing } from '../src/domain/timing.ts';
import type { Denies } from '../src/ports/fabric.ts';
import type { ActivityDeps } from './deps.ts';
import { amountsOf, requestSlice } from './slices.ts';
import { heartbeating, waiting } from './waiting.ts';

interface Slice {
  readonly acquisition: AcquisitionId;
  readonly seller: ClusterId;
}
interface Replica {
  readonly contract: ContractId;
  readonly buyer: ClusterId;
}

/** How long a buyer's own teardown has before its replica is taken away without it; the rest of a round is for that. */
export const buyerPatienceMs = ({ sellerGraceMs, undoRoundMs }: Timing): number => Math.min(sellerGraceMs, undoRoundMs / 2);

/** Phase 4, what the two sides share: owned by the `peering` workflow. */
export const meetingActivities = ({
  fabric,
  tenants,
  processes,
  timing,
}: Pick<ActivityDeps, 'fabric' | 'tenants' | 'processes' | 'timing'>) => ({
  async joinPeering({ peer, user }: { peer: ClusterId; user: PeeringUser }): Promise<void> {
    await heartbeating(() => processes.joinPeering(peer, user));
  },
  /** Answers what was said, so that the history tells it. */
  async answerUsers({ answers }: { peer: ClusterId; answers: readonly PeeringAnswer[] }): Promise<readonly PeeringReport[]> {
    await Promise.all(answers.map((answer) => processes.answerUser(answer)));
    return answers.map(({ report }) => report);
  },
  async ensureTenant({ peer }: { peer: ClusterId }): Promise<void> {
    await heartbeating(async (signal) => {
      await fabric.ensureTenant({ buyer: peer });
      // Whoever is given up on must not say so after somebody took it away.
      signal.throwIfAborted();
      await tenants.built(peer);
    });
  },
  /** `kept`: somebody bought just now and found it standing. */
  async removeTenant({ peer }: { peer: ClusterId }): Promise<{ kept: boolean }> {
    return await waiting(timing.undoRoundMs, async (wait) => {
      if (!(await tenants.close(peer))) return { kept: true };
      await fabric.removeTenant({ buyer: peer }, wait);
      return { kept: false };
    });
  },
  async ensureIdentity({ peer, acquisition }: { peer: ClusterId; acquisition: AcquisitionId }): Promise<void> {
    await heartbeating(() => fabric.ensureIdentity({ seller: peer, acquisition }));
  },
  async removeIdentity({ peer }: { peer: ClusterId }): Promise<void> {
    await waiting(timing.undoRoundMs, (wait) => fabric.removeIdentity({ seller: peer }, wait));
  },
  async removeMeetingPlace({ peer }: { peer: ClusterId }): Promise<void> {
    await waiting(timing.undoRoundMs, (wait) => fabric.removeMeetingPlace({ peer }, wait));
  },
});

/** Phase 4, buyer: one slice per acquisition. */
export const sliceActivities = ({ fabric, contracts, timing }: Pick<ActivityDeps, 'fabric' | 'contracts' | 'timing'>) => ({
  /** One effect, the slice, unless it was `asked` for already; the rest waits for what Liqo and the seller make of it. The virtual node serves from then on, so the allocation becomes active. */
  async extend({
    acquisition,
    seller,
    sliceClass,
    asked = false,
  }: Slice & { sliceClass: 'rearguard' | 'default'; asked?: boolean }): Promise<{ node: string }> {
    return await waiting(timing.virtualNodeMs, async (wait) => {
      const bought = await contracts.ofAcquisition(acquisition);
      if (!bought) throw new Fault('CONTRACT_UNKNOWN', `no contract of acquisition ${acquisition} is stored here`, { acquisition });
      const { terms } = bought;
      // Whoever tries again does not know what became of it.
      if (!asked || Context.current().info.attempt > 1) await requestSlice(fabric, { acquisition, seller, terms, sliceClass });
      const ready = await fabric.awaitVirtualNode({ acquisition, seller }, wait);
      await contracts.activate(terms.id);
      return ready;
    });
  },
  async withdrawSlice(slice: Slice): Promise<void> {
    await heartbeating(() => fabric.withdrawSlice(slice));
  },
  async awaitSliceGone(slice: Slice): Promise<void> {
    await waiting(timing.undoRoundMs, (wait) => fabric.awaitSliceGone(slice, wait));
  },
});

/** Tells the audit which slice of a contract is denied, and why. */
export const denying =
  (audit: ActivityDeps['audit'], { buyer, contract }: Replica, code: FaultCode): Denies =>
  (detail) =>
    audit.tally({ kind: 'slice-denied', peer: buyer, contract, code, detail });

/** Phase 4, seller: a slice is let in by its contract, and put out by it. */
export const admissionActivities = ({
  fabric,
  contracts,
  audit,
  clock,
  timing,
}: Pick<ActivityDeps, 'fabric' | 'contracts' | 'audit' | 'clock' | 'timing'>) => ({
  /** Step 33 of the reference workflow: only under a living contract of this buyer, and never more than was bought. */
  async admitSlice({ contract, buyer }: Replica): Promise<void> {
    const told = (code: FaultCode): Denies => denying(audit, { buyer, contract }, code);
    await heartbeating(async () => {
      const sold = await contracts.get(contract);
      if (!sold) throw new Fault('CONTRACT_UNKNOWN', `no contract ${contract}`, { contract });
      const state = stateAt(sold, clock.now());
      if (state !== 'active') {
        await fabric.denySlice({ buyer, contract, reason: `contract ${contract} is ${state}`, denies: told('CONTRACT_OVER') });
        if (sold.state !== 'active') throw new Fault('CONTRACT_OVER', `contract ${contract} is ${state}`, { contract });
        // A denied slice ends no contract: its workflow does, by the table, which may have a later end by then.
        throw new Fault('SLICE_DENIED', `contract ${contract} ended at ${endsOn(sold)}: nothing more is let in`, { contract });
      }
      if (sold.agreement && sold.agreement.signatures.length < 2) {
        await fabric.denySlice({ buyer, contract, reason: `contract ${contract} is not countersigned`, denies: told('SLICE_DENIED') });
        throw new Fault('SLICE_DENIED', `contract ${contract} is not countersigned by its buyer`, { contract });
      }
      await fabric.admitSlice({ buyer, contract, ...amountsOf(sold.terms), denies: told('SLICE_DENIED') });
      await contracts.activate(contract);
    });
  },
  /** Whether the buyer needs its tenant to take down its own side. */
  async isSliceHere({ contract, buyer }: Replica): Promise<boolean> {
    return await fabric.hasSlice({ buyer, contract });
  },
  /** Ends what runs under the contract, without the buyer's help. */
  async stopSlice({ contract, buyer }: Replica): Promise<void> {
    await waiting(timing.undoRoundMs, (wait) => fabric.stopSlice({ buyer, contract }, wait));
  },
  /** What is left of the slice at ours. Otherwise replica, cordoned Quota and what Liqo signed would stay for as long as another contract keeps the tenant. */
  async removeReplica({ contract, buyer }: Replica): Promise<void> {
    const patienceMs = buyerPatienceMs(timing);
    const denies = denying(audit, { buyer, contract }, 'CONTRACT_OVER');
    await waiting(timing.undoRoundMs, (wait) => fabric.removeReplica({ buyer, contract, patienceMs, denies }, wait));
  },
});
