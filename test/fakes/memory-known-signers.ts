/** Who signs, in memory; passes the suite that the store passes. */
import { Fault } from '../../src/domain/faults.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { KnownSigners } from '../../src/ports/known-signers.ts';

export function memoryKnownSigners({ clock }: { readonly clock: Clock }): KnownSigners {
  const nodes = new Map<string, string | undefined>();
  const lastHeard = new Map<string, number>();
  const nonces = new Map<string, number>();
  return {
    async heard({ address, nodeId, pinned = false, nonce }) {
      if (nodeId === undefined) nodes.set(address, nodes.get(address));
      else {
        const owner = [...nodes].find(([, id]) => id === nodeId)?.[0];
        if (owner !== undefined && owner !== address) {
          if (!pinned) throw new Fault('BUYER_REFUSED', 'this id belongs to a node at another address', { address, nodeId });
          nodes.set(owner, undefined);
        }
        nodes.set(address, nodeId);
      }
      lastHeard.set(address, clock.now());
      if (nonce === undefined) return;
      const key = `${address} ${nonce.value}`;
      const until = nonces.get(key);
      if (until !== undefined && until >= clock.now()) {
        throw new Fault('SIGNATURE_REFUSED', 'this signature was seen before', { why: 'replayed', address });
      }
      nonces.set(key, clock.now() + nonce.keepMs);
    },
    async prune(most = 50_000) {
      const byAge = [...nodes.keys()].toSorted((a, b) => (lastHeard.get(b) ?? 0) - (lastHeard.get(a) ?? 0));
      const old = clock.now() - 90 * 86_400_000;
      const gone = byAge.filter((address, at) => at >= most || (lastHeard.get(address) ?? 0) < old);
      for (const address of gone) nodes.delete(address);
      return gone.length;
    },
    async signs({ address, nodeId, except }) {
      return [...nodes].some(([at, id]) => at !== except && (at === address || (nodeId !== undefined && id === nodeId)));
    },
  };
}
