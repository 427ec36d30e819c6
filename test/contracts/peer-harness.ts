/** What the suites of `Peer` are given, and how they begin. */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { endingIn } from '../../src/domain/contract-over.ts';
import type { ContractTerms } from '../../src/domain/contract.ts';
import { type FaultCode, isFault } from '../../src/domain/faults.ts';
import type { NodeIdentity, SliceFlavor } from '../../src/domain/flavor.ts';
import { type AcquisitionId, acquisitionId, type ContractId, flavorId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Resources } from '../../src/domain/resources.ts';
import type { Notary } from '../../src/ports/notary.ts';
import type { Peer, Peers } from '../../src/ports/peer.ts';

export interface PeerHarness {
  readonly peers: Peers;
  /** Sells `flavor` (8 cpu, 16Gi, 100 pods, 0.8 EUR an hour, cut in whole cpus) and nothing else. */
  readonly seller: NodeIdentity;
  readonly flavor: SliceFlavor;
  /** A node that hears notices. */
  readonly buyer: NodeIdentity;
  /** Nobody listens there. */
  readonly nowhere: string;
  /** Signs as the buyer. */
  readonly notary: Notary;
  now(): number;
  /** Moves the seller's clock. */
  advance(milliseconds: number): void;
  /** The buyer's node has bought this. */
  storeBought(terms: ContractTerms, acquisition: AcquisitionId): Promise<void>;
  endAtSeller(contract: ContractId, ending: Ending): Promise<void>;
  alive(): { readonly holds: number; readonly contracts: number };
  /** Contracts of which the buyer's node was told. */
  notices(): Promise<readonly ContractId[]>;
  close(): Promise<void>;
}

export const PART: Resources = { cpu: '2', memory: '4Gi', pods: '20' };
export const ENDING: Ending = { reason: 'done', detail: 'no longer needed' };

/** The code with which a call fails. */
export async function codeOf(call: Promise<unknown>): Promise<FaultCode | 'answered'> {
  try {
    await call;
    return 'answered';
  } catch (error) {
    if (isFault(error)) return error.code;
    throw error;
  }
}

/** Why a contract ended, as a call that comes too late is told; `answered`, or the code, of any other. */
export async function endOf(call: Promise<unknown>): Promise<Ending | FaultCode | 'answered' | undefined> {
  try {
    await call;
    return 'answered';
  } catch (error) {
    if (!isFault(error)) throw error;
    return error.code === 'CONTRACT_OVER' ? endingIn(error.facts) : error.code;
  }
}

/** A harness for the tests of one `describe`, the seller as its buyer sees it, and a key of its own for each test. */
export function openPeer(start: () => Promise<PeerHarness>) {
  let at: PeerHarness;
  let seller: Peer;
  let attempt = 0;
  let key: AcquisitionId;
  beforeAll(async () => {
    at = await start();
  });
  afterAll(async () => {
    await at.close();
  });
  beforeEach(() => {
    seller = at.peers.at(at.seller.address);
    attempt += 1;
    key = acquisitionId(`c0ffee00beef-${attempt}`);
  });
  const reserve = (change: { part?: Resources; key?: AcquisitionId; flavor?: string } = {}) =>
    seller.reserve({
      flavor: flavorId(change.flavor ?? at.flavor.id),
      buyer: at.buyer,
      part: change.part ?? PART,
      idempotencyKey: change.key ?? key,
    });
  return {
    get at() {
      return at;
    },
    get seller() {
      return seller;
    },
    get key() {
      return key;
    },
    reserve,
    buy: async () => {
      const transaction = await reserve();
      return { transaction, ...(await seller.purchase({ transaction: transaction.id, buyer: at.buyer })) };
    },
    tidy: () => seller.release({ buyer: at.buyer, idempotencyKey: key }),
  };
}
