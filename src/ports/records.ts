import type { Candidate } from '../domain/candidate.ts';
import type { ByNames, ByTime, Page, PageOf } from '../domain/pages.ts';
import type { IntentRecord, IntentStatus } from '../domain/status.ts';

/** The `intent` table: a projection that activities write, so that lists and ended intents can be read without their workflows. */
export interface IntentRecords {
  save(record: IntentRecord): Promise<void>;
  get(name: string): Promise<IntentRecord | undefined>;
  /** What a list shows of them: the newest by their start, those of the same moment by name. */
  page(of: PageOf<ByTime>): Promise<Page<IntentStatus, ByTime>>;
  /** Which of these names something was saved under. */
  saved(names: readonly string[]): Promise<ReadonlySet<string>>;
}

/** The Peering Candidates table. */
export interface Candidates {
  /** Replaces what one known node (by its address) offered, in one transaction, so that nobody sees it empty in between. What a node offered is forgotten with it. */
  replace(node: string, candidates: readonly Candidate[]): Promise<void>;
  /** All of them, by node and flavor. */
  list(): Promise<readonly SeenCandidate[]>;
  page(of: PageOf<ByNames>): Promise<Page<SeenCandidate, ByNames>>;
}
export type SeenCandidate = Candidate & { readonly seenAt: string };

/** A node that we ask for flavors. */
export interface KnownNode {
  /** `host:port`; unique. */
  readonly address: string;
  /** Learnt from its own answers. */
  readonly nodeId?: string;
  readonly domain?: string;
  readonly clusterId?: string;
  readonly dialect?: 'fluidos' | 'rearguard';
  /** Where it comes from: the configuration file, or an operator's call. */
  readonly source: 'configuration' | 'operator';
  readonly lastSeenAt?: string;
  readonly lastFault?: string;
  /** When what is stuck was told last that it answers; absent again as soon as it was silent. */
  readonly pokedAt?: string;
}

export interface KnownNodes {
  list(): Promise<readonly KnownNode[]>;
  /** The addresses of those that are known as `https://`. */
  overTls(): Promise<readonly string[]>;
  add(address: string, source: KnownNode['source']): Promise<KnownNode>;
  /** With what it offered. */
  remove(address: string): Promise<boolean>;
  /** Nodes of the configuration become exactly these; what the others offered is forgotten. */
  configure(addresses: readonly string[]): Promise<void>;
  /** What a node said of itself when it was asked. An id belongs to the address that showed it first, until that is forgotten or gives it up. */
  seen(
    address: string,
    facts: {
      /** `null`: it says that it is known at another address, so that no id belongs to this one. */
      readonly nodeId?: string | null;
      readonly domain?: string;
      readonly clusterId?: string;
      readonly dialect?: 'fluidos' | 'rearguard';
      readonly fault?: string;
    },
  ): Promise<void>;
  /** What is stuck was told that this node answers. */
  poked(address: string): Promise<void>;
  /** Binds a Liqo cluster id to a node identity at first sight. BUYER_REFUSED when another node holds it, or when it clashes with a known one. */
  bindCluster(clusterId: string, nodeId: string): Promise<void>;
}
