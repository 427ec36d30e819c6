import { Context } from '@temporalio/activity';
import type { ContractTerms } from '../src/domain/contract.ts';
import { Fault, type FaultCode, isFault, isUnsupported } from '../src/domain/faults.ts';
import type { NodeIdentity } from '../src/domain/flavor.ts';
import { type ContractId, type TransactionId, contractOf } from '../src/domain/ids.ts';
import type { Audit } from '../src/ports/audit.ts';
import type { ActivityDeps } from './deps.ts';
import { tellLie } from './lies.ts';

/** What a buyer makes of a seller that fails: what it may have sold all the same, and what the audit tells of it. */

/** Whether the peer has a message for it; a FLUIDOS seller knows neither release nor termination, so what it keeps until it expires is residue at the peer. */
export async function known(work: Promise<void>): Promise<{ residue: boolean }> {
  try {
    await work;
    return { residue: false };
  } catch (error) {
    if (isUnsupported(error)) return { residue: true };
    if (isFault(error) && error.code === 'CONTRACT_UNKNOWN') return { residue: false };
    throw error;
  }
}

/** What a seller says of what it has not sold, and never will under this reservation. What else it answers, silence among it, may come after the sale. */
const NOT_SOLD: ReadonlySet<FaultCode> = new Set([
  'FLAVOR_GONE',
  'NOT_ENOUGH',
  'CONFIGURATION_INVALID',
  'HOLD_EXPIRED',
  'HOLD_RELEASED',
  'CONTRACT_UNKNOWN',
  'LIMIT_REACHED',
  'TOO_MANY_HOLDS',
]);
/** How far a purchase had come. */
export type Stage = 'before' | 'asked' | 'answered';
/**
 * A fault of a purchase; the fact `unsold` says that nothing was sold. Who is refused by name, or never asked, bought nothing either, unless an earlier try did whose answer was lost. After one a bare status does not count, since
 * a seller that forgot what it sold answers so too, and whatever stands before it: only a seller of our dialect that names the fault does.
 */
export function ofSale(error: unknown, stage: Stage): unknown {
  if (!isFault(error) || stage === 'answered') return error;
  const isFirst = Context.current().info.attempt === 1;
  const saysSo = NOT_SOLD.has(error.code) && (isFirst || error.facts['named'] === true);
  const unsold = saysSo || (isFirst && (stage === 'before' || error.code === 'BUYER_REFUSED'));
  return unsold ? new Fault(error.code, error.message, { ...error.facts, unsold }) : error;
}

/** Tells the audit of a purchase that failed by its seller: of its lie, or of its silence, since it may have sold all the same. Under the contract that it is about. */
export async function tellFailed(
  audit: Pick<Audit, 'tally'>,
  error: unknown,
  { seller: { id: peer, address }, contract }: { readonly seller: NodeIdentity; readonly contract?: ContractId | undefined },
): Promise<void> {
  const about = { peer, ...(contract !== undefined && { contract }) };
  if (await tellLie(audit, error, { ...about, address })) return;
  if (isFault(error) && error.code === 'PEER_TIMEOUT')
    await audit.tally({ kind: 'peer-silent', ...about, code: error.code, detail: error.message });
}

/**
 * As what the audit knows the contract that a seller sold us, also before it is ours: by the id that follows from what was reserved there, unless that is the id of a contract which we have with somebody else. An id of the seller's own making proves nothing.
 */
export async function namedBy(
  contracts: Pick<ActivityDeps['contracts'], 'get'>,
  { id, transaction }: Pick<ContractTerms, 'id' | 'transaction'>,
  asked: { readonly transaction: TransactionId; readonly seller: NodeIdentity },
): Promise<ContractId | undefined> {
  if (transaction !== asked.transaction || id !== contractOf(transaction)) return undefined;
  try {
    const stored = await contracts.get(id);
    const isTheirs = stored?.role === 'buyer' && stored.terms.transaction === transaction && stored.terms.seller.id === asked.seller.id;
    return stored === undefined || isTheirs ? id : undefined;
  } catch {
    // What is told of it is worth more than its name.
    return undefined;
  }
}
