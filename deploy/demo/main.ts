// npm run demo -- [options]: see options.ts
import { LISTENING } from '../playground/stack.ts';
import { foreseen } from './foreseen.ts';
import { type Voice, endAtSignals } from './interruption.ts';
import { HELP, type Options, readOptions } from './options.ts';
import { play } from './play.ts';
import { type Outcome, writeReport } from './report-file.ts';
import { chosen } from './scenarios/all.ts';
import { openTelling } from './telling.ts';
import { type World, startWorld } from './world.ts';

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  let scenarios: ReturnType<typeof chosen>;
  try {
    options = readOptions(args);
    scenarios = chosen(options.only);
  } catch (error) {
    console.error(`${wordsOf(error)}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const why = foreseen(options);
  if (why !== undefined) {
    console.error(why);
    return 2;
  }
  let kept = false;
  const voice = endAtSignals(() => {
    if (kept) return 'the demo is over, and what runs goes on.';
    return options.contexts
      ? 'what was started here is ended; what was begun on your clusters stays there.'
      : 'everything that was started is ended.';
  });
  try {
    const outcomes = await show(options, scenarios, voice, () => {
      kept = true;
    });
    return outcomes.every(({ outcome }) => outcome !== 'failed') ? 0 : 1;
  } catch (error) {
    voice.err(`${wordsOf(error)}\n`);
    return 1;
  }
}

async function show(
  { contexts, report, keep }: Options,
  scenarios: ReturnType<typeof chosen>,
  voice: Voice,
  onKept: () => void,
): Promise<readonly Outcome[]> {
  const telling = openTelling({ isTTY: process.stdout.isTTY, columns: process.stdout.columns, write: voice.out });
  const [count, sellers] = contexts?.providers.length === 1 ? ['Two', 'north sells'] : ['Three', 'north and west sell'];
  telling.title('-', `${count} nodes are started: south buys, ${sellers}`);
  if (!contexts) telling.say(LISTENING);
  const world = await startWorld({ telling, contexts });
  const outcomes: Outcome[] = [];
  let kept = false;
  try {
    for (const scenario of scenarios) outcomes.push(await play(world, scenario));
    telling.summary(outcomes);
    if (report !== undefined) writeReport(report, outcomes, await world.versions());
    if (keep) {
      tellWhere(world, voice);
      await world.leave();
      kept = true;
      onKept();
    }
  } finally {
    if (!kept) await world.stop();
  }
  return outcomes;
}

function tellWhere({ stack, temporalAddress, nodes, buyer }: World, { out }: Voice): void {
  out(`\nTemporal      ${temporalAddress}${stack.temporal.uiUrl === '' ? '' : `   UI ${stack.temporal.uiUrl}`}\n`);
  for (const { name, api, place } of nodes)
    out(`${name.padEnd(13)} API ${api.url}   REAR http://${place.rear}   KUBECONFIG=${place.kubeconfig}\n`);
  out(`To ask ${buyer.name} for something: export REARGUARD_API=${buyer.api.url}\n`);
  out(`Everything goes on. To end it: REARGUARD_STATE=${stack.stateDir} npm run playground -- down\n`);
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

process.exitCode = await main(process.argv.slice(2));
