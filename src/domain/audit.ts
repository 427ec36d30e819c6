import type { ContractId } from './ids.ts';

/** What the audit tells of. `peer-silent`: a seller did not answer a purchase in time; `enforcement`: whether Liqo holds buyers to what they bought changed, and with it what is on sale; `operator`: somebody changed something by the management API. */
export const AUDIT_KINDS = [
  'sold',
  'bought',
  'renewed',
  'notice',
  'notice-broken',
  'ending',
  'over',
  'reservation-refused',
  'renewal-refused',
  'request-refused',
  'slice-denied',
  'peer-lied',
  'peer-silent',
  'enforcement',
  'operator',
] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** Kinds that a stranger can cause as often as it likes: they are counted, and written at the first, tenth, hundredth … time of an hour. */
export type TalliedKind =
  | 'notice-broken'
  | 'reservation-refused'
  | 'renewal-refused'
  | 'request-refused'
  | 'slice-denied'
  | 'peer-lied'
  | 'peer-silent';

/** Where an event stands in the chain. */
export interface Seal {
  /** 1, 2, 3 …, without a gap. */
  readonly seq: number;
  /** SHA-256 of the hash before and the event, base64url. */
  readonly hash: string;
}

/** One thing that happened; never changed, never removed. */
export interface AuditEvent {
  /** Grows with time, with gaps. */
  readonly id: number;
  /** RFC 3339, to the microsecond. */
  readonly at: string;
  readonly kind: AuditKind;
  readonly contract?: ContractId;
  /** The other node, by the id that it gave; where who calls is not proven, the address it called from. */
  readonly peer?: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Absent for the seconds until it is sealed. */
  readonly seal?: Seal;
}

/** What a signed head says: the chain as it was at a time. */
export interface Head extends Seal {
  /** RFC 3339. */
  readonly at: string;
  /** The key that signed it. */
  readonly kid: string;
}

/** The chain before its first event. */
export const GENESIS: Seal = { seq: 0, hash: 'A'.repeat(43) };

/**
 * How a chain can be broken: an event is not as it was sealed; one is gone, or its seal; all from some place to the end are gone; the seals were computed anew, so that they fit each other and no
 * signed head; an event that was written past the sealing; a head that somebody else signed.
 */
export type Tampering = 'altered' | 'removed' | 'cut-tail' | 'recomputed' | 'added' | 'forged-head';

/** What a comparison of events, seals and heads found. */
export interface Verification {
  /** `unattested`: the seals fit, and no head vouches for all of them; `unfinished`: more is to be read, from `next` on. */
  readonly verdict: 'intact' | 'broken' | 'unattested' | 'unfinished';
  readonly words: string;
  /** The last seal that was compared, and the newest there is. */
  readonly checked: number;
  readonly sealed: number;
  /** Events that are not sealed yet. */
  readonly waiting: number;
  readonly heads: {
    readonly count: number;
    readonly first?: Head;
    readonly last?: Head;
    /** Lines that are no heads, or of keys that count no more. */
    readonly unreadable: number;
    /** Of these the heads whose key counts no more, or never was ours: they vouch for nothing. Absent when there are none. */
    readonly withdrawn?: number;
  };
  readonly tampering?: {
    readonly kind: Tampering;
    /** Of the first bad seal. */
    readonly seq?: number;
    /** Of the first bad event, as far as it can be known. */
    readonly event?: number;
  };
  readonly next?: number;
}

const HOUR_MS = 3_600_000;
/** So many (kind, peer, code) are counted one by one in an hour: whoever takes a new name each time fills no table with them. */
const MOST_TALLIES = 1_000;
const OTHERS = '(others)';

/** So many different matters of one (kind, peer, code) have a count of their own in an hour, the others one together: a peer thinks of as many as it likes. */
const MOST_MATTERS = 16;

/** What is counted as one: `about` tells apart what the same peer was refused, or lied about. */
export interface Tallied {
  readonly kind: TalliedKind;
  readonly peer: string;
  readonly code: string;
  readonly contract?: ContractId;
  readonly detail?: string;
}

/** A lie and a denial are each of its own: a second one in an hour is not the first one again. Of other refusals the contract counts, if any, as their words differ from call to call. */
const aboutOf = ({ kind, contract, detail }: Tallied): string =>
  `${contract ?? ''} ${kind === 'peer-lied' || kind === 'slice-denied' ? (detail ?? '') : ''}`;

/** Counts within one process: whose name and what count are to be written now; `undefined` when it is none of the first, tenth, hundredth … time of this hour. */
export function openTallies(now: () => number): (tallied: Tallied) => { readonly peer: string; readonly count: number } | undefined {
  let hour = 0;
  let counts = new Map<string, number>();
  let matters = new Map<string, Set<string>>();
  const counted = (...key: readonly string[]): number => {
    const text = JSON.stringify(key);
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    return count;
  };
  return (tallied) => {
    const current = Math.floor(now() / HOUR_MS);
    if (current !== hour) [hour, counts, matters] = [current, new Map(), new Map()];
    const { kind, peer, code } = tallied;
    const own = JSON.stringify([kind, peer, code]);
    const isNamed = matters.has(own) || matters.size < MOST_TALLIES;
    const named = isNamed ? peer : OTHERS;
    const mine = matters.get(own) ?? new Set<string>();
    if (isNamed) matters.set(own, mine);
    const about = aboutOf(tallied);
    const isOfItsOwn = isNamed && (mine.has(about) || mine.size < MOST_MATTERS);
    if (isOfItsOwn) mine.add(about);
    const count = isOfItsOwn ? counted(kind, named, code, about) : counted(kind, named, code);
    return /^10*$/.test(String(count)) ? { peer: named, count } : undefined;
  };
}
