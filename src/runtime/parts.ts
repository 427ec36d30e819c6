import type { Logger } from 'pino';
import { headFile } from '../adapters/audit/head-file.ts';
import { headText } from '../adapters/audit/head-text.ts';
import { vouchingAnew } from '../adapters/audit/rotation.ts';
import { signedHeads } from '../adapters/audit/heads.ts';
import { fileKeyStore } from '../adapters/keys/file-store.ts';
import { keyring } from '../adapters/keys/keyring.ts';
import { notary } from '../adapters/keys/notary.ts';
import { type Store, openStore } from '../adapters/postgres/open.ts';
import { type PeerTls, dialling } from '../adapters/rear-http/dialling.ts';
import { httpPeerKeys } from '../adapters/rear-http/peer-keys.ts';
import { httpPeers } from '../adapters/rear-http/peers.ts';
import { temporalClient, type TemporalClient } from '../adapters/temporal/connection.ts';
import { namespaceAnswers, prepareNamespace } from '../adapters/temporal/namespace.ts';
import { temporalProcesses } from '../adapters/temporal/processes.ts';
import { type BuyerLimits, limitsOf, limitsUse } from '../domain/buyer-limits.ts';
import { didOf } from '../domain/did.ts';
import type { NodeIdentity } from '../domain/flavor.ts';
import { nodeId } from '../domain/ids.ts';
import { callbackPlace, isLoopback } from '../http/rear/callback.ts';
import type { Clock } from '../ports/clock.ts';
import type { KnownSigners } from '../ports/known-signers.ts';
import type { Notary } from '../ports/notary.ts';
import type { Peers } from '../ports/peer.ts';
import type { Processes } from '../ports/processes.ts';
import type { PeerKeys, Signer } from '../ports/signer.ts';
import type { Turns } from '../ports/turns.ts';
import type { ClusterParts } from './cluster-parts.ts';
import { type Configuration, headFileOf } from './configuration.ts';
import { withKnownNodes } from './peer-tls.ts';
import type { Readiness } from './readiness.ts';
import { resolveName } from './resolve-name.ts';
import { type Selling, openSelling } from './selling.ts';

/** Whether buyers may ask to be called on our own machine: only when we are announced there ourselves. */
export const callsLoopback = ({ rear, node }: Configuration): boolean => isLoopback(rear.listen) || isLoopback(node.address);

/** Opens the adapters of a node's cluster; handed in, so that tests need none. */
export type OpenClusterParts = (configuration: Configuration, log: Logger) => ClusterParts;

/** What a process of ours stands on. What may be away at the start comes as a promise, which tries until it succeeds. */
export interface Parts {
  readonly configuration: Configuration;
  readonly log: Logger;
  readonly readiness: Readiness;
  /** Aborts when the process is to stop. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly temporal: TemporalClient;
  readonly processes: Processes;
  readonly peers: Peers;
  readonly signer: Signer;
  readonly peerKeys: PeerKeys;
  readonly notary: Notary;
  readonly cluster: ClusterParts;
  readonly selling: Selling;
  readonly store: Promise<Store>;
  /** The Temporal namespace is there and can be used. */
  readonly namespace: Promise<void>;
  /** The keys of the node are known: from then on signing waits for nothing, also where a sale holds its lock. */
  readonly keys: Promise<unknown>;
  /** Ourselves, once Liqo has told our cluster id and what must stand before anything is sold does. */
  readonly self: Promise<NodeIdentity>;
  close(): Promise<void>;
}

/** Turns that all our processes share, as soon as the store is there. */
const turnsOf = (store: Promise<Store>): Turns => ({
  take: async (turn) => await (await store).turns.take(turn),
  note: async (turn) => await (await store).turns.note(turn),
  free: async (turn) => await (await store).turns.free(turn),
});

/** Who signs, as all our processes know it, as soon as the store is there. */
const signersOf = (store: Promise<Store>): KnownSigners => ({
  heard: async (who) => await (await store).knownSigners.heard(who),
  signs: async (who) => await (await store).knownSigners.signs(who),
  prune: async (most) => await (await store).knownSigners.prune(most),
});

/** What is asked of other nodes, and how old their signatures may be. */
export const trustOf = ({ identity }: Pick<Configuration, 'identity'>) => ({
  policy: { rules: identity.peers, otherwise: identity.policy },
  replay: { pastMs: identity.replaySeconds * 1_000, futureMs: identity.replaySeconds * 500 },
});

/** What each buyer may have of us, and whether anybody is held to more than a number of open reservations. */
export function buyerLimits({ rear, identity }: Pick<Configuration, 'rear' | 'identity'>): {
  readonly limitsOf: (buyer: NodeIdentity) => BuyerLimits;
  readonly limitSales: boolean;
} {
  const everybody = { ...rear.buyerLimits, holds: rear.maxHoldsPerBuyer, requestsPerSecond: rear.requestsPerSecondPerBuyer };
  const { policy } = trustOf({ identity });
  return {
    limitsOf: (buyer) => limitsOf(everybody, policy, buyer),
    limitSales: limitsUse(everybody) || identity.peers.some(({ limits }) => limits !== undefined && limitsUse(limits)),
  };
}

/** Opens everything that a process of ours stands on, whatever of it is away at the moment. */
export function openParts(input: {
  readonly configuration: Configuration;
  readonly log: Logger;
  readonly readiness: Readiness;
  readonly signal: AbortSignal;
  readonly openCluster: OpenClusterParts;
  readonly peerTls: PeerTls;
}): Parts {
  const { configuration, log, readiness, signal } = input;
  const { node, database, temporal: where, identity } = configuration;
  const clock: Clock = { now: () => Date.now() };
  const dial = dialling({
    clock,
    tls: withKnownNodes(input.peerTls, { clock, overTls: async () => await (await store).knownNodes.overTls() }),
    strangersPlace: (address) => callbackPlace(address, { loopback: callsLoopback(configuration), resolve: resolveName }),
  });
  const temporal = temporalClient({
    address: where.address,
    namespace: where.namespace,
    tls: where.tls,
    payloadKeys: where.payloadKeys,
    ...(where.apiKey !== undefined && { apiKey: where.apiKey }),
  });
  const cluster = input.openCluster(configuration, log);
  const storeLog = (words: string, facts: object): void => log.warn(facts, words);
  const signer = keyring({
    did: didOf(node.address),
    store: identity.keyFile === undefined ? cluster.keys : fileKeyStore(identity.keyFile),
    clock,
    log,
    follow: signal,
  });
  const peerKeys = httpPeerKeys({ clock, dial });

  const file = headFileOf(configuration);
  const lines = file === undefined ? headText(cluster.heads) : headFile(file);
  const heads = signedHeads({ lines, signer, clock, log: (facts, words) => log.info(facts, words) });
  const store = readiness.keepTrying(
    'store',
    () =>
      openStore({ url: database.url, schema: database.schema, node: node.id, maxConnections: database.connections, heads, log: storeLog }),
    signal,
  );
  const namespace = readiness.keepTrying(
    'temporal',
    () => prepareNamespace({ temporal, namespace: where.namespace, node: node.id, retentionDays: where.retentionDays, log }),
    signal,
  );
  const self = readiness.keepTrying(
    'cluster',
    async () => {
      const clusterId = await cluster.fabric.clusterId();
      await cluster.fabric.prepare();
      return { id: nodeId(node.id), address: node.address, domain: node.domain, clusterId };
    },
    signal,
  );
  const keys = readiness.keepTrying('keys', () => signer.published(), signal);
  // Whoever needs one of them waits for it; a stop before that is nobody's failure.
  for (const part of [store, namespace, self, keys]) part.catch(() => {});
  void store.then((opened) => readiness.watch('database answers', () => opened.ready())).catch(() => {});
  void namespace.then(() => readiness.watch('temporal answers', () => namespaceAnswers(temporal, where.namespace))).catch(() => {});
  void self.then(() => readiness.watch('cluster answers', () => cluster.ready())).catch(() => {});

  return {
    configuration,
    log,
    readiness,
    signal,
    clock,
    temporal,
    processes: temporalProcesses({ temporal, node: node.id, log, timing: configuration.timing }),
    peers: httpPeers({
      clock,
      turns: turnsOf(store),
      dial,
      trust: { ...trustOf(configuration), signer, peerKeys, knownSigners: signersOf(store) },
      log,
    }),
    signer: vouchingAnew(signer, heads, (why) => log.error({ why }, 'the heads of the audit could not be signed by the new key')),
    peerKeys,
    notary: notary({ signer, peerKeys, policy: trustOf(configuration).policy }),
    cluster,
    selling: openSelling({ configuration, fabric: cluster.fabric, readiness, log, signal }),
    store,
    namespace,
    keys,
    self,
    async close() {
      await Promise.allSettled([store.then((opened) => opened.close()), temporal.close()]);
      cluster.close();
    },
  };
}
