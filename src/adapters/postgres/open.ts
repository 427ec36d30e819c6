import { randomBytes } from 'node:crypto';
import { Fault } from '../../domain/faults.ts';
import type { Audit, Chain, Heads } from '../../ports/audit.ts';
import type { KeptBlueprints } from '../../ports/blueprints.ts';
import type { Contracts } from '../../ports/contracts.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Tenants } from '../../ports/tenants.ts';
import type { KnownSigners } from '../../ports/known-signers.ts';
import type { Turns } from '../../ports/turns.ts';
import type { Candidates, IntentRecords, KnownNodes } from '../../ports/records.ts';
import { buyers } from './buyers.ts';
import { candidates } from './candidates.ts';
import { connect, guarded, type StoreLog, translate } from './connect.ts';
import { contracts } from './contracts.ts';
import { events } from './events.ts';
import { flavorIdOf, flavors, type NewFlavorId } from './flavors.ts';
import { holds } from './holds.ts';
import { intents } from './intents.ts';
import { keptBlueprints } from './kept-blueprints.ts';
import { ledgers } from './ledgers.ts';
import { knownNodes } from './known-nodes.ts';
import { knownSigners } from './known-signers.ts';
import { listChanges } from './list-changes.ts';
import { claim, migrate } from './migrate.ts';
import { recount } from './recount.ts';
import { sales } from './sales.ts';
import { sealing } from './sealing.ts';
import { tenants } from './tenants.ts';
import { turns } from './turns.ts';
import { verifying } from './verifying.ts';

/** Everything that a node keeps in Postgres. */
export interface Store {
  readonly inventory: Inventory;
  readonly keptBlueprints: KeptBlueprints;
  readonly contracts: Contracts;
  readonly intents: IntentRecords;
  readonly candidates: Candidates;
  readonly knownNodes: KnownNodes;
  readonly knownSigners: KnownSigners;
  readonly turns: Turns;
  readonly tenants: Tenants;
  readonly audit: Audit;
  readonly chain: Chain;
  /** Fails with STORE_UNAVAILABLE while the database does not answer. */
  ready(): Promise<void>;
  /** Waits for statements under way, then lets go of every connection. */
  close(): Promise<void>;
}

/** What may stand between quotes as the name of a schema without a thought about it. */
const SCHEMA = /^[a-z_][a-z0-9_-]{0,62}$/;
/** How long `close` waits for statements under way. */
const CLOSE_TIMEOUT_S = 5;

/**
 * Opens a node's schema, brought to the newest version first; several processes may do so at once. Fails with STORE_UNAVAILABLE when
 * the database does not answer, with CONFIGURATION_INVALID when the schema's name is none, or another node's.
 */
export async function openStore(options: {
  readonly url: string;
  readonly schema: string;
  /** Whose schema it is; who only looks at it has none. */
  readonly node?: string;
  readonly maxConnections: number;
  /** Where heads of the audit's chain are kept; nobody vouches for it without. */
  readonly heads?: Heads;
  readonly log?: StoreLog;
}): Promise<Store> {
  if (!SCHEMA.test(options.schema))
    throw new Fault('CONFIGURATION_INVALID', 'a schema is named in lower-case letters, digits, - and _, 63 at most', {
      schema: options.schema,
    });
  const log = options.log ?? (() => {});
  const pool = connect(options);
  const newId: NewFlavorId = (domain, kind) => flavorIdOf(domain, kind, randomBytes(6).toString('hex'));
  try {
    await migrate(pool, options.schema);
    if (options.node !== undefined) await claim(pool, options.schema, options.node);
  } catch (error) {
    await pool.end({ timeout: 0 });
    throw translate(error, log);
  }
  const own = {
    async ready() {
      await pool`select 1`;
    },
    async close() {
      await pool.end({ timeout: CLOSE_TIMEOUT_S });
    },
  };
  return {
    inventory: guarded(
      {
        ...flavors(pool, newId),
        ...ledgers(pool),
        ...listChanges(pool),
        ...buyers(pool),
        ...holds(pool),
        ...sales(pool, newId),
        ...recount(pool, newId),
      },
      log,
    ),
    keptBlueprints: guarded(keptBlueprints(pool), log),
    contracts: guarded(contracts(pool), log),
    intents: guarded(intents(pool), log),
    candidates: guarded(candidates(pool), log),
    knownNodes: guarded(knownNodes(pool), log),
    knownSigners: guarded(knownSigners(pool), log),
    turns: guarded(turns(pool), log),
    tenants: guarded(tenants(pool), log),
    audit: guarded(events(pool, log), log),
    chain: guarded({ ...sealing(pool, options.heads, log), ...verifying(pool, options.heads) }, log),
    ...guarded(own, log),
  };
}
