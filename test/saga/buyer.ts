import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type AcquisitionId, type IntentName, acquisitionId, clusterId, contractId, intentName } from '../../src/domain/ids.ts';
import { startForgetfulTemporal } from './forgetful-temporal.ts';
import { lately } from '../fakes/lately.ts';
import { type Stage, openStage } from './stage.ts';
import { type Trade, document, openTrade } from './trade.ts';

const WITHIN = { timeout: 40_000, interval: 50 } as const;

/**
 * South as a buyer whose cases are played one after the other: hooks of the file that calls it open and close the stage, and mend after each case what it broke. `forgetful`: on a
 * Temporal of its own that finds a history long after so many events.
 */
export function playBuyer({ forgetful }: { readonly forgetful?: number } = {}) {
  let opened: Stage | undefined;
  let played: Trade | undefined;
  let last = '{}';
  let temporal: Awaited<ReturnType<typeof startForgetfulTemporal>> | undefined;
  const stage = lately<Stage>(() => opened);
  const trade = lately<Trade>(() => played);
  beforeAll(async () => {
    if (forgetful !== undefined) temporal = await startForgetfulTemporal(forgetful);
    opened = await openStage('south', temporal?.address);
  });
  afterEach(async () => {
    trade.peers.heal();
    trade.fabric.heal();
    trade.cluster.heal();
    trade.hosting.heal();
    letGo();
    await stage.database.clear();
  });
  afterAll(async () => {
    await opened?.close();
    await temporal?.stop();
  });

  /** Ends every call that hangs; the peers' end with their signal. */
  const letGo = (): void => {
    trade.fabric.letGo();
    trade.cluster.letGo();
    trade.hosting.letGo();
  };
  const nothingLeft = async (): Promise<void> => {
    await stage.allOverAndReplayed();
    expect(await trade.leaks()).toEqual([]);
  };
  const end = (name: IntentName): Promise<void> => stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  const over = async (name: IntentName): Promise<void> => {
    await expect(stage.resultOf(name)).resolves.toEqual({ ending: { reason: 'ended-by-user' } });
    await nothingLeft();
  };
  return {
    stage,
    trade,
    /** Another case: everything around the buyer anew, and the workers too where the timing is another one, since they read it once. `change` is put behind the workers instead of what the case would have. */
    async open(
      options: Parameters<typeof openTrade>[1] = {},
      change: (trade: Trade) => Partial<Trade['deps']> = () => ({}),
    ): Promise<void> {
      const timing = JSON.stringify(options.timing ?? {});
      if (timing !== last) await stage.killWorkers();
      last = timing;
      const next = await openTrade(stage.database, options);
      played = { ...next, deps: { ...next.deps, ...change(next) } };
      await stage.play(played.deps);
    },
    async start(name: string, more?: Readonly<Record<string, unknown>>): Promise<IntentName> {
      await stage.node.processes.startIntent({ name: intentName(name), document: document(name, more) });
      return intentName(name);
    },
    /** Where an intent is in use, once it is so at a seller. */
    async boughtPlace(name: IntentName) {
      const { place } = await stage.untilInUse(name);
      if (place?.kind !== 'remote') throw new Error('it runs at home');
      return { ...place, acquisition: acquisitionId(place.acquisition), contract: contractId(place.contract) };
    },
    /** A query may be late on a busy machine; only its answer counts. */
    untilSaid: (name: IntentName, said: object): Promise<void> =>
      expect.poll(() => stage.statusOf(name).catch(() => undefined), WITHIN).toMatchObject(said),
    /** North's cluster is out of reach, and our watch says so of the node there. */
    async loseNorth(acquisition: AcquisitionId): Promise<void> {
      trade.world.setReachable(clusterId('north'), false);
      await stage.node.processes.noticeOfNode(acquisition, false);
    },
    letGo,
    nothingLeft,
    end,
    over,
    async finish(name: IntentName): Promise<void> {
      await end(name);
      await over(name);
    },
  };
}
