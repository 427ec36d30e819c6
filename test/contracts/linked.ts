/** Two linked clusters, real or fake, and what both sides do there in the order of the sagas. */
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { type AcquisitionId, type ClusterId, type ContractId, acquisitionId, contractId } from '../../src/domain/ids.ts';
import type { FaultCode } from '../../src/domain/faults.ts';
import type { Resources } from '../../src/domain/resources.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import type { Fabric, Wait } from '../../src/ports/fabric.ts';
import type { World } from '../../src/ports/world.ts';
import { lately } from '../fakes/lately.ts';

export interface Side {
  readonly id: ClusterId;
  readonly fabric: Fabric;
  readonly cluster: Cluster;
}
/** Two clusters with Liqo that know nothing of each other yet; the buyer has room for a small workload of its own. */
export interface LinkedClusters {
  readonly buyer: Side;
  readonly seller: Side;
  /** Long enough for the real thing on a loaded machine, in milliseconds. */
  readonly timeoutMs: number;
  /** The buyer's shared watch. */
  readonly world: World;
  /** Ends the pods of a Job of the buyer's, where they run. */
  endJob(job: {
    readonly at: 'home' | 'seller';
    readonly namespace: string;
    readonly name: string;
    readonly how: 'Complete' | 'Failed';
  }): Promise<void>;
  /** What a Secret of the buyer's cluster holds, as text; `undefined` when there is none. */
  secretOf(secret: { readonly namespace: string; readonly name: string }): Promise<Readonly<Record<string, string>> | undefined>;
  /** Everything that stands in both, as lines. */
  objects(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export const BOUGHT: Resources = { cpu: '1', memory: '1Gi', pods: '10' };
let attempts = 0;
const run = Date.now().toString(16).padStart(12, '0').slice(-12);
export interface Attempt {
  readonly acquisition: AcquisitionId;
  readonly contract: ContractId;
}
/** Ids that were never used before, as the domain's rules make them. */
export function newAttempt(): Attempt {
  attempts += 1;
  return { acquisition: acquisitionId(`${run}-${attempts}`), contract: contractId(`contract-${run}-${attempts}`) };
}

export const fails = (call: Promise<unknown>, code: FaultCode) => expect(call).rejects.toMatchObject({ name: 'Fault', code });

/** The steps of both sides, so that tests read as the sagas do. */
export function steps(at: LinkedClusters) {
  const { buyer, seller } = at;
  const wait: Wait = { timeoutMs: at.timeoutMs };
  const request = (attempt: Attempt, resources: Resources = BOUGHT, sliceClass: 'rearguard' | 'default' = 'rearguard') =>
    buyer.fabric.requestSlice({ ...attempt, seller: seller.id, resources, sliceClass });
  /** The verdict comes when the copy does: what the seller's shared watch would tell it. */
  const admit = async ({ contract }: Attempt, resources: Resources = BOUGHT): Promise<void> =>
    await whenThere(() => seller.fabric.admitSlice({ buyer: buyer.id, contract, resources }), at.timeoutMs);
  return {
    wait,
    request,
    admit,
    /** Denies until the buyer hears of it: a denial before the copy is there is one of nothing. */
    async deny({ acquisition }: Attempt, denies: () => Promise<void>): Promise<unknown> {
      const heard: unknown[] = [];
      const waiting = buyer.fabric.awaitVirtualNode({ seller: seller.id, acquisition }, wait).catch((why: unknown) => heard.push(why));
      while (heard.length === 0) {
        await denies();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await waiting;
      return heard[0];
    },
    async meet(attempt: Attempt): Promise<{ readonly identityStands: boolean }> {
      await seller.fabric.ensureTenant({ buyer: buyer.id });
      const credentials = await seller.fabric.issueCredentials({ buyer: buyer.id, lifetimeMs: 3 * 86_400_000 });
      const found = await buyer.fabric.storeCredentials({ acquisition: attempt.acquisition, credentials, renewable: true });
      await buyer.fabric.ensureIdentity({ seller: seller.id, acquisition: attempt.acquisition });
      return found;
    },
    async extend(attempt: Attempt): Promise<{ readonly node: string }> {
      await request(attempt);
      await admit(attempt);
      return await buyer.fabric.awaitVirtualNode({ seller: seller.id, acquisition: attempt.acquisition }, wait);
    },
    async withdraw({ acquisition, contract }: Attempt): Promise<void> {
      await buyer.fabric.withdrawSlice({ seller: seller.id, acquisition });
      await buyer.fabric.awaitSliceGone({ seller: seller.id, acquisition }, wait);
      await seller.fabric.removeReplica({ buyer: buyer.id, contract, patienceMs: at.timeoutMs }, wait);
      await buyer.fabric.dropCredentials({ acquisition });
    },
    async part(): Promise<void> {
      await buyer.fabric.removeIdentity({ seller: seller.id }, wait);
      await seller.fabric.removeTenant({ buyer: buyer.id }, wait);
      await buyer.fabric.removeMeetingPlace({ peer: seller.id }, wait);
      await seller.fabric.removeMeetingPlace({ peer: buyer.id }, wait);
    },
  };
}

/** Tries again while no slice is there: hints of a shared watch are not part of this port. */
async function whenThere(work: () => Promise<void>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== 'NOT_FOUND' || Date.now() > deadline) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** Hooks of the suite that calls it start and close them; what stood before it has to be all that stands after each of its rounds. */
export function openLinked<L extends LinkedClusters>(start: () => Promise<L>) {
  let started: L | undefined;
  let before: readonly string[] = [];
  const at = lately(() => started);
  const did = lately(() => started && steps(started));
  beforeAll(async () => {
    started = await start();
    await at.buyer.fabric.prepare();
    await at.seller.fabric.prepare();
    before = await at.objects();
  });
  afterAll(() => started?.close());
  return {
    at,
    did,
    nothingLeft: (): Promise<void> =>
      vi.waitFor(async () => expect(await at.objects()).toEqual(before), { timeout: at.timeoutMs, interval: 200 }),
  };
}
