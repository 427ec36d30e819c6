import type { BuyerLimits } from '../src/domain/buyer-limits.ts';
import type { NodeIdentity } from '../src/domain/flavor.ts';
import type { Timing } from '../src/domain/timing.ts';
import type { Audit, Chain } from '../src/ports/audit.ts';
import type { Blueprints } from '../src/ports/blueprints.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { Cluster } from '../src/ports/cluster.ts';
import type { Fabric } from '../src/ports/fabric.ts';
import type { Hosting } from '../src/ports/hosting.ts';
import type { Contracts } from '../src/ports/contracts.ts';
import type { Inventory } from '../src/ports/inventory.ts';
import type { Tenants } from '../src/ports/tenants.ts';
import type { KnownSigners } from '../src/ports/known-signers.ts';
import type { Notary } from '../src/ports/notary.ts';
import type { Peers } from '../src/ports/peer.ts';
import type { Processes } from '../src/ports/processes.ts';
import type { Ratings } from '../src/ports/ratings.ts';
import type { Candidates, IntentRecords, KnownNodes } from '../src/ports/records.ts';
import type { Telemetry } from '../src/ports/telemetry.ts';

/** What activities work with: ports only, made once per worker by the runtime. */
export interface ActivityDeps {
  readonly inventory: Inventory;
  readonly contracts: Contracts;
  readonly tenants: Tenants;
  readonly candidates: Candidates;
  readonly intents: IntentRecords;
  readonly knownNodes: KnownNodes;
  readonly knownSigners: Pick<KnownSigners, 'prune'>;
  readonly audit: Audit;
  readonly chain: Chain;
  readonly ratings: Ratings;
  readonly telemetry: Telemetry;
  readonly peers: Peers;
  readonly notary: Notary;
  readonly fabric: Fabric;
  readonly cluster: Cluster;
  readonly hosting: Hosting;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly self: NodeIdentity;
  readonly timing: Timing;
  /** What this node makes for whoever buys it. */
  readonly blueprints: Blueprints;
  /** How long a sold contract lives. */
  readonly contractMs: number;
  /** What a buyer may have of us when it buys; absent where nobody is limited, so that no sale looks. */
  readonly limitsOf?: (buyer: NodeIdentity) => BuyerLimits;
}
