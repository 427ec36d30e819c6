import { isFault } from '../../domain/faults.ts';
import { type IntentName, intentName, workflowIds } from '../../domain/ids.ts';
import { type ByTime, type Page, type PageOf, isOlder, pageOf } from '../../domain/pages.ts';
import type { IntentStatus } from '../../domain/status.ts';
import type { ApiDeps } from './route.ts';

/** How many living intents are asked for their present status at a time. */
const AT_ONCE = 16;
const PREFIX = workflowIds.intent(intentName(''));

type Deps = Pick<ApiDeps, 'intents' | 'processes'>;
/** An intent of a page; without a status it lives, and nothing is written down of it yet. */
interface Listed {
  readonly name: IntentName;
  readonly place: ByTime;
  readonly status?: IntentStatus;
}

/** A page of what the table keeps, and of those that live and are not in it yet; each that lives as its workflow says, where that answers. Newest first, those of the same moment by name. */
export async function intentPage(of: PageOf<ByTime>, deps: Deps): Promise<Page<IntentStatus, ByTime>> {
  const kept = await deps.intents.page(of);
  const living = await open(deps);
  const rows = kept.items.map((status): Listed => {
    const { name, startedAt } = status;
    return { name: intentName(name), place: [new Date(startedAt).toISOString(), name], status };
  });
  const known = new Set(rows.map(({ name }) => name));
  const isHere = (place: ByTime): boolean =>
    (of.after === undefined || isOlder(place, of.after)) && (kept.next === undefined || !isOlder(place, kept.next));
  const others = living.filter(({ name, place }) => isHere(place) && !known.has(name));
  const saved = others.length > 0 ? await deps.intents.saved(others.map(({ name }) => name)) : new Set<string>();
  const all = [...rows, ...others.filter(({ name }) => !saved.has(name))].toSorted((a, b) => (isOlder(a.place, b.place) ? 1 : -1));
  const { items, next = kept.next } = pageOf(all, of.limit, { item: (each) => each, place: ({ place }) => place });
  const alive = new Set(living.map(({ name }) => name));
  const asked = items.flatMap(({ name }) => (alive.has(name) ? [name] : []));
  const present = await statusOf(asked, deps);
  return { items: items.flatMap(({ name, status }) => present.get(name) ?? status ?? []), ...(next && { next }) };
}

/** Those that live; none where Temporal does not answer. */
async function open({ processes }: Deps): Promise<readonly Listed[]> {
  try {
    return (await processes.open()).flatMap(({ workflowId, startedAt }) => {
      if (!workflowId.startsWith(PREFIX)) return [];
      const name = intentName(workflowId.slice(PREFIX.length));
      return [{ name, place: [startedAt, name] }];
    });
  } catch (error) {
    if (!isFault(error)) throw error;
    return [];
  }
}

/** What workflows say of themselves. Once a whole round is silent nobody else is asked: each that does not answer takes seconds. */
async function statusOf(names: readonly IntentName[], { processes }: Deps): Promise<ReadonlyMap<string, IntentStatus>> {
  const found = new Map<string, IntentStatus>();
  for (let i = 0; i < names.length; i += AT_ONCE) {
    const answers = await Promise.allSettled(names.slice(i, i + AT_ONCE).map((name) => processes.readStatus(name)));
    for (const answer of answers) if (answer.status === 'fulfilled' && answer.value) found.set(answer.value.name, answer.value);
    if (answers.every(({ status }) => status === 'rejected')) break;
  }
  return found;
}
