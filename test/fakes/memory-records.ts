/** `IntentRecords`, `Candidates` and `KnownNodes` in memory, for tests of what stands in front of them; the suites of the ports run on them too. */
import { Fault } from '../../src/domain/faults.ts';
import { clusterId } from '../../src/domain/ids.ts';
import { clusterIdsClash } from './cluster-ids.ts';
import { type ByNames, type ByTime, isBehind, isOlder, pageIn } from '../../src/domain/pages.ts';
import type { IntentRecord, IntentStatus } from '../../src/domain/status.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Candidates, IntentRecords, KnownNode, KnownNodes, SeenCandidate } from '../../src/ports/records.ts';

export interface MemoryRecords {
  readonly intents: IntentRecords;
  readonly candidates: Candidates;
  readonly knownNodes: KnownNodes;
}

export function memoryRecords({ clock }: { readonly clock: Clock }): MemoryRecords {
  const intents = new Map<string, IntentRecord>();
  const offers = new Map<string, readonly SeenCandidate[]>();
  const nodes = new Map<string, KnownNode>();
  const clusters = new Map<string, string>();
  const now = (): string => new Date(clock.now()).toISOString();

  const offered = () =>
    [...offers]
      .flatMap(([node, found]) => found.map((candidate) => ({ candidate, place: [node, candidate.flavor.id] satisfies ByNames })))
      .toSorted((a, b) => (isBehind(a.place, b.place) ? 1 : -1));

  return {
    intents: {
      async save(record) {
        intents.set(record.status.name, record);
      },
      get: async (name) => intents.get(name),
      async page(of) {
        const place = ({ startedAt, name }: IntentStatus): ByTime => [new Date(startedAt).toISOString(), name];
        const all = [...intents.values()].map(({ status }) => status);
        const sorted = all.toSorted((a, b) => (isOlder(place(a), place(b)) ? 1 : -1));
        return pageIn(sorted, of, { place, isAfter: isOlder });
      },
      saved: async (names) => new Set(names.filter((name) => intents.has(name))),
    },
    candidates: {
      async replace(node, candidates) {
        if (nodes.has(node))
          offers.set(node, [...new Map(candidates.map((candidate) => [candidate.flavor.id, { ...candidate, seenAt: now() }])).values()]);
      },
      list: async () => offered().map(({ candidate }) => candidate),
      async page(of) {
        const { items, ...rest } = pageIn(offered(), of, { place: ({ place }) => place, isAfter: isBehind });
        return { items: items.map(({ candidate }) => candidate), ...rest };
      },
    },
    knownNodes: {
      list: async () => [...nodes.values()].toSorted((a, b) => (a.address < b.address ? -1 : 1)),
      overTls: async () => [...nodes.keys()].filter((address) => address.startsWith('https://')),
      async add(address, source) {
        const node = nodes.get(address) ?? { address, source };
        nodes.set(address, node);
        return node;
      },
      async remove(address) {
        offers.delete(address);
        return nodes.delete(address);
      },
      async configure(addresses) {
        for (const [address, { source }] of nodes) {
          if (source !== 'configuration' || addresses.includes(address)) continue;
          nodes.delete(address);
          offers.delete(address);
        }
        for (const address of addresses) nodes.set(address, { ...nodes.get(address), address, source: 'configuration' });
      },
      async seen(address, { fault, ...said }) {
        const node = nodes.get(address);
        if (!node) return;
        const { nodeId, ...facts } = said;
        const { nodeId: had, ...unnamed } = node;
        const taken = [...nodes.values()].some((other) => other.address !== address && other.nodeId === nodeId);
        const id = nodeId === null ? undefined : taken ? had : (nodeId ?? had);
        const named = { ...unnamed, ...(id !== undefined && { nodeId: id }) };
        const { lastFault: _, ...healthy } = named;
        const { pokedAt: __, ...silent } = named;
        nodes.set(address, fault === undefined ? { ...healthy, ...facts, lastSeenAt: now() } : { ...silent, lastFault: fault });
      },
      async poked(address) {
        const node = nodes.get(address);
        if (node) nodes.set(address, { ...node, pokedAt: now() });
      },
      async bindCluster(id, nodeId) {
        for (const [other, holder] of clusters) {
          const taken = other === id && holder !== nodeId;
          if (taken || clusterIdsClash(clusterId(id), clusterId(other)))
            throw new Fault('BUYER_REFUSED', `cluster id ${id} clashes with ${other}`);
        }
        clusters.set(id, nodeId);
      },
    },
  };
}
