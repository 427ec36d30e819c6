/** A seller that sells honestly, and hands out a kubeconfig that would do harm: asked and answered on the wire, with the activities that buy and the looks of a real cluster. We keep nothing, sign nothing, and end what it sold. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buyingActivities } from '../../activities/buying.ts';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { kubernetesFabric } from '../../src/adapters/kubernetes/fabric.ts';
import type { PeeringCredentials } from '../../src/domain/contract.ts';
import { isFault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, contractOf, credentialsSecret } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { termsOf } from '../contracts/samples.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { HOSTILE_KUBECONFIGS, sentKubeconfig } from '../fakes/kubeconfigs.ts';
import { memoryProcesses } from '../fakes/memory-processes.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { openSigningNodes, PART, type SigningNodes } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });
const CLUSTER = clusterId('hostile-1');
const acquisition = acquisitionId('0123456789ab-1');
const ending = { reason: 'failed' } as const;
/** What a seller that means no harm hands out of its cluster. */
const HONEST: PeeringCredentials = { clusterId: CLUSTER, kubeconfig: sentKubeconfig() };

let nodes: SigningNodes;
beforeEach(async () => {
  nodes = await openSigningNodes();
});
afterEach(() => nodes.close());

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

/** South holds a slice of a seller that hands out these credentials. */
async function reserved(credentials: PeeringCredentials) {
  const { clock, south } = nodes;
  const seller = await nodes.open('hostile', {}, { fabric: { issueCredentials: async () => credentials } });
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
  const run = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> => new MockActivityEnvironment().run(activity, input);
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
      const { state, ending: how, agreement } = (await seller.memory.contracts.get(contract)) ?? {};
      return { state, ending: how, signatures: agreement?.signatures.length, living: seller.memory.living().length };
    },
  };
}

test('what an honest one hands out is kept and its contract signed, until that is given up', async () => {
  const { buys, givesUp, kept, told, held, sold, contract } = await reserved(HONEST);
  expect(await buys()).toMatchObject({ contract, sellerCluster: CLUSTER });
  expect([kept(), await told(), (await held()).length]).toEqual([[credentialsSecret(acquisition)], [], 1]);
  expect(await sold()).toEqual({ state: 'active', ending: undefined, signatures: 2, living: 1 });
  expect(await givesUp()).toEqual({ residue: false });
  expect([kept(), await held()]).toEqual([[], []]);
  expect(await sold()).toEqual({ state: 'over', ending, signatures: 2, living: 0 });
});

test.each(HOSTILE_KUBECONFIGS)(
  'what was sold with %s in its kubeconfig is refused, told of, not signed, and ended on both sides',
  async (_, kubeconfig, words) => {
    const { buys, givesUp, kept, written, asked, told, held, ended, sold, contract } = await reserved({ clusterId: CLUSTER, kubeconfig });
    const refused = await buys().then(
      () => 'bought',
      (error: unknown) => (isFault(error) ? [error.code, error.message, error.facts['unsold']] : error),
    );
    expect(refused).toEqual(['KUBECONFIG_REFUSED', expect.stringMatching(words), undefined]);
    expect(await told()).toEqual([['peer-lied', 'hostile-node', contract, 'KUBECONFIG_REFUSED']]);
    expect([kept(), written, asked]).toEqual([[], [], []]);
    expect(await sold()).toEqual({ state: 'active', ending: undefined, signatures: 1, living: 1 });
    // Its compensation may run again, after an answer that was lost.
    for (let n = 0; n < 2; n += 1) expect(await givesUp()).toEqual({ residue: false });
    expect([kept(), written, await held(), await ended()]).toEqual([[], [], [], ending]);
    expect(await sold()).toEqual({ state: 'over', ending, signatures: 1, living: 0 });
  },
);

test('one that names a contract of ours with somebody else is told of under none, and that contract lives on', async () => {
  const { contracts, buys, givesUp, kept, told, held, sold, contract } = await reserved(HONEST);
  await contracts.storeBought({ terms: termsOf({ id: contract }), acquisition: acquisitionId('ba9876543210-1') });
  await expect(buys()).rejects.toMatchObject({ code: 'PEER_LIED', message: expect.stringContaining('another contract of ours') as string });
  expect(await told()).toEqual([['peer-lied', 'hostile-node', undefined, 'PEER_LIED']]);
  expect(await givesUp()).toEqual({ residue: false });
  expect([kept(), (await held()).map(({ terms }) => terms.seller.id)]).toEqual([[], ['north']]);
  expect(await sold()).toMatchObject({ state: 'over', signatures: 1, living: 0 });
});
