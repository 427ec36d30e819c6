/** South as a buyer on the wire, with the activities that buy and the looks of a real cluster, and one seller that signs what it is told to. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { buyingActivities } from '../../activities/buying.ts';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { kubernetesFabric } from '../../src/adapters/kubernetes/fabric.ts';
import type { ContractTerms, PeeringCredentials } from '../../src/domain/contract.ts';
import { acquisitionId, clusterId, contractOf } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { sentKubeconfig } from '../fakes/kubeconfigs.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { memoryProcesses } from '../fakes/memory-processes.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { PART, type SigningNodes } from '../fakes/signing-nodes.ts';

const CLUSTER = clusterId('hostile-1');
export const acquisition = acquisitionId('0123456789ab-1');
export const ending = { reason: 'failed' } as const;
/** What a seller that means no harm hands out of its cluster. */
export const HONEST: PeeringCredentials = { clusterId: CLUSTER, kubeconfig: sentKubeconfig() };

/** What our cluster holds by now, and everything that was ever written to it. */
function cluster() {
  const kept = new Map<string, Manifest>();
  const written: string[] = [];
  const api = {
    get: async (_: unknown, { name }: { name: string }) => kept.get(name),
    async apply(manifest: Manifest) {
      written.push(manifest.metadata.name);
      kept.set(manifest.metadata.name, manifest);
    },
    remove: async (_: unknown, { name }: { name: string }) => void kept.delete(name),
  } as unknown as Api;
  const rules = { loopback: false, resolve: async () => [] };
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
  return { fabric: kubernetesFabric({ api, clusterId: async () => clusterId('south-1'), rules, log }), kept, written };
}

/** South holds a slice of a seller that hands out these credentials, and answers PURCHASE with what it makes of the terms that it sold, signed as it says them. */
export async function reserved(
  nodes: SigningNodes,
  {
    credentials = HONEST,
    says,
  }: { readonly credentials?: PeeringCredentials; readonly says?: (sold: ContractTerms) => ContractTerms } = {},
) {
  const { clock, south } = nodes;
  const seller = await nodes.open('hostile', {}, { fabric: { issueCredentials: async () => credentials } });
  const sellers = seller.memory.contracts;
  if (says) {
    const soldOf = sellers.ofTransaction.bind(sellers);
    Object.assign(sellers, {
      async ofTransaction(...asked: Parameters<typeof soldOf>) {
        const sold = await soldOf(...asked);
        if (sold?.agreement === undefined) return sold;
        const terms = says(sold.terms);
        return { ...sold, terms, agreement: await seller.notary().sign(terms) };
      },
    });
  }
  const { audit } = memoryAudit({ clock });
  const { contracts } = memoryInventory({ clock });
  const { processes, asked } = memoryProcesses({ clock });
  const { fabric, kept, written } = cluster();
  const peers = nodes.peersOf(south);
  const { address } = seller.identity;
  const activities = buyingActivities({
    audit,
    contracts,
    clock,
    peers,
    fabric,
    processes,
    knownNodes: memoryRecords({ clock }).knownNodes,
    notary: south.notary(),
    self: south.identity,
    timing: DEFAULT_TIMING,
  });
  const run = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> =>
    new MockActivityEnvironment({ startToCloseTimeoutMs: 15_000 }).run(activity, input);
  const [flavor] = (await peers.at(address).listFlavors()).flavors;
  if (!flavor) throw new Error('nothing on sale');
  const candidate = { flavor, seller: seller.identity, dialect: 'rearguard', part: PART, rating: 0.5 } as const;
  const { transaction } = await run(activities.reserve, { acquisition, candidate });
  const contract = contractOf(transaction);
  return {
    contract,
    contracts,
    buys: () => run(activities.buy, { acquisition, candidate, transaction, replyTo: 'acquisition/1' }),
    givesUp: () => run(activities.giveUp, { acquisition, seller: address, ending }),
    kept: () => [...kept.keys()],
    written,
    /** What its workflows were asked for. */
    asked,
    told: async () => (await audit.page({ limit: 9 })).items.map(({ kind, peer, contract: of, facts }) => [kind, peer, of, facts['code']]),
    held: async () => await contracts.list({ living: true }),
    ended: async () => (await contracts.get(contract))?.ending,
    sold: async () => {
      const { state, ending: how, agreement } = (await sellers.get(contract)) ?? {};
      return { state, ending: how, signatures: agreement?.signatures.length, living: seller.memory.living().length };
    },
  };
}
