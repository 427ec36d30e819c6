import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { acquisitionId, clusterId, contractId, workflowIds } from '../../src/domain/ids.ts';
import type { PeeringReport, PeeringUser } from '../../src/domain/peering.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { type Stage, openStage } from './stage.ts';
import { type Trade, openTrade } from './trade.ts';

export const NORTH = clusterId('north');
export const SOUTH = clusterId('south');
export const PEERING = workflowIds.peering(NORTH);
export const WITHIN = { timeout: 40_000, interval: 50 } as const;
type Direction = PeeringUser['direction'];

/** South's peering with north alone, with users who are nobody: what it answers them stands in its history. Hooks of the file that calls it open and close the stage. */
export function playPeering() {
  let stage: Stage;
  let trade: Trade;
  let count = 0;
  beforeAll(async () => {
    stage = await openStage('south');
  });
  afterEach(async () => {
    trade.fabric.heal();
    await stage.database.clear();
  });
  afterAll(() => stage.close());

  const handle = () => stage.node.temporal.client.workflow.getHandle(PEERING);
  /** What the present run answered one user so far. */
  const told = async ({ contract }: PeeringUser): Promise<readonly PeeringReport['state'][]> => {
    const { events } = await handle().fetchHistory();
    return (events ?? []).flatMap(({ markerRecordedEventAttributes: marker }) => {
      const [payload] = marker?.details?.['result']?.payloads ?? [];
      if (!payload) return [];
      // Of the two local activities the one that reads the configuration answers no list.
      const said = defaultPayloadConverter.fromPayload<readonly PeeringReport[] | object>(payload);
      return Array.isArray(said) ? said.filter((report) => report.contract === contract).map((report) => report.state) : [];
    });
  };
  const stands = (): { tenant: boolean; identity: boolean } => {
    const { tenants, identities } = trade.world.cluster(SOUTH);
    return { tenant: tenants.has(NORTH), identity: identities.has(NORTH) };
  };
  return {
    stage: () => stage,
    fabric: () => trade.fabric,
    world: () => trade.world,
    async open(timing: Partial<Timing> = {}): Promise<void> {
      trade = await openTrade(stage.database, { timing });
      await stage.play(trade.deps);
    },
    /** Another contract with the peer; what is bought brings its credentials. */
    async user(direction: Direction): Promise<PeeringUser> {
      const number = ++count;
      const acquisition = acquisitionId(`case-${number}`);
      if (direction === 'bought')
        await trade.fabric.port.storeCredentials({
          acquisition,
          credentials: { clusterId: NORTH, kubeconfig: 'Zm9yIG5vcnRo' },
          renewable: true,
        });
      return {
        contract: contractId(`contract-${number}`),
        direction,
        replyTo: `nobody/${number}`,
        ...(direction === 'bought' && { acquisition }),
      };
    },
    join: (who: PeeringUser): Promise<void> => stage.node.processes.joinPeering(NORTH, who),
    leave: (who: PeeringUser): Promise<void> => stage.node.processes.leavePeering(NORTH, who),
    handle,
    told,
    untilTold: (who: PeeringUser, state: PeeringReport['state']): Promise<void> =>
      expect.poll(async () => (await told(who)).at(-1), WITHIN).toBe(state),
    stands,
    untilStands: (direction: Direction): Promise<void> =>
      expect.poll(() => stands()[direction === 'sold' ? 'tenant' : 'identity'], WITHIN).toBe(true),
    untilStuck: (): Promise<void> =>
      expect.poll(async () => (await stage.node.processes.open()).map(({ stuck }) => stuck), WITHIN).toEqual([true]),
    /** Whoever bought gives its credentials back, as its acquisition does. */
    async nothingLeft(): Promise<void> {
      await stage.allOverAndReplayed();
      for (const acquisition of trade.world.cluster(SOUTH).credentials.keys()) await trade.fabric.port.dropCredentials({ acquisition });
      expect(await trade.leaks()).toEqual([]);
    },
    /** Cancelled in Temporal, by an operator or a script; answers when the workflow knows. */
    async cancel(): Promise<void> {
      await handle().cancel();
      await expect
        .poll(async () => {
          const events = (await handle().fetchHistory()).events ?? [];
          const asked = events.findLastIndex((event) => event.workflowExecutionCancelRequestedEventAttributes);
          return asked >= 0 && events.slice(asked).some((event) => event.workflowTaskCompletedEventAttributes);
        }, WITHIN)
        .toBe(true);
    },
  };
}
