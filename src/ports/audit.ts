import type { AuditEvent, AuditKind, Head, Seal, TalliedKind, Verification } from '../domain/audit.ts';
import type { ContractId } from '../domain/ids.ts';
import type { Page, PageOf } from '../domain/pages.ts';

/** What happened here: contracts write theirs as they are made and ended, in the same transaction. Faults of every call but `tally`: STORE_UNAVAILABLE. */
export interface Audit {
  record(event: {
    readonly kind: AuditKind;
    readonly contract?: ContractId;
    readonly peer?: string;
    readonly facts: Readonly<Record<string, unknown>>;
  }): Promise<void>;
  /**
   * Tells of what every process of a node sees for itself: not when the newest event of its kind says the same of what it `sells`. What a process finds when it `begins` is told only where something else was told before: it
   * turned while nobody looked.
   */
  turned(enforcement: { readonly sells: boolean; readonly detail: string; readonly begins?: boolean }): Promise<void>;
  /**
   * Counts what a stranger did; written at the first, tenth, hundredth … time of an hour of each (kind, peer, code), and of 1,000 such an hour at most: all others are one. Never fails: what
   * cannot be written is logged, and nothing waits for it longer than for one statement.
   */
  tally(event: {
    readonly kind: TalliedKind;
    readonly peer: string;
    readonly code: string;
    readonly detail?: string;
    readonly contract?: ContractId;
  }): Promise<void>;
  /** Newest first. */
  page(
    of: PageOf<EventPlace> & { readonly contract?: ContractId /** RFC 3339. */; readonly since?: string },
  ): Promise<Page<AuditEvent, EventPlace>>;
}
export type EventPlace = readonly [at: string, id: number];

/** The chain over what happened. Sealing is beside the hot path: an event waits for it for seconds. Faults: STORE_UNAVAILABLE, KEYS_UNAVAILABLE. */
export interface Chain {
  /** Seals what waits, and has the new head signed and kept outside. One after the other, whoever calls; what a crash left half done is finished by the next call. */
  seal(): Promise<{
    readonly sealed: number;
    /** Why no head was signed: what is in the table does not follow from the last one. */
    readonly broken?: string;
  }>;
  /** Compares events, seals and heads, from the seal after `after` on, for `forMs` at most (5 s unless told otherwise): who wants to know all goes on from `next`. */
  verify(input: { readonly after?: number; readonly forMs?: number }): Promise<Verification>;
}

/** Signed heads, kept where whoever writes the database does not write. Fault: KEYS_UNAVAILABLE. */
export interface Heads {
  /** Those that are signed by a key of ours, by `seq`; `forged` are those that name one of our keys and were not signed by it, or not for us. */
  list(): Promise<{
    readonly heads: readonly Head[];
    readonly unreadable: number;
    /** Of these the heads whose key counts no more, or never was ours: nobody can tell whether it signed them. */
    readonly withdrawn: number;
    readonly forged: number;
    /** The key that would sign now. */
    readonly kid: string;
  }>;
  append(seal: Seal): Promise<void>;
}
