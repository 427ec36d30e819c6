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
  try {
    for (const scenario of scenarios) outcomes.push(await play(world, scenario));
    telling.summary(outcomes);
    if (options.report !== undefined) writeReport(options.report, outcomes, await world.versions());
    if (options.keep) await keep(world);
  } finally {
    await world.stop();
  }
  return outcomes.every(({ outcome }) => outcome !== 'failed') ? 0 : 1;
}

/** Says where everything is, until Ctrl-C. */
async function keep(world: World): Promise<void> {
  console.log(`\nTemporal UI   ${world.stack.temporal.uiUrl || world.temporalAddress}`);
  for (const { name, api, place } of world.nodes)
    console.log(`${name.padEnd(13)} API ${api.url}/api/v1   REAR http://${place.rear}   KUBECONFIG=${place.kubeconfig}`);
  console.log('Everything goes on until Ctrl-C.');
  await new Promise<void>((resolve) => {
    const forever = setInterval(() => undefined, 3_600_000);
    process.once('SIGINT', () => {
      clearInterval(forever);
      resolve();
    });
  });
}

process.exitCode = await main();
