import fs from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import type { ConfigurationSchema } from '../../src/runtime/configuration.ts';

/** The three nodes of the demo: one buys, two sell. */
export const NODE_NAMES = ['south', 'north', 'west'] as const;
export type NodeName = (typeof NODE_NAMES)[number];

type Written = z.input<typeof ConfigurationSchema>;

/** What a node needs to be told that is not the same each time. */
export interface NodePlace {
  readonly name: NodeName;
  /** `host:port` of the REAR listener. */
  readonly rear: string;
  /** What other nodes are told instead, when somebody stands in between. */
  readonly announced?: string;
  /** `host:port` of the management API. */
  readonly api: string;
  /** `host:port` where the worker says whether it is ready. */
  readonly health: string;
  /** Its owner's. */
  readonly kubeconfig: string;
  /** That of the account that the node runs under, where there is one: a user's own clusters have none yet. */
  readonly nodeKubeconfig?: string;
  readonly context?: string;
  readonly knownNodes: readonly string[];
  readonly temporalAddress: string;
  readonly databaseUrl: string;
  /** What it sells instead of its offer in the demo. */
  readonly flavors?: NonNullable<Written['flavors']>;
  /** How it sells its cluster beside these; not at all when absent. */
  readonly sell?: NonNullable<Written['sell']>;
  /** Who need not sign, or is blocked; nobody when absent. */
  readonly peers?: NonNullable<NonNullable<Written['identity']>['peers']>;
}

/** Milliseconds. Short enough for somebody who watches; every promise of the defaults still holds on two busy cores. */
const TIMING = {
  nodeAnswerMs: 2_000,
  discoveryPauseMs: 1_000,
  discoveryPauseMaxMs: 5_000,
  virtualNodeMs: 15_000,
  offloadMs: 15_000,
  workloadMs: 45_000,
  nodeLostMs: 120_000,
  peeringReadyMs: 10_000,
  undoRoundMs: 30_000,
  stuckPauseMs: 2_000,
  stuckPauseMaxMs: 8_000,
  sellerGraceMs: 20_000,
} as const;

/** Both sell the same machine, so that only the price decides. */
const flavor = (
  amount: string,
  location: { readonly country: string; readonly city: string },
): NonNullable<Written['flavors']>[number] => ({
  name: 'slice',
  cpu: '8',
  memory: '16Gi',
  pods: '40',
  price: { amount, currency: 'EUR', period: 'hourly' },
  location,
  latencyMs: 8,
  minimum: { cpu: '500m', memory: '512Mi', pods: '1' },
});

/** What each seller offers; south has nothing to spare. */
const OFFERS: Readonly<Record<NodeName, NonNullable<Written['flavors']>>> = {
  south: [],
  north: [flavor('0.20', { country: 'Italy', city: 'Turin' })],
  west: [flavor('0.34', { country: 'France', city: 'Lyon' })],
};

/** A ready-made database; west's costs more. South, which buys, has none to sell. */
const DATABASES: Readonly<Record<NodeName, NonNullable<Written['blueprints']>>> = {
  south: [],
  north: [{ name: 'postgresql', use: 'database', price: { amount: '0.04', currency: 'EUR', period: 'hourly' } }],
  west: [{ name: 'postgresql', use: 'database', price: { amount: '0.06', currency: 'EUR', period: 'hourly' } }],
};

/** A node's configuration as its owner would write it. */
export const nodeConfiguration = (place: NodePlace): Written => ({
  node: { id: place.name, domain: `${place.name}.example`, address: place.announced ?? place.rear },
  // A playground's Liqo is started with Hard and runs as no Deployment; on somebody's own clusters a stock one enforces nothing, and a demo sells all the same.
  rear: { listen: place.rear, sellUnenforced: place.context !== undefined },
  ...(place.context === undefined && { liqo: { enforcement: 'Hard' } }),
  api: { listen: place.api },
  work: { healthListen: place.health },
  temporal: { address: place.temporalAddress },
  database: { url: place.databaseUrl, connections: 5 },
  cluster: {
    kubeconfig: place.nodeKubeconfig ?? place.kubeconfig,
    loopbackSellers: true, // all clusters of a demo are its user's own, on one machine
    ...(place.context !== undefined && { context: place.context }),
  },
  knownNodes: [...place.knownNodes],
  flavors: [...(place.flavors ?? OFFERS[place.name])],
  blueprints: [...DATABASES[place.name]],
  ...(place.sell && { sell: place.sell }),
  ...(place.peers && { identity: { peers: [...place.peers] } }),
  timing: TIMING,
  log: { level: 'info' },
});

/** Writes it where the node's two processes read it (JSON is YAML); only its owner may, since the database's URL is in it. */
export function writeConfiguration(dir: string, place: NodePlace): string {
  const file = path.join(dir, place.name, 'rearguard.yaml');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify(nodeConfiguration(place), null, 2)}\n`, { mode: 0o600 });
  return file;
}
