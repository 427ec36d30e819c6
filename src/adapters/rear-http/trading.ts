import type { Dialect } from '../../domain/candidate.ts';
import type { ContractTerms, ServiceTerms, Transaction } from '../../domain/contract.ts';
import { Fault } from '../../domain/faults.ts';
import type { Peer } from '../../ports/peer.ts';
import type { Turns } from '../../ports/turns.ts';
import { readContract } from '../../rear/contract.ts';
import * as extensions from '../../rear/extensions.ts';
import { readTransaction, writeReservation } from '../../rear/reservation.ts';
import { type Calls, type RearHttpLog, reading } from './calls.ts';
import { refusal } from './refusals.ts';
import { awaitTurn } from './turns.ts';

interface Trading extends Calls {
  readonly turns: Turns;
  readonly now: () => number;
  readonly place: () => string;
  readonly log?: RearHttpLog;
  readonly signal?: AbortSignal;
}

/** Where one of ours buys at a time: such a seller knows a transaction by (buyer, flavor), so that two of ours would be given the same one and only one could buy. */
const placeOf = (seller: string, flavor: string): string => `${seller} ${flavor}`;

/** A FLUIDOS flavor is one acquisition's turn from RESERVE until PURCHASE is answered, the buyer gives up, or both have had all their time. */
export const trading = ({ ask, describe, limits, turns, now, place, log, signal }: Trading): Pick<Peer, 'reserve' | 'purchase'> => ({
  async reserve({ flavor, buyer, part, gpu, service, idempotencyKey }) {
    const { dialect } = await describe();
    const wanted = service === undefined ? { part, ...(gpu && { gpu }) } : { kind: service.kind, service: askedOf(dialect, service) };
    const send = async (headers: Readonly<Record<string, string>>) => {
      const body = writeReservation({ flavor, buyer, ...wanted });
      const answer = await ask({ operation: 'reserve', path: '/api/v2/reservations', body, headers, timeoutMs: limits.reserveMs });
      if (answer.status !== 200) throw refusal('reserve', dialect, answer);
      return reading('transaction', answer.text, (value) => readTransaction(value, { flavor }));
    };
    if (dialect === 'rearguard') return await send({ 'idempotency-key': idempotencyKey });
    const turn = { place: placeOf(place(), flavor), key: idempotencyKey };
    const lastsMs = limits.reserveMs + limits.legacyPurchaseMs;
    await awaitTurn(turns, { ...turn, lastsMs, timeoutMs: limits.reserveMs, ...(signal === undefined ? {} : { signal }) });
    let transaction: Transaction;
    try {
      transaction = await send({});
    } catch (error) {
      // After a lost answer the seller may hold a transaction of ours: nobody else of us may be given it while this one may still ask again.
      if (error instanceof Fault && error.code !== 'PEER_TIMEOUT') await turns.free({ key: idempotencyKey });
      throw error;
    }
    await turns.note({ ...turn, transaction: transaction.id });
    return transaction;
  },
  async purchase({ transaction, buyer }) {
    const { dialect } = await describe();
    const fluidos = dialect === 'fluidos';
    const told = (error: unknown): void => log?.debug({ transaction, why: String(error) }, 'a turn was not given back');
    try {
      const answer = await ask({
        operation: 'purchase',
        path: `/api/v2/transactions/${encodeURIComponent(transaction)}/purchase`,
        body: fluidos ? {} : extensions.writeBuyer(buyer),
        timeoutMs: fluidos ? limits.legacyPurchaseMs : limits.purchaseMs,
      });
      if (answer.status !== 200) throw refusal('purchase', dialect, answer);
      const context = { receivedAt: new Date(now()).toISOString() };
      const read = reading('contract', answer.text, (value) => readContract(value, context));
      const wrong = strangeness(read.terms, {
        transaction,
        buyer,
        credentialsFor: read.credentials?.clusterId ?? read.terms.sellerCluster,
      });
      if (wrong !== undefined) throw new Fault('PEER_LIED', `its contract is not ours: ${wrong}`, { contract: read.terms.id });
      return read;
    } finally {
      // Whatever becomes of the turn, which ends by itself: such a seller answers once, and that answer must not be lost.
      if (fluidos) await turns.free({ transaction, at: placeOf(place(), '') }).catch(told);
    }
  },
});

/** A FLUIDOS seller fails on every hosting policy (row 9 of our notes' section 3). */
const askedOf = (
  dialect: Dialect,
  { hostingPolicy, configuration }: ServiceTerms,
): Partial<ServiceTerms> & { configuration: ServiceTerms['configuration'] } =>
  dialect === 'fluidos' ? { configuration } : { hostingPolicy, configuration };

/** What shows, without knowing what was asked for, that an answer is no contract of ours; `checkContract` looks at the rest. */
function strangeness(
  terms: ContractTerms,
  asked: {
    readonly transaction: string;
    readonly buyer: { readonly id: string; readonly clusterId?: string };
    readonly credentialsFor: string;
  },
): string | undefined {
  if (terms.transaction !== asked.transaction) return 'another transaction';
  if (terms.buyer.id !== asked.buyer.id) return 'another buyer';
  if (asked.buyer.clusterId !== undefined && terms.buyerCluster !== asked.buyer.clusterId) return 'another cluster of ours';
  return terms.sellerCluster === asked.credentialsFor ? undefined : 'credentials of another cluster';
}
