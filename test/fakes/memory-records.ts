/** `IntentRecords`, `Candidates` and `KnownNodes` in memory, for tests of what stands in front of them; the suites of the ports run on them too. */
import type { Candidate } from '../../src/domain/candidate.ts';
import { Fault } from '../../src/domain/faults.ts';
import { clusterId } from '../../src/domain/ids.ts';
import { clusterIdsClash } from './cluster-ids.ts';
import type { IntentRecord } from '../../src/domain/status.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Candidates, IntentRecords, KnownNode, KnownNodes } from '../../src/ports/records.ts';

export interface MemoryRecords {
  readonly intents: IntentRecords;
  readonly candidates: Candidates;
  readonly knownNodes: KnownNodes;
}

export function memoryRecords({ clock }: { readonly clock: Clock }): MemoryRecords {
  const intents = new Map<string, IntentRecord>();
  const offers = new Map<string, readonly (Candidate & { readonly seenAt: string })[]>();
  const nodes = new Map<string, KnownNode>();
  const clusters = new Map<string, string>();
  const now = (): string => new Date(clock.now()).toISOString();

  return {
    intents: {
      async save(record) {
        intents.set(record.status.name, record);
      },
      get: async (name) => intents.get(name),
      newest: async (limit) =>
        [...intents.values()]
          .map(({ status }) => status)
          .toSorted((a, b) => b.startedAt - a.startedAt || (a.name < b.name ? -1 : 1))
          .slice(0, limit),
    },
    candidates: {
      async replace(node, candidates) {
        if (nodes.has(node))
          offers.set(node, [...new Map(candidates.map((candidate) => [candidate.flavor.id, { ...candidate, seenAt: now() }])).values()]);
      },
      list: async ({ limit } = {}) =>
        [...offers]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .flatMap(([, found]) => found.toSorted((a, b) => (a.flavor.id < b.flavor.id ? -1 : 1)))
          .slice(0, limit),
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
