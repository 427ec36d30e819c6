import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { contractOver } from '../../domain/contract-over.ts';
import type { Contract } from '../../domain/contract.ts';
import { Fault, FAULTS, isFault } from '../../domain/faults.ts';
import type { NodeIdentity } from '../../domain/flavor.ts';
import { type ClusterId, DNS_SUBDOMAIN, type TransactionId, transactionId } from '../../domain/ids.ts';
import type { Hold } from '../../ports/inventory.ts';
import { purchase, writeContract } from '../../rear/contract.ts';
import { type Answer, json, Refusal } from './answers.ts';
import type { Call, Callers } from './callers.ts';
import type { Rear } from './ports.ts';
import { toldOf } from './told.ts';

type Purchase = Call<z.output<typeof purchase>>;

/** What is known of a sale before it begins. */
interface Known {
  readonly buyer?: ClusterId;
  readonly instance: boolean;
}

const UNKNOWN_TRANSACTION = 'Error getting the Transaction';

/** How a fault of the sale is told: rows 2 and 3 of our notes' section 4.2 where a FLUIDOS node has one. */
function told(error: unknown): unknown {
  if (!isFault(error)) return error;
  switch (error.code) {
    case 'HOLD_EXPIRED':
      return new Refusal(408, 'Error: transaction Timeout', error);
    case 'NOT_FOUND':
    case 'HOLD_RELEASED':
    case 'CONTRACT_OVER':
      return new Refusal(500, UNKNOWN_TRANSACTION, error);
    default:
      return error;
  }
}

/**
 * Handles PURCHASE_FLAVOR. Only what is signed goes out. A repeat gets the same contract with living credentials; a 503 that says HOLD_RELEASED means not sold, and never will be, any
 * other 503 that the same question may be asked again.
 */
export function purchasing(rear: Rear, { read, admit }: Callers): (incoming: IncomingMessage, transaction: string) => Promise<Answer> {
  const { contracts, inventory, processes, fabric, notary, audit, options } = rear;

  const living = async (transaction: TransactionId): Promise<Contract | undefined> => {
    const found = await contracts.ofTransaction(transaction);
    if (found === undefined || found.role !== 'seller') return undefined;
    if (found.state !== 'active') throw contractOver(found, 'the contract of this transaction is over');
    return found;
  };

  /** A contract that was signed before, under a key that its buyer finds with us: the one that signed may be withdrawn by now. What both signed stays as both keep it. */
  const signedAnew = async (contract: Contract): Promise<Contract> => {
    const agreement = contract.agreement && (await notary.signAnew(contract.agreement));
    if (!agreement || agreement === contract.agreement) return contract;
    if (agreement.signatures.length === 1) await contracts.signAnew({ contract: contract.terms.id, agreement });
    return { ...contract, agreement };
  };

  const answer = async ({ terms, agreement }: Contract): Promise<Answer> => {
    try {
      const { buyerCluster: buyer, service } = terms;
      const credentials = service ? undefined : await fabric.issueCredentials({ buyer, lifetimeMs: options.credentialsLifetimeMs });
      return json(writeContract(terms, credentials, agreement));
    } catch (error) {
      if (!isFault(error)) throw error;
      options.log?.error({ contract: terms.id, code: error.code }, 'no credentials for a sold contract');
      // The sale stands: asking again gives the contract.
      throw new Refusal(500, 'Error getting Liqo Credentials', new Fault('CLUSTER_UNREACHABLE', 'sold, but there are no credentials yet'));
    }
  };

  /** A caller who says who it is must be who reserved; a FLUIDOS node does not say. */
  const mine = async (buyer: NodeIdentity, { data: { buyerID }, from }: Purchase): Promise<void> => {
    if (buyerID !== undefined && buyerID.id !== buyer.id) throw new Fault('BUYER_REFUSED', 'another node reserved this');
    await admit({ as: buyerID ?? buyer, from, recorded: buyer, fluidos: buyerID === undefined });
  };

  /** Not sold yet: the contract's own workflow sells and signs. */
  const sell = async (transaction: TransactionId, hold: Hold | undefined, call: Purchase): Promise<Contract> => {
    if (hold === undefined) throw new Fault('NOT_FOUND', 'no such transaction');
    await mine(hold.buyer, call);
    if (hold.state === 'expired') throw new Fault('HOLD_EXPIRED', 'the reservation has expired');
    if (hold.state === 'released') throw new Fault('HOLD_RELEASED', 'the reservation was released');
    try {
      return await signed(transaction, {
        ...(hold.buyer.clusterId && { buyer: hold.buyer.clusterId }),
        instance: hold.service !== undefined,
      });
    } catch (error) {
      if (isFault(error) && error.code === 'LIMIT_REACHED')
        await audit.tally({ kind: 'reservation-refused', code: error.code, ...toldOf(hold.buyer.id, call.from, error.message) });
      throw error;
    }
  };

  /** The contract once its workflow says that it is signed, as it stands by then: it may be over. One that is sold and not signed yet is asked for again; one that never will be is told as such. */
  const signed = async (transaction: TransactionId, known: Known): Promise<Contract> => {
    const isSigned = await awaitSignature({ transaction, ...known }).catch(async (error: unknown) => {
      // Its row knows why, once it is written.
      if (isFault(error) && error.code === 'CONTRACT_OVER') await living(transaction);
      throw error;
    });
    const sold = await living(transaction);
    if (sold !== undefined && isSigned) return sold;
    if (sold === undefined && !isSigned) throw unsold();
    const why = sold === undefined ? 'signed, but not found' : 'sold, but not signed yet: ask again';
    throw new Refusal(503, `Error: ${why}`, new Fault('PROCESSES_UNAVAILABLE', why));
  };

  /** Whether it is signed; `false` when nobody could say in time, and it may be sold. When nobody can say whether it will be sold, the hold is taken away: either it is sold already, or it never will be. */
  const awaitSignature = async (sale: Known & { readonly transaction: TransactionId }): Promise<boolean> => {
    const { transaction } = sale;
    try {
      await within(options.purchaseWaitMs + 1_000, processes.purchase(sale, options.purchaseWaitMs));
      return true;
    } catch (error) {
      if (isFault(error) && !FAULTS[error.code].retry) throw error;
      options.log?.error({ transaction, code: isFault(error) ? error.code : 'unexpected' }, 'a purchase without an answer');
      const saidNo = isFault(error) && error.code !== 'PROCESSES_UNAVAILABLE';
      if ((await inventory.abandon(transaction)) || saidNo) throw unsold();
      return false;
    }
  };

  return async (incoming, id) => {
    const call = await read(purchase, incoming);
    try {
      if (!DNS_SUBDOMAIN.test(id)) throw new Fault('NOT_FOUND', 'no such transaction');
      const transaction = transactionId(id);
      const [sold, hold] = await Promise.all([living(transaction), inventory.hold(transaction)]);
      if (sold === undefined) return await answer(await sell(transaction, hold, call));
      await mine(sold.terms.buyer, call);
      // Sold, but perhaps not signed yet, or never: its tenant may be on its way.
      return await answer(await signedAnew(await signed(transaction, { instance: sold.terms.service !== undefined })));
    } catch (error) {
      throw told(error);
    }
  };
}

function unsold(): Refusal {
  const why = 'not sold and never will be: reserve again';
  return new Refusal(503, `Error: ${why}`, new Fault('HOLD_RELEASED', why));
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Fault('PROCESSES_UNAVAILABLE', 'no answer in time')), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
