/** Our addition to REAR v2 for contracts that go on: the buyer proposes a later end under its signature, and we put ours beside it, or say why not. */
import type { IncomingMessage } from 'node:http';
import { contractOver } from '../../domain/contract-over.ts';
import type { Contract } from '../../domain/contract.ts';
import { Fault } from '../../domain/faults.ts';
import { nextEnd, untilOf } from '../../domain/renewal.ts';
import { renewalRequest, writeRenewal } from '../../rear/extensions.ts';
import { renewalPayload } from '../../rear/renewal.ts';
import { type Answer, json } from './answers.ts';
import type { Callers } from './callers.ts';
import type { Rear } from './ports.ts';
import { toldOf } from './told.ts';

/** Handles a proposal. The document itself is its key: one whose answer was lost gets the same again, also when the contract ends by now. */
export function renewing(
  { contracts, inventory, processes, notary, audit }: Rear,
  { read, admit }: Callers,
  ofBuyer: (id: string, buyer: string) => Promise<Contract>,
): (incoming: IncomingMessage, id: string) => Promise<Answer> {
  /** Why we do not go on, which is ours to say unless we promised to; `undefined` when we do. */
  const refusal = async (contract: Contract, payload: string, until: string | undefined): Promise<string | undefined> => {
    const { terms } = contract;
    if (until === undefined) return 'no renewal was agreed on';
    if (contract.notice) return `notice was given: it ends at ${contract.notice.endsAt}`;
    if ((contract.agreement?.signatures.length ?? 0) < 2) return 'the buyer did not sign this contract';
    if (payload !== renewalPayload(contract, until))
      return `the next end is ${until}, and follows from renewal ${contract.renewals?.length ?? 0}`;
    if (terms.flavor.terms?.renewal?.kind === 'automatic' || (await inventory.serves(terms.flavor.id))) return undefined;
    return 'what was bought is not for sale on the same terms any more';
  };
  /** What was granted before, the workflow told once more: it may not have heard. */
  const answer = async ({ terms, ...contract }: Contract, payload: string): Promise<Answer | undefined> => {
    const granted = contract.renewals?.find((each) => each.payload === payload);
    if (granted === undefined) return undefined;
    const until = untilOf({ terms, ...contract });
    await processes.noticeOfRenewal(terms.transaction, Date.parse(until));
    // Its buyer, who may not have heard, looks for the key of our signature with us.
    return json(writeRenewal(terms.id, await notary.signAnew(granted), until));
  };

  return async (incoming, id) => {
    const { data, from } = await read(renewalRequest, incoming);
    const { buyerID, renewal: proposed } = data;
    const contract = await ofBuyer(id, buyerID.id);
    const { terms } = contract;
    await admit({ as: buyerID, from, recorded: terms.buyer });
    const before = await answer(contract, proposed.payload);
    if (before) return before;
    if (contract.state !== 'active') throw contractOver(contract);
    const until = nextEnd(contract);
    const why = await refusal(contract, proposed.payload, until);
    if (why !== undefined || until === undefined) {
      const told = toldOf(terms.buyer.id, from, why ?? '');
      await audit.tally({ kind: 'renewal-refused', code: 'RENEWAL_REFUSED', contract: terms.id, ...told });
      throw new Fault('RENEWAL_REFUSED', why ?? 'no renewal was agreed on', { contract: terms.id });
    }
    const renewal = await notary.grantRenewal({ contract, until, proposed });
    await contracts.renew({ contract: terms.id, role: 'seller', number: (contract.renewals?.length ?? 0) + 1, renewal, until });
    // What the table says counts, whoever was first: another call with the same document, or the contract's end.
    const now = await ofBuyer(id, buyerID.id);
    const after = await answer(now, proposed.payload);
    if (after) return after;
    throw contractOver(now, 'this contract ended meanwhile');
  };
}
