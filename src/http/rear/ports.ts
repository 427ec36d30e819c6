import type { BuyerLimits } from '../../domain/buyer-limits.ts';
import type { NodeIdentity } from '../../domain/flavor.ts';
import type { PeerRules } from '../../domain/peer-policy.ts';
import type { TransactionId } from '../../domain/ids.ts';
import type { Audit } from '../../ports/audit.ts';
import type { Blueprints } from '../../ports/blueprints.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Fabric } from '../../ports/fabric.ts';
import type { Hosting } from '../../ports/hosting.ts';
import type { Contracts } from '../../ports/contracts.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Notary } from '../../ports/notary.ts';
import type { Processes } from '../../ports/processes.ts';
import type { KnownSigners } from '../../ports/known-signers.ts';
import type { PeerKeys, Signer } from '../../ports/signer.ts';

/** What the seller's side of REAR stands on. */
export interface RearPorts {
  readonly inventory: Pick<Inventory, 'changes' | 'flavor' | 'reserve' | 'hold' | 'release' | 'abandon' | 'serves'>;
  readonly contracts: Pick<Contracts, 'get' | 'ofTransaction' | 'countersign' | 'signAnew' | 'renew'>;
  readonly processes: Pick<Processes, 'purchase' | 'endContract' | 'noticeToAcquisition' | 'noticeOfRenewal'>;
  readonly fabric: Pick<Fabric, 'issueCredentials'>;
  readonly hosting: Pick<Hosting, 'look'>;
  readonly signer: Pick<Signer, 'did' | 'published' | 'sign'>;
  readonly peerKeys: PeerKeys;
  readonly knownSigners: KnownSigners;
  readonly notary: Pick<Notary, 'checkBuyer' | 'grantRenewal' | 'signAnew'>;
  readonly audit: Pick<Audit, 'tally'>;
  readonly clock: Clock;
}

/** How this node sells; times in milliseconds. */
export interface RearOptions {
  /** Ourselves, with the cluster id; undefined until Liqo has told it, and so long every route answers 503. */
  readonly self: () => NodeIdentity | undefined;
  /** What is made for whoever buys it. */
  readonly blueprints: Blueprints;
  readonly newTransaction: () => TransactionId;
  /** How long a reservation holds, for buyers with an idempotency key and for FLUIDOS buyers, which have none. */
  readonly holdMs: number;
  readonly legacyHoldMs: number;
  /** Whether FLUIDOS buyers are sold to: they are outside what contract-enforced peering guarantees. */
  readonly legacyBuyers: boolean;
  /** What is asked of which node. */
  readonly policy: PeerRules;
  /** Hosts, with their ports, under which we are reached besides our own address: a signature for any other is not for us. */
  readonly authorities: readonly string[];
  /** How far a signature's time may be from ours; its nonce is kept for as long. */
  readonly replay: { readonly pastMs: number; readonly futureMs: number };
  /** Whether a buyer may want to be called at loopback: only where we are on loopback ourselves. */
  readonly loopbackBuyers: boolean;
  /** What a buyer may have of us; `holds` is always said. */
  readonly limitsOf: (buyer: NodeIdentity) => BuyerLimits;
  /** Flavors that one answer of LIST holds at most. */
  readonly listMost: number;
  /** How long ago LIST may have asked the store, in milliseconds: what one process lists within that time costs one question. */
  readonly listAgeMs: number;
  /** Reads what is on sale before anybody asks: of a hundred thousand flavors that takes seconds. */
  readonly listAtOnce: boolean;
  /** What one remote address may send, in the mean of ten seconds; 0: no limit. */
  readonly requestsPerSecond: number;
  readonly bodyLimitBytes: number;
  readonly bodyTimeoutMs: number;
  /** How long PURCHASE waits for its contract. */
  readonly purchaseWaitMs: number;
  /** Of the token that goes out with a contract. */
  readonly credentialsLifetimeMs: number;
  readonly log?: RearLog;
}

/** Where failures are told, words last; pino's loggers fit. */
interface RearLog {
  info(facts: object, words: string): void;
  error(facts: object, words: string): void;
}

export interface Rear extends RearPorts {
  readonly options: RearOptions;
}
