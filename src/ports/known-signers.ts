/** Who signs what it says, ever since it did so first, and which signatures were seen; shared by all processes of a node. */
export interface KnownSigners {
  /**
   * A node signed at this address. From now on it is known to, and its id belongs to this address. BUYER_REFUSED when the id is another address's, unless an operator says that it is
   * this one's (`pinned`). SIGNATURE_REFUSED (`replayed`) when the nonce was seen at this address; it is kept for `keepMs`.
   */
  heard(input: {
    /** `host:port`, in lower case. */
    readonly address: string;
    readonly nodeId?: string;
    readonly pinned?: boolean;
    readonly nonce?: { readonly value: string; readonly keepMs: number };
  }): Promise<void>;
  /** Whether a node of that id, or one at that address, ever signed; what was signed at the address `except` does not count. */
  signs(of: { readonly address?: string; readonly nodeId?: string; readonly except?: string }): Promise<boolean>;
  /**
   * Forgets strangers, whom nobody here knows or dealt with: those that were not heard for 90 days, and when there are more than `most` (50,000 unless told otherwise) the longest unheard.
   * Answers how many went.
   */
  prune(most?: number): Promise<number>;
}
