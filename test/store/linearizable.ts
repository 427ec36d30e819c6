/**
 * What a call did by what its caller was told. `take` reserved a slot, for which none was left when it was `refused`. `sell` sold a hold under a contract of its own; `unsold` was
 * told that it cannot be sold: somebody else sold it, or it is over. `letGo` ended a hold that was not sold (released, or expired); `kept` was told that it is sold. `giveBack` undid a sale.
 */
export type Kind = 'take' | 'refused' | 'sell' | 'unsold' | 'letGo' | 'kept' | 'giveBack';

/** One call as its caller saw it. Times from one clock. */
export interface Call {
  /** Who called; one call at a time. At most 31 of them. */
  readonly caller: number;
  readonly kind: Kind;
  /** What it was about: the hold, or the one that there would be. */
  readonly hold: string;
  readonly calledAt: number;
  readonly returnedAt: number;
}

/** What each kind adds to the slots that are taken, and what has and has not been done with the hold before. `unsold` finds it sold, or over. */
const MODEL: Record<Kind, { readonly taken: number; readonly when: (did: (kind: Kind) => boolean) => boolean }> = {
  take: { taken: 1, when: (did) => !did('take') },
  refused: { taken: 0, when: () => true },
  sell: { taken: 0, when: (did) => did('take') && !did('sell') && !did('letGo') },
  unsold: { taken: 0, when: (did) => did('sell') || did('letGo') },
  letGo: { taken: -1, when: (did) => did('take') && !did('sell') && !did('letGo') },
  kept: { taken: 0, when: (did) => did('sell') },
  giveBack: { taken: -1, when: (did) => did('sell') && !did('giveBack') },
};
const CHANGES_NOTHING: ReadonlySet<Kind> = new Set(['refused', 'unsold', 'kept']);

/** What may be so at a moment: so many slots taken, and these callers' pending calls (a bit each) have taken effect already. What became of each hold follows from that: nothing is done to one twice. */
interface Possible {
  readonly taken: number;
  readonly done: number;
}

/**
 * Whether calls of several callers at once may have taken effect one after the other, each at a moment between its call and its return, on `capacity` slots (Herlihy and Wing;
 * searched just in time, after Lowe). Answers the first call that cannot be explained; `undefined` when all can.
 */
export function unexplained(history: readonly Call[], capacity: number): Call | undefined {
  const events = history
    .flatMap((call) => [
      { at: call.calledAt, returns: false, call },
      { at: call.returnedAt, returns: true, call },
    ])
    // Of what happened at one moment a call comes before a return: that explains more, and never less.
    .toSorted((a, b) => a.at - b.at || Number(a.returns) - Number(b.returns));
  const pending = new Map<number, Call>();
  /** Of each hold, what calls did that have returned: so it is whatever else is possible. */
  const settled = new Map<string, Set<Kind>>();
  let possible = new Map<string, Possible>([['0.0', { taken: 0, done: 0 }]]);

  /** After one more pending call; `undefined` when it cannot be the next. */
  const after = ({ taken, done }: Possible, { caller, kind, hold }: Call): Possible | undefined => {
    const did = (what: Kind): boolean =>
      settled.get(hold)?.has(what) === true ||
      [...pending.values()].some((call) => call.hold === hold && call.kind === what && (done & (1 << call.caller)) !== 0);
    const next = taken + MODEL[kind].taken;
    const fits = kind === 'refused' ? taken === capacity : next >= 0 && next <= capacity;
    return fits && MODEL[kind].when(did) ? { taken: next, done: done | (1 << caller) } : undefined;
  };
  /** Everything that may be so once any of the pending calls took effect. One that changes nothing may as well take effect as soon as it can. */
  const reachable = (from: Iterable<Possible>): Map<string, Possible> => {
    const found = new Map<string, Possible>();
    const open = [...from];
    for (let state = open.pop(); state; state = open.pop()) {
      for (const call of pending.values()) {
        if (CHANGES_NOTHING.has(call.kind) && !(state.done & (1 << call.caller))) state = after(state, call) ?? state;
      }
      const key = `${state.taken}.${state.done}`;
      if (found.has(key)) continue;
      found.set(key, state);
      for (const call of pending.values()) {
        const next = state.done & (1 << call.caller) ? undefined : after(state, call);
        if (next) open.push(next);
      }
    }
    return found;
  };

  for (const { returns, call } of events) {
    if (!returns) {
      pending.set(call.caller, call);
      continue;
    }
    const bit = 1 << call.caller;
    const explained = [...reachable(possible.values()).values()].filter(({ done }) => done & bit);
    if (explained.length === 0) return call;
    pending.delete(call.caller);
    settled.set(call.hold, (settled.get(call.hold) ?? new Set()).add(call.kind));
    possible = new Map(explained.map(({ taken, done }) => [`${taken}.${done & ~bit}`, { taken, done: done & ~bit }]));
  }
  return undefined;
}
