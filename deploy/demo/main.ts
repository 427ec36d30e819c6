// npm run demo -- [options]: see options.ts
import { HELP, type Options, readOptions } from './options.ts';
import { play } from './play.ts';
import { type Outcome, writeReport } from './report-file.ts';
import { chosen } from './scenarios/all.ts';
import { openTelling } from './telling.ts';
import { type World, startWorld } from './world.ts';

async function main(): Promise<number> {
  let options: Options;
  let scenarios: ReturnType<typeof chosen>;
  try {
    options = readOptions(process.argv.slice(2));
    scenarios = chosen(options.only);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const telling = openTelling(process.stdout);
  telling.title('-', 'Three nodes are started: south buys, north and west sell');
  const world = await startWorld({ telling, contexts: options.contexts });
  const outcomes: Outcome[] = [];
  let kept = false;
  try {
    for (const scenario of scenarios) outcomes.push(await play(world, scenario));
    telling.summary(outcomes);
    if (options.report !== undefined) writeReport(options.report, outcomes, await world.versions());
    if (options.keep) {
      tellWhere(world);
      await world.leave();
      kept = true;
    }
  } finally {
    if (!kept) await world.stop();
  }
  return outcomes.every(({ outcome }) => outcome !== 'failed') ? 0 : 1;
}

function tellWhere({ stack, temporalAddress, nodes }: World): void {
  console.log(`\nTemporal UI   ${stack.temporal.uiUrl || temporalAddress}`);
  for (const { name, api, place } of nodes) {
    console.log(`${name.padEnd(13)} API ${api.url}/api/v1   REAR http://${place.rear}   KUBECONFIG=${place.kubeconfig}`);
  }
  console.log(`Everything goes on. To end it: REARGUARD_STATE=${stack.stateDir} npm run playground -- down`);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
