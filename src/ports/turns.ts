/**
 * Turns at what only one of ours may use at a time, whichever of our processes it runs in. Whoever has one gives it back by his own key, or by the transaction that came of it;
 * one that is never given back ends by itself. Faults of every call: STORE_UNAVAILABLE.
 */
export interface Turns {
  /** Takes the turn at a place for `lastsMs`, or keeps it when `key` has it already; `false` while another key has it. */
  take(input: { readonly place: string; readonly key: string; readonly lastsMs: number }): Promise<boolean>;
  /** Notes what came of a turn; nothing when `key` has none any more. */
  note(input: { readonly place: string; readonly key: string; readonly transaction: string }): Promise<void>;
  /** Gives back every turn of that key, or of that transaction at places that begin so; nothing to give back is success. */
  free(of: { readonly key: string } | { readonly transaction: string; readonly at: string }): Promise<void>;
}
