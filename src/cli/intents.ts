import type { Command } from 'commander';
import { languageOf } from '../documents/reading.ts';
import { costOf } from '../domain/money.ts';
import { type Cost, inAll } from '../domain/spending.ts';
import type { IntentStatus, ServiceStatus, Used } from '../domain/status.ts';
import { EXIT, CommandFailed } from './client.ts';
import { listCommand } from './lists.ts';
import { costs, facts, hourlyWords, money, span, table } from './printing.ts';
import type { CommandLine } from './program.ts';
import { validateCommand } from './validating.ts';
import { type Journals, type View, exitOf, follow, journalLine } from './watching.ts';

const pathOf = (name: string): string => `/intents/${encodeURIComponent(name)}`;
const where = ({ place, state }: IntentStatus): string =>
  place === undefined || state === 'ended' ? '-' : place.kind === 'local' ? 'home' : `${place.seller} (${place.node})`;

/** `rearguard intent …`. */
export function intentCommands(program: Command, line: CommandLine): void {
  const { output, now, readInput, signal } = line;
  const intent = program.command('intent').description('what you want to run, and what became of it');

  intent
    .command('run')
    .description('starts an intent; again with the same document is success')
    .requiredOption('-f, --file <file>', 'the Intent document, YAML or JSON; - reads standard input')
    .option('-w, --watch', 'follow it, each step as it happens, until it is in use')
    .option('--until <state>', 'with --watch: in-use or ended', 'in-use')
    .action(
      line.run(async (api, asJson, options: { file: string; watch?: boolean; until: string }) => {
        const until = untilOf(options.until);
        const text = await readInput(options.file);
        const type = `application/${languageOf(text)}`;
        const { name, created } = await api.send<{ name: string; created: boolean }>('POST', '/intents', { text, type });
        if (options.watch) {
          if (!asJson) output.out(`intent ${name} ${created ? 'started' : 'lives already'}\n`);
          return await follow({ api, name, until, asJson, output, signal });
        }
        line.tell(
          asJson,
          { name, created },
          () => `intent ${name} ${created ? 'started' : 'lives already'}; see it with: rearguard intent status ${name}\n`,
        );
        return EXIT.ok;
      }),
    );

  validateCommand(intent, line);

  listCommand<IntentStatus>(intent.command('list').description('those that live or are remembered, newest first'), line, {
    path: '/intents',
    head: ['NAME', 'STATE', 'PHASE', 'PLACE', 'COST', 'AGE', 'REASON'],
    row: (status) => [
      status.name,
      status.state,
      status.phase,
      where(status),
      status.state === 'ended' && status.cost ? costs(status.cost) : (hourlyWords(status) ?? '-'),
      span(now() - status.startedAt),
      status.ending?.reason ?? status.waitingFor ?? '',
    ],
  });

  intent
    .command('status <name>')
    .description('where it is, what it waits for, what it costs')
    .option('-w, --watch', 'follow it until it ends')
    .action(
      line.run(async (api, asJson, name: string, options: { watch?: boolean }) => {
        if (options.watch) return await follow({ api, name, until: 'ended', asJson, output, signal });
        const view = await api.get<View>(pathOf(name));
        line.tell(asJson, view, () => statusText(view, now()));
        return exitOf(view.status);
      }),
    );

  intent
    .command('plan <name>')
    .description('the candidates in their order, and why each was or was not taken')
    .action(
      line.run(async (api, asJson, name: string) => {
        const plan = await api.get<View['plan']>(`${pathOf(name)}/plan`);
        line.tell(asJson, plan, () => planText(plan));
        return EXIT.ok;
      }),
    );

  intent
    .command('journal <name>')
    .description('what it and its acquisitions did and undid')
    .action(
      line.run(async (api, asJson, name: string) => {
        const journals = await api.get<Journals>(`${pathOf(name)}/journal`);
        line.tell(asJson, journals, () => {
          const lines = journals.workflows.flatMap(({ workflowId, lines }) => lines.map((entry) => ({ entry, workflowId })));
          const told = lines
            .toSorted((a, b) => a.entry.startedAt - b.entry.startedAt)
            .map(({ entry, workflowId }) => `${new Date(entry.startedAt).toISOString()}  ${journalLine(entry, workflowId)}`);
          return [...told, ...journals.unread.map((id) => `(the journal of ${id} cannot be read at the moment)\n`)].join('');
        });
        return EXIT.ok;
      }),
    );

  intent
    .command('end <name>')
    .description('ends it; everything is given back')
    .option('-w, --watch', 'follow it until everything is given back')
    .action(
      line.run(async (api, asJson, name: string, options: { watch?: boolean }) => {
        await api.send('POST', `${pathOf(name)}/end`);
        if (options.watch) return await follow({ api, name, until: 'ended', asJson, output, signal });
        const { state } = (await api.get<{ readonly status: IntentStatus }>(pathOf(name))).status;
        line.tell(asJson, { name, accepted: true }, () =>
          state === 'ended'
            ? `intent ${name} has ended\n`
            : `intent ${name} is ending; follow it with: rearguard intent status ${name} --watch\n`,
        );
        return EXIT.ok;
      }),
    );

  intent
    .command('retry-teardown <name>')
    .description('tries at once again what could not be undone')
    .action(
      line.run(async (api, asJson, name: string) => {
        const { tried } = await api.send<{ readonly tried: number }>('POST', `${pathOf(name)}/retry-teardown`);
        // Of one that never was nothing is tried either.
        if (tried === 0) await api.get(pathOf(name));
        line.tell(asJson, { name, accepted: true, tried }, () =>
          tried === 0 ? `intent ${name} has ended: nothing is stuck\n` : `trying again what could not be undone of ${name}\n`,
        );
        return EXIT.ok;
      }),
    );
}

function untilOf(text: string): 'in-use' | 'ended' {
  if (text === 'in-use' || text === 'ended') return text;
  throw new CommandFailed(`--until must be in-use or ended, not ${text}`, EXIT.usage);
}

const at = (time: number): string => new Date(time).toISOString();
/** By now, with what goes on. */
const costBy = ({ used = [], cost = [] }: IntentStatus, now: number): readonly Cost[] =>
  inAll([
    ...cost,
    ...used.flatMap(({ hourly, from, until }) =>
      hourly && until === undefined ? [{ amount: costOf(hourly.amount, now - from), currency: hourly.currency }] : [],
    ),
  ]);
/** A place or a service that is over: what, from when until when, at which price and for how much. */
function usedText({ service, namespace, seller, node, contract, hourly, from, until, cost }: Used): readonly [string, string] {
  const where = seller === undefined ? `home, in namespace ${namespace}` : `${seller}${node === undefined ? '' : ` (${node})`}`;
  const words = [
    where,
    ...(contract === undefined ? [] : [`contract ${contract}`]),
    `${at(from)} to ${until === undefined ? 'now' : at(until)}`,
    ...(hourly ? [money(hourly)] : []),
  ].join(', ');
  const total = cost !== undefined && hourly ? `: ${costs([{ amount: cost, currency: hourly.currency }])}` : '';
  return [service === undefined ? 'place was' : `service ${service} was`, words + total];
}

function attemptsText({ attempts, serviceAttempts = 0 }: IntentStatus): string | undefined {
  const words = [...(attempts > 0 ? [`${attempts} at a place`] : []), ...(serviceAttempts > 0 ? [`${serviceAttempts} at services`] : [])];
  return words.length > 0 ? words.join(', ') : undefined;
}

function statusText({ status, plan, source }: View, now: number): string {
  const { ending, endedAt } = status;
  const ended = status.state === 'ended';
  const place = ended ? undefined : status.place;
  const tried = plan.entries.filter(({ verdict }) => verdict === 'held' || verdict === 'trying');
  return facts([
    ['intent', status.name],
    ['state', `${status.state} (${status.phase}, for ${span(now - status.since)})`],
    ['waiting for', status.waitingFor],
    ['place', place === undefined ? undefined : where(status)],
    ['namespace', place?.namespace],
    ['contract', place?.kind === 'remote' ? place.contract : undefined],
    ...(status.services ?? []).map((service): readonly [string, string] => [`service ${service.name}`, serviceText(service)]),
    ...(status.used ?? []).filter(({ until }) => until !== undefined).map(usedText),
    ['cost', ended ? undefined : status.hourly && `${hourlyWords(status)}, ${costs(costBy(status, now))} so far`],
    ['total cost', ended && status.cost ? costs(status.cost) : undefined],
    [
      'candidates',
      plan.entries.length > 0
        ? `${plan.entries.length} seen, ${tried.length} in hand; see: rearguard intent plan ${status.name}`
        : undefined,
    ],
    ...(status.residue ?? []).map((residue): readonly [string, string] => ['left at peer', residue]),
    ['attempts', attemptsText(status)],
    ['started', at(status.startedAt)],
    ['ended', endedAt === undefined ? undefined : at(endedAt)],
    ['reason', ending && `${ending.reason}${ending.detail ? `: ${ending.detail}` : ''}`],
    ['note', source === 'projection' && status.state !== 'ended' ? 'as last written down: its workflow does not answer' : undefined],
  ]);
}

const serviceText = ({ name, state, namespace, contract, seller, hosting }: ServiceStatus): string =>
  [
    state,
    ...(contract && seller ? [`contract ${contract} of ${seller}, hosted by ${hosting}`] : []),
    ...(state === 'held' ? [`Secret ${name} of namespace ${namespace}`] : []),
  ].join('; ');

function planText({ entries, silent }: View['plan']): string {
  const ofServices = entries.some(({ service }) => service !== undefined);
  const rows = entries.map(({ service, rank, flavorId, seller, hourly, latencyMs, verdict, reasons }) => [
    ...(ofServices ? [service ?? 'place'] : []),
    rank === undefined ? '-' : String(rank),
    flavorId,
    seller,
    money(hourly),
    latencyMs === undefined ? '-' : `${latencyMs} ms`,
    verdict,
    reasons.join('; '),
  ]);
  const unheard = silent.map(
    ({ address, code, detail, partly }) => `${address} ${partly ? 'answered in part' : 'did not answer'}: ${code}: ${detail}\n`,
  );
  return table([...(ofServices ? ['FOR'] : []), 'RANK', 'FLAVOR', 'SELLER', 'COST', 'LATENCY', 'VERDICT', 'WHY'], rows) + unheard.join('');
}
