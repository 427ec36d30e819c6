import { isFault } from '../src/domain/faults.ts';
import { acquisitionId, clusterId, transactionId, workflowIds } from '../src/domain/ids.ts';
import type { OpenProcess } from '../src/ports/processes.ts';
import type { KnownNode } from '../src/ports/records.ts';
import { within } from './deadline.ts';
import type { ActivityDeps } from './deps.ts';
import { type Known, openMending } from './mending.ts';
import { heartbeating } from './waiting.ts';

/** What one comparison found and did. */
export interface Reconciliation {
  readonly mended: readonly string[];
  /** Stuck processes that were told to try again, since their peer answers. */
  readonly poked: readonly string[];
  /** What should be mended and could not be; the next run tries again. */
  readonly failed: readonly string[];
}

type Deps = Pick<
  ActivityDeps,
  | 'contracts'
  | 'inventory'
  | 'chain'
  | 'processes'
  | 'peers'
  | 'knownNodes'
  | 'knownSigners'
  | 'fabric'
  | 'cluster'
  | 'hosting'
  | 'audit'
  | 'self'
  | 'timing'
  | 'clock'
>;

/** How many things are looked at at once. */
const AT_ONCE = 8;
/** Lines of each kind that a history keeps. */
const MOST_LINES = 100;
const ACQUISITION = workflowIds.acquisition(acquisitionId(''));
const SALE = workflowIds.contract(transactionId(''));
const PEERING = workflowIds.peering(clusterId(''));
/** What follows a prefix in the ids of those that have it. */
const idsAfter = (prefix: string, open: readonly OpenProcess[]): readonly string[] =>
  open.flatMap(({ workflowId }) => (workflowId.startsWith(prefix) ? [workflowId.slice(prefix.length)] : []));

const is =
  (peer: string | undefined) =>
  ({ domain, clusterId: cluster }: KnownNode): boolean =>
    peer !== undefined && (peer === domain || peer === cluster);

/**
 * Compares what is written with what runs, what stands in the cluster and who answers. Events are a short cut only: a process that somebody closed by hand, or a node that came
 * back, is found here. One thing that cannot be mended keeps no other waiting.
 */
export const reconcileActivities = (deps: Deps) => {
  const { contracts, inventory, chain, processes, peers, knownNodes, knownSigners, fabric, cluster, hosting, timing, clock } = deps;
  const mending = openMending(deps);
  /** Whether a node answers of which nothing that is stuck was told lately: it may have come back, or its cluster behind it. */
  const isDue = async ({ address, lastFault, pokedAt }: KnownNode): Promise<boolean> => {
    try {
      await within(timing.nodeAnswerMs, peers.at(address).describe({ fresh: true }));
    } catch (error) {
      if (!isFault(error)) throw error;
      if (lastFault === undefined || pokedAt !== undefined) await knownNodes.seen(address, { fault: `${error.code}: ${error.message}` });
      return false;
    }
    if (lastFault !== undefined) await knownNodes.seen(address, {});
    return pokedAt === undefined || clock.now() - Date.parse(pokedAt) >= timing.pokeMs;
  };

  return {
    async reconcile(): Promise<Reconciliation> {
      return await heartbeating(async (signal) => {
        const failed: string[] = [];
        /** Looks at each thing; answers what was done about those that needed it. */
        const each = async <T>(
          things: readonly T[],
          nameOf: (thing: T) => string,
          look: (thing: T) => Promise<string | undefined>,
        ): Promise<readonly string[]> => {
          const did: string[] = [];
          const lookAt = async (thing: T): Promise<void> => {
            try {
              const line = await look(thing);
              if (line !== undefined) did.push(line);
            } catch (error) {
              signal.throwIfAborted();
              const words = error instanceof Error ? error.message.slice(0, 300) : 'unexpected';
              failed.push(`${nameOf(thing)}: ${isFault(error) ? `${error.code}: ` : ''}${words}`);
            }
          };
          for (let at = 0; at < things.length; at += AT_ONCE) await Promise.all(things.slice(at, at + AT_ONCE).map(lookAt));
          return did;
        };

        /** An API server that is away is no reason to leave the rest undone; `undefined` then. */
        const listed = async <T>(what: string, list: () => Promise<readonly T[]>): Promise<readonly T[] | undefined> => {
          let found: readonly T[] | undefined;
          await each(
            [list],
            () => what,
            async () => {
              found = await list();
              return undefined;
            },
          );
          return found;
        };

        const mended: string[] = [];
        const open = await processes.open({ all: true });
        let served: ReturnType<typeof contracts.ofProcesses> | undefined;
        const processesOf = {
          sales: idsAfter(SALE, open).map(transactionId),
          acquisitions: idsAfter(ACQUISITION, open).map(acquisitionId),
        };
        const among: Known = {
          open: new Set(open.map(({ workflowId }) => workflowId)),
          contracts: () => (served ??= contracts.ofProcesses(processesOf)),
          places: await listed('meeting places', fabric.meetingPlaces),
        };
        mended.push(
          ...(await each(
            await contracts.list({ living: true }),
            ({ terms }) => terms.id,
            (contract) => mending.contract(contract, among, signal),
          )),
        );
        const peerings = idsAfter(PEERING, open).map(clusterId);
        mended.push(...(await each(peerings, String, (peer) => mending.peering(peer, among))));
        mended.push(
          ...(await each(
            among.places ?? [],
            ({ peer }) => `meeting place of ${peer}`,
            (place) => mending.place(place, among),
          )),
        );
        mended.push(
          ...(await each(
            (await listed('namespaces of intents', cluster.intentNamespaces)) ?? [],
            ({ namespace }) => `namespace ${namespace}`,
            (space) => mending.namespace(space, signal),
          )),
        );
        mended.push(
          ...(await each(
            (await listed('instances', hosting.instances)) ?? [],
            (contract) => `instance of ${contract}`,
            (contract) => mending.instance(contract, among, signal),
          )),
        );
        mended.push(
          ...(await each(
            (await listed('what is hosted for ourselves', hosting.bought)) ?? [],
            (id) => `what is hosted of acquisition ${id}`,
            (id) => mending.bought(id, among, signal),
          )),
        );
        // What gives back already needs no telling.
        const held = idsAfter(
          ACQUISITION,
          open.filter(({ phase }) => phase !== 'teardown'),
        ).map(acquisitionId);
        mended.push(...(await each(held, (id) => `acquisition ${id}`, mending.acquisition)));

        const stuck = open.filter((process) => process.stuck);
        const nodes = await knownNodes.list();
        const due: KnownNode[] = [];
        await each(
          nodes,
          ({ address }) => address,
          async (node) => {
            if (await isDue(node)) due.push(node);
            return undefined;
          },
        );
        // Whoever deals with somebody that we do not know tries again with the others.
        const concerns = ({ peer }: OpenProcess): boolean => due.some(is(peer)) || (due.length > 0 && !nodes.some(is(peer)));
        const poked = await each(
          stuck.filter(concerns),
          ({ workflowId }) => workflowId,
          async ({ workflowId }) => {
            try {
              await processes.retryTeardown(workflowId);
            } catch (error) {
              if (isFault(error) && error.code === 'NOT_FOUND') return undefined;
              throw error;
            }
            return workflowId;
          },
        );
        if (stuck.length > 0) for (const { address } of due) await knownNodes.poked(address);
        // Before anything is forgotten: a reservation of a living sale that was written over may look old.
        await each(
          [inventory],
          () => 'the ledger',
          async () => {
            const counted = await inventory.recount();
            mended.push(...counted.mended);
            failed.push(...counted.failed);
            return undefined;
          },
        );
        await each(
          [inventory],
          () => 'pruning',
          async () => {
            const { holds, clusters } = await inventory.prune();
            const nodes = await knownSigners.prune();
            if (holds + clusters + nodes > 0)
              mended.push(
                `forgot ${holds} old reservations, ${clusters} cluster ids that never bought and ${nodes} nodes that nobody dealt with`,
              );
            return undefined;
          },
        );
        await each(
          [chain],
          () => 'the audit',
          async () => {
            const { broken } = await chain.seal();
            if (broken !== undefined) failed.push(`the audit was tampered with: ${broken}`);
            return undefined;
          },
        );
        const short = (lines: readonly string[]): readonly string[] => lines.slice(0, MOST_LINES);
        return { mended: short(mended), poked: short(poked), failed: short(failed) };
      });
    },
  };
};
