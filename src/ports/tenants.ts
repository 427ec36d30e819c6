import type { ClusterId } from '../domain/ids.ts';

/** Which buyers' tenants stand. A sale that finds its own standing, once it is written, need not ask the peering that owns it. */
export interface Tenants {
  built(buyer: ClusterId): Promise<void>;
  /** Asked by a sale that is written already: `true` holds until its contract ends. */
  stands(buyer: ClusterId): Promise<boolean>;
  /** Before a tenant is taken away: from then on it stands for nobody. `false`, and all as before, when something is sold to that buyer while its tenant stood. */
  close(buyer: ClusterId): Promise<boolean>;
}
