/** One call as its caller saw it: `take` got a slot, `refused` did not, `give` gave one back. Times from one clock. */
export interface Call {
  /** Who called; one call at a time. At most 31 of them. */
  readonly caller: number;
  readonly kind: 'take' | 'refused' | 'give';
  readonly calledAt: number;
  readonly returnedAt: number;
}

/** What may be so at a moment: so many slots taken, and these callers' pending calls (a bit each) have taken effect already. */
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
  let possible = new Map<string, Possible>([['0.0', { taken: 0, done: 0 }]]);

  /** After one more pending call; `undefined` when it cannot be the next. */
  const after = ({ taken, done }: Possible, { caller, kind }: Call): Possible | undefined => {
    const next = { take: taken + 1, refused: taken, give: taken - 1 }[kind];
    const can = kind === 'refused' ? taken === capacity : next >= 0 && next <= capacity;
    return can ? { taken: next, done: done | (1 << caller) } : undefined;
  };
  /** Everything that may be so once any of the pending calls took effect. A refusal changes nothing, so it may as well take effect as soon as it can. */
  const reachable = (from: Iterable<Possible>): Map<string, Possible> => {
    const found = new Map<string, Possible>();
    const open = [...from];
    for (let state = open.pop(); state; state = open.pop()) {
      for (const call of pending.values()) {
        if (call.kind === 'refused' && !(state.done & (1 << call.caller))) state = after(state, call) ?? state;
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
    possible = new Map(explained.map(({ taken, done }) => [`${taken}.${done & ~bit}`, { taken, done: done & ~bit }]));
  }
  return undefined;
}
