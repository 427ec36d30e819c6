import {
  intentName,
  intentNamespace,
  remoteNamespace,
  sliceName,
  workflowIds,
  type AcquisitionId,
  type ClusterId,
} from '../../../src/domain/ids.ts';
import type { JournalEntry } from '../../../src/domain/journal.ts';
import { verifyAgreement } from '../../../src/rear/agreement.ts';
import { DID_DOCUMENT } from '../../../src/rear/did.ts';
import { allKnown, knownByDocument, type KnownKeys } from '../../../src/rear/known-keys.ts';
import type { IntentStatus, Place } from '../../../src/domain/status.ts';
import { SLICES, liqoOf, podsOf } from '../cluster.ts';
import type { Followed } from '../following.ts';
import { type Wish, intentDocument } from '../intents.ts';
import type { DemoNode, World } from '../world.ts';
import { expect } from './scenario.ts';

/** What the scenarios are made of: a user's acts, and what a bystander then waits to see. Seconds throughout. */

type Remote = Extract<Place, { kind: 'remote' }>;
const IN_USE = 120;
const ENDED = 120;
const POD = 30;
const SEEN = 10;
const DID_MS = 10_000;

/** How Liqo calls a node's cluster; an embedded one is called as its node. */
export const clusterOf = async ({ cluster, name }: DemoNode): Promise<ClusterId> =>
  ((await liqoOf(cluster))?.clusterId ?? name) as ClusterId;

export const intentOf = ({ following, buyer }: World, name: string): Followed | undefined =>
  following.latest(buyer.name, workflowIds.intent(intentName(name)));

/** What an intent asks for, in words. */
export const askedFor = ({ cpu, memory, services = [] }: Wish): string =>
  [`${cpu} CPU and ${memory}`, ...services.map(({ name, category }) => `a service ${name} of category ${category}`)].join(', ');

/** The buyer asks. */
export async function ask(world: World, wish: Wish): Promise<void> {
  world.telling.act(`${world.buyer.name} asks for ${askedFor(wish)}: intent ${wish.name}`);
  await world.buyer.api.createIntent(intentDocument({ ...wish, remote: wish.remote ?? !world.embedded }));
  world.following.follow(world.buyer.name, workflowIds.intent(intentName(wish.name)));
}

const shown = (followed: Followed | undefined): string => {
  const { status } = followed ?? {};
  const steps = followed?.journal.slice(-2).map(({ step, outcome, detail }) => `${step} ${outcome}${detail ? ` (${detail})` : ''}`);
  return status
    ? `${status.phase}, ${status.state}${status.waitingFor ? `, waits for ${status.waitingFor}` : ''}${status.ending ? `, ${status.ending.reason} ${status.ending.detail ?? ''}` : ''}; ${steps?.join(', ')}`
    : 'nothing';
};

/** Until the intent's status is as wanted; one that is over before that never will be. */
export const untilIntent = <T>(
  world: World,
  name: string,
  what: string,
  seconds: number,
  wanted: (status: IntentStatus) => T | undefined,
): Promise<T> =>
  world.following.until(
    `intent ${name}: ${what}`,
    seconds,
    () => {
      const intent = intentOf(world, name);
      const found = intent?.status && wanted(intent.status);
      if (found === undefined && intent && !intent.open) throw new Error(`intent ${name} is over before ${what}: ${shown(intent)}`);
      return found;
    },
    () => shown(intentOf(world, name)),
  );

/** Until it runs on a seller's cluster (that one, when named), as the intent says. */
export async function untilBought(world: World, name: string, seller?: DemoNode): Promise<Remote> {
  const place = await untilIntent(world, name, 'in use at a seller', IN_USE, ({ state, place }) =>
    state === 'in-use' && place?.kind === 'remote' && (seller === undefined || place.seller === `${seller.name}.example`)
      ? place
      : undefined,
  );
  world.telling.plan(intentOf(world, name)?.plan ?? []);
  return place;
}

/** What a node's own DID document shows. */
async function keysOf({ place }: DemoNode): Promise<KnownKeys> {
  const answer = await fetch(`http://${place.rear}${DID_DOCUMENT}`, { signal: AbortSignal.timeout(DID_MS) });
  return await knownByDocument(await answer.json());
}

/** Buyer and seller keep one document, and both signed it, by keys that each node itself says are its own. */
export async function bothSigned(world: World, contract: string, seller: DemoNode): Promise<void> {
  const [bought, sold] = await Promise.all([world.buyer, seller].map(({ api }) => api.contract(contract)));
  const known = allKnown(await Promise.all([world.buyer, seller].map(keysOf)));
  const { document, findings, notVouchedFor } = await verifyAgreement(bought?.agreement, Date.now(), known);
  const wrong = [...findings.map(({ words }) => words), ...notVouchedFor.map((party) => `the key of its ${party} is not known`)];
  expect(document?.contract === contract && wrong.length === 0, `the contract is not proven: ${wrong.join('; ')}`);
  expect(JSON.stringify(bought?.agreement) === JSON.stringify(sold?.agreement), 'buyer and seller keep different contracts');
  world.telling.say(
    `${contract} is signed by ${world.buyer.name} and ${seller.name}: both keep the same document, proven by the keys that each of them publishes`,
  );
}

/** Under a contract that both signed the pod is Running on the virtual node at home, and is read as Running at the seller: a home that says so alone proves nothing. */
export async function untilPodRuns(world: World, name: string, place: Remote, seller: DemoNode): Promise<void> {
  await bothSigned(world, place.contract, seller);
  const namespace = intentNamespace(intentName(name));
  const virtual = sliceName(place.acquisition as AcquisitionId);
  const away = remoteNamespace(namespace, await clusterOf(world.buyer));
  await Promise.all([
    world.buyer.cluster.awaitEvent(
      `a pod of ${name} on ${virtual}`,
      podsOf(namespace),
      POD,
      ({ type, object }) => type !== 'DELETED' && object.status?.phase === 'Running' && object.spec?.nodeName === virtual,
    ),
    seller.cluster.awaitEvent(
      `a pod of ${name} at ${seller.name}`,
      podsOf(away),
      POD,
      ({ type, object }) => type !== 'DELETED' && object.status?.phase === 'Running',
    ),
  ]);
  world.telling.say(`${world.buyer.name}: pod Running on virtual node ${virtual}; ${seller.name}: the same pod Running in ${away}`);
}

/** Where an intent's pods run at a seller. */
export const podsAway = async (world: World, name: string): Promise<string> =>
  podsOf(remoteNamespace(intentNamespace(intentName(name)), await clusterOf(world.buyer)));

export async function end(world: World, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    world.telling.act(`${world.buyer.name} ends intent ${name}`);
    await world.buyer.api.endIntent(name);
  }
  for (const name of names) await untilOver(world, name);
}

export const untilOver = (world: World, name: string): Promise<IntentStatus> =>
  world.following.until(
    `intent ${name}: over`,
    ENDED,
    () => {
      const intent = intentOf(world, name);
      return intent && !intent.open ? intent.status : undefined;
    },
    () => shown(intentOf(world, name)),
  );

/** The acquisitions of an intent in the order of their start, as far as they were seen; of one that a scenario before has ended the end may not have been read yet. */
export const acquisitions = ({ following, buyer }: World, intent: string): readonly Followed[] =>
  following
    .all()
    .filter((each) => each.node === buyer.name && each.workflowId.startsWith('acquisition/') && each.intent === intent)
    .toSorted((a, b) => (a.journal[0]?.startedAt ?? 0) - (b.journal[0]?.startedAt ?? 0));

export const stepOf = (
  followed: Followed | undefined,
  step: string,
  direction: JournalEntry['direction'] = 'do',
): JournalEntry | undefined => followed?.journal.filter((entry) => entry.step === step && entry.direction === direction).at(-1);

/** The only acquisition of an intent that holds what it bought, however late it is seen. */
export const onlyAcquisition = async (world: World, intent: string): Promise<Followed> => {
  const first = await world.following.until(`an acquisition of ${intent}`, SEEN, () => acquisitions(world, intent)[0]);
  const all = acquisitions(world, intent);
  expect(all.length === 1, `it took more than one attempt: ${all.map(shown).join(' | ')}`);
  return first;
};

/** Until the n-th acquisition of an intent (from 0) has done, or failed, a step. */
export const untilStep = (
  world: World,
  { intent, attempt: index }: { readonly intent: string; readonly attempt: number },
  step: string,
  outcome: 'done' | 'failed',
  seconds: number,
): Promise<JournalEntry> =>
  world.following.until(
    `step ${step} ${outcome} of acquisition ${index + 1}`,
    seconds,
    () => {
      const entry = stepOf(acquisitions(world, intent)[index], step);
      return entry?.outcome === outcome ? entry : undefined;
    },
    () => shown(acquisitions(world, intent)[index]) || 'nothing',
  );

export const untilClosed = (world: World, workflow: Followed, seconds: number): Promise<Followed> =>
  world.following.until(
    `the end of ${workflow.workflowId}`,
    seconds,
    () => {
      const now = world.following.latest(workflow.node, workflow.workflowId);
      return now && !now.open ? now : undefined;
    },
    () =>
      (world.following.latest(workflow.node, workflow.workflowId)?.journal ?? [])
        .slice(-2)
        .map(({ step, outcome, detail }) => `${step} ${outcome} ${detail ?? ''}`)
        .join(', '),
  );

/**
 * The middle of peering: the instant in which the buyer's ResourceSlice appears in that node's cluster (at the seller: Liqo's copy of it), and so before the seller has
 * given it its verdict and long before a virtual node is Ready. Call it before the intent is asked for; it answers when the slice is seen.
 */
export const peeringBegins = ({ cluster, name }: DemoNode): Promise<unknown> =>
  cluster.awaitEvent(`the buyer's ResourceSlice at ${name}`, SLICES, 90, ({ type }) => type === 'ADDED');

/** The promise of (c): from the end of one seller to the contract with the next one, at most 30 s. */
export async function untilNextSells(
  world: World,
  { intent, gone, since, next, note }: { intent: string; gone: DemoNode; since: number; next: DemoNode; note: (words: string) => void },
): Promise<void> {
  const bought = await untilStep(world, { intent, attempt: 1 }, 'buy', 'done', 60);
  const seconds = ((bought.endedAt ?? Date.now()) - since) / 1000;
  const words = `${next.name}, the next seller, sold ${seconds.toFixed(1)} s after ${gone.name} was gone`;
  note(words);
  world.telling.say(words);
  expect(seconds <= 30, `${words}, not within 30 s`);
}
