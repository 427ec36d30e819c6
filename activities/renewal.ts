import { endingIn } from '../src/domain/contract-over.ts';
import { Fault, type FaultCode, isFault } from '../src/domain/faults.ts';
import type { AcquisitionId, ContractId } from '../src/domain/ids.ts';
import type { EndReason, Ending } from '../src/domain/reasons.ts';
import { nextEnd, untilOf } from '../src/domain/renewal.ts';
import type { ActivityDeps } from './deps.ts';
import { tellLie } from './lies.ts';
import { heartbeating } from './waiting.ts';

/** What came of asking a seller to go on: a later end in milliseconds since the epoch, its refusal in words (`over`: the contract ended already, for that; `readBack`: it says that there is none, which is to be read back), or no answer. */
export type Renewed =
  | { readonly state: 'renewed'; readonly expiresAt: number }
  | { readonly state: 'refused'; readonly why: string; readonly over?: EndReason; readonly readBack?: true }
  | { readonly state: 'silent' };

/** What passes: the same question may be answered a minute later. */
const SILENT: readonly FaultCode[] = ['PEER_UNREACHABLE', 'PEER_TIMEOUT', 'TOO_MANY_REQUESTS'];
/** What it says of a contract that lives no more. */
const GONE: readonly FaultCode[] = ['CONTRACT_OVER', 'CONTRACT_UNKNOWN'];
/** Our own troubles, which are no answer of the seller's. */
const OWN: readonly FaultCode[] = ['STORE_UNAVAILABLE', 'KEYS_UNAVAILABLE'];

type Deps = Pick<ActivityDeps, 'peers' | 'contracts' | 'notary' | 'audit' | 'self' | 'fabric'>;

/** A contract goes on: its buyer asks, both sign a later end. */
export const renewalActivities = ({ peers, contracts, notary, audit, self, fabric }: Deps) => ({
  /** The buyer's side. Repeated after an answer that was lost it proposes the same document, and gets the same; what is stored already is not asked for again. */
  async renew({
    contract: id,
    seller,
    expiresAt,
  }: {
    contract: ContractId;
    seller: string;
    acquisition: AcquisitionId;
    /** The end that is known, in milliseconds since the epoch. */
    expiresAt: number;
  }): Promise<Renewed> {
    return await heartbeating(async (signal): Promise<Renewed> => {
      const contract = await contracts.get(id);
      if (!contract) throw new Fault('CONTRACT_UNKNOWN', `contract ${id} is not stored here`, { contract: id });
      const known = Date.parse(untilOf(contract));
      if (known > expiresAt) return { state: 'renewed', expiresAt: known };
      const until = nextEnd(contract);
      if (until === undefined) return { state: 'refused', why: 'no renewal was agreed on' };
      const { terms } = contract;
      try {
        const proposed = await notary.proposeRenewal({ contract, until });
        const buyer = { ...self, clusterId: await fabric.clusterId() };
        const renewal = await peers.at(seller, { signal }).renew({ contract: id, buyer, proposed });
        await notary.checkRenewal({ contract, until, granted: renewal });
        await contracts.renew({ contract: id, role: 'buyer', number: (contract.renewals?.length ?? 0) + 1, renewal, until });
        return { state: 'renewed', expiresAt: Date.parse(until) };
      } catch (error) {
        if (!isFault(error) || OWN.includes(error.code)) throw error;
        if (SILENT.includes(error.code)) return { state: 'silent' };
        const detail = `${error.code}: ${error.message}`;
        // It promised to go on for as long as we want: that it does not is told of it as a lie is.
        const promised = terms.flavor.terms?.renewal?.kind === 'automatic';
        const told = { peer: terms.seller.id, contract: id };
        if (!(await tellLie(audit, error, { ...told, address: seller })) && promised)
          await audit.tally({ kind: 'renewal-refused', ...told, code: error.code, detail: error.message });
        const over = error.code === 'CONTRACT_OVER' ? endingIn(error.facts)?.reason : undefined;
        return { state: 'refused', why: detail, ...(over && { over }), ...(GONE.includes(error.code) && { readBack: true }) };
      }
    });
  },
  /** The seller's side: it says when it ends a contract early. Written first: the buyer, once told, reads it back. */
  async giveNotice({ contract, ending, endsAt }: { contract: ContractId; ending: Ending; endsAt: number }): Promise<void> {
    await contracts.giveNotice({ contract, notice: { ending, endsAt: new Date(endsAt).toISOString() } });
  },
  /** The seller's side: the contract ends, unless it was renewed beyond that end; then it answers its later end, in milliseconds since the epoch. */
  async lapse({
    contract,
    expiresAt,
    ending,
  }: {
    contract: ContractId;
    expiresAt: number;
    ending: Ending;
  }): Promise<{ expiresAt?: number }> {
    const later = await contracts.lapse({ contract, expiresAt, ending });
    return later === undefined ? {} : { expiresAt: Date.parse(later) };
  },
});
