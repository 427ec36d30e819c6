import { awaitNoLeaks, inspect } from './leak-report.ts';
import { type Outcome, stepsOf } from './report-file.ts';
import type { Scenario } from './scenarios/scenario.ts';
import type { World } from './world.ts';

/** How long everything may take to be given back after a scenario, in seconds: Liqo's own waits are 10 s each, its watches back off for up to 75 s. */
const GIVEN_BACK = 150;

/** Why a scenario cannot be played here; undefined when it can. */
function leftOut({ killsClusters, sellers }: Scenario, world: World): string | undefined {
  if (killsClusters && !world.embedded) return 'it kills a whole cluster, which is not done to one of your own';
  return world.sellers.length < sellers ? `it needs ${sellers} sellers` : undefined;
}

/** Plays one scenario between two looks at everything there is. */
export async function play(world: World, scenario: Scenario): Promise<Outcome> {
  const { telling, following } = world;
  const { key, name, title } = scenario;
  const began = Date.now();
  telling.title(key, title);
  const why = leftOut(scenario, world);
  const notes: string[] = [];
  if (why !== undefined) return told(world, { key, name, outcome: 'left-out', detail: why, notes, milliseconds: 0, steps: [], leaks: [] });
  following.forget();
  let detail: string | undefined;
  let leaks: readonly string[] = [];
  try {
    const before = await inspect(world.nodes);
    try {
      await scenario.run(world, (words) => notes.push(words));
    } catch (error) {
      detail = wordsOf(error);
      telling.say(`not as told: ${detail}`);
      await cleanUp(world);
    }
    leaks = await awaitNoLeaks(world.nodes, before, GIVEN_BACK);
    telling.leaks(leaks);
  } catch (error) {
    detail ??= wordsOf(error);
  }
  if (detail === undefined && leaks.length > 0) detail = `${leaks.length} things are left`;
  if (leaks.length === 0) await following.complete(20);
  const steps = stepsOf(following.all());
  const outcome = detail === undefined ? ('fulfilled' as const) : ('failed' as const);
  return told(world, {
    key,
    name,
    outcome,
    ...(detail !== undefined && { detail }),
    notes,
    milliseconds: Date.now() - began,
    steps,
    leaks,
  });
}

function told({ telling }: World, outcome: Outcome): Outcome {
  telling.outcome(outcome);
  return outcome;
}

/** After a scenario that broke off, for the sake of the next one: everything runs again, and every intent is ended. */
async function cleanUp(world: World): Promise<void> {
  for (const node of world.nodes) {
    const pids = world.stack.guardian.pids();
    const runs = (key: string): boolean => pids[key] !== undefined;
    try {
      if (world.embedded && !runs(`${node.name}/kubernetes`)) {
        await node.processes.kill();
        await node.startWhole();
      }
      for (const process of ['serve', 'work'] as const) {
        if (world.stack.guardian.pids()[`rearguard/${node.name}-${process}`] === undefined) await node.processes.start(process);
        else node.processes.thaw(process);
      }
    } catch (error) {
      world.telling.say(`${node.name}: ${wordsOf(error)}`);
    }
  }
  const open = world.following.all().filter(({ workflowId, open }) => open && workflowId.startsWith('intent/'));
  for (const { workflowId } of open) {
    await world.buyer.api.endIntent(workflowId.slice('intent/'.length)).catch((error: unknown) => world.telling.say(wordsOf(error)));
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
