/** Our additions to REAR v2: giving a reservation back, and what becomes of a contract after its sale. */
import type { IncomingMessage } from 'node:http';
import { contractOver } from '../../domain/contract-over.ts';
import type { Contract, ContractRole } from '../../domain/contract.ts';
import { Fault, isFault } from '../../domain/faults.ts';
import { contractId, DNS_SUBDOMAIN } from '../../domain/ids.ts';
import { untilOf } from '../../domain/renewal.ts';
import { writeCredentials } from '../../rear/contract.ts';
import { countersignature, credentialsRequest, notice, release, termination } from '../../rear/extensions.ts';
import { type Answer, done, json } from './answers.ts';
import type { Callers } from './callers.ts';
import { handingOver } from './handover.ts';
import type { Rear } from './ports.ts';
import { renewing } from './renewal.ts';
import { tellAndThrow } from './told.ts';

export function contractRoutes(rear: Rear, calls: Callers) {
  const { contracts, inventory, processes, fabric, notary, audit, options } = rear;
  const { read: readCall, admit } = calls;
  const find = async (id: string, role?: ContractRole): Promise<Contract> => {
    const found = DNS_SUBDOMAIN.test(id) ? await contracts.get(contractId(id)) : undefined;
    if (found === undefined || (role !== undefined && found.role !== role)) throw new Fault('CONTRACT_UNKNOWN', 'no such contract');
    return found;
  };
  const ofBuyer = async (id: string, buyer: string): Promise<Contract> => {
    const found = await find(id, 'seller');
    if (found.terms.buyer.id !== buyer) throw new Fault('BUYER_REFUSED', 'another node bought this');
    return found;
  };
  const end = async ({ state, terms }: Contract, ending: Parameters<typeof processes.endContract>[1]): Promise<void> => {
    try {
      // One that is over may still wait to hear that its buyer is done.
      await processes.endContract(terms.transaction, ending);
    } catch (error) {
      if (!(isFault(error) && error.code === 'NOT_FOUND' && state === 'over')) throw error;
    }
  };

  return {
    /** Gives a reservation back by the buyer's key, in any state: what is sold already (its answer may have been lost) is ended. */
    async release(incoming: IncomingMessage): Promise<Answer> {
      const { data, from } = await readCall(release, incoming);
      const { buyerID, idempotencyKey } = data;
      await admit({ as: buyerID, from, parting: true });
      const { sold } = await inventory.release({ buyer: buyerID, idempotencyKey });
      if (sold !== undefined)
        await end(await find(sold, 'seller'), { reason: 'ended-by-user', detail: 'the buyer gave its reservation back' });
      return done();
    },
    /** What state a contract is in, and why it ends. Whoever knows its id may read this much. */
    async read(_incoming: IncomingMessage, id: string): Promise<Answer> {
      const found = await find(id);
      const { terms, state, ending, notice } = found;
      return json({
        contractID: terms.id,
        state,
        expirationTime: untilOf(found),
        ...(ending === undefined ? {} : { ending }),
        ...(notice && { notice }),
      });
    },
    /** SEND_CONTRACT: the buyer's signature under the terms that we signed. Without it no slice is let in. */
    async countersign(incoming: IncomingMessage, id: string): Promise<Answer> {
      const { data, from } = await readCall(countersignature, incoming);
      const found = await ofBuyer(id, data.buyerID.id);
      const { terms, state, agreement } = found;
      await admit({ as: data.buyerID, from, recorded: terms.buyer });
      if (state !== 'active') throw contractOver(found);
      if (!agreement) throw new Fault('BUYER_REFUSED', 'this contract was sold without signatures');
      const { signature } = data;
      await notary.checkBuyer({ terms, agreement, signature }).catch(async (error: unknown) => {
        // Who does not sign its call is not proven, and may be somebody else.
        if (!isFault(error) || error.code !== 'BUYER_REFUSED' || from.claimed === undefined) throw error;
        const { code, message: detail } = error;
        await tellAndThrow(error, () => audit.tally({ kind: 'request-refused', peer: terms.buyer.id, contract: terms.id, code, detail }));
      });
      await contracts.countersign({ contract: terms.id, payload: agreement.payload, signature });
      return done();
    },
    renew: renewing(rear, calls, ofBuyer),
    async terminate(incoming: IncomingMessage, id: string): Promise<Answer> {
      const { data, from } = await readCall(termination, incoming);
      const found = await ofBuyer(id, data.buyerID.id);
      await admit({ as: data.buyerID, from, recorded: found.terms.buyer, parting: true });
      await end(found, data.ending);
      return done();
    },
    /** A seller says that a contract of ours ends. A hint: the acquisition asks the seller itself. */
    async notice(incoming: IncomingMessage, id: string): Promise<Answer> {
      const { from } = await readCall(notice, incoming);
      const { acquisition, state, terms } = await find(id, 'buyer');
      await admit({ as: terms.seller, from, parting: true });
      if (acquisition !== undefined && state !== 'over') await processes.noticeToAcquisition(acquisition);
      return done();
    },
    handover: handingOver(rear, calls, ofBuyer),
    async credentials(incoming: IncomingMessage, id: string): Promise<Answer> {
      const { data, from } = await readCall(credentialsRequest, incoming);
      const found = await ofBuyer(id, data.buyerID.id);
      const { terms, state } = found;
      await admit({ as: data.buyerID, from, recorded: terms.buyer });
      if (state !== 'active') throw contractOver(found);
      if (terms.service) throw new Fault('BAD_REQUEST', 'nothing is peered for an instance of a blueprint');
      return json(
        writeCredentials(await fabric.issueCredentials({ buyer: terms.buyerCluster, lifetimeMs: options.credentialsLifetimeMs })),
      );
    },
  };
}
