import { CancellationScope, allHandlersFinished, condition, continueAsNew, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import type { NodeFacts } from '../activities/configuration.ts';
import type { ClusterId } from '../src/domain/ids.ts';
import type { JournalEntry } from '../src/domain/journal.ts';
import type { PeeringAnswer, PeeringReport, PeeringUser } from '../src/domain/peering.ts';
import { wordsOf } from './failures.ts';
import * as messages from './messages.ts';
import { stuckPauses } from './pauses.ts';
import { building, reading, undoing } from './proxies.ts';
import { openScribe } from './scribe.ts';
import { waitFor } from './summaries.ts';

/** What of a peering may stand: entered before it is built, cleared only after it is removed. */
interface Standing {
  readonly tenant: boolean;
  /** Whether the tenant is known to be whole; one that failed half made is removed all the same. */
  readonly tenantReady: boolean;
  readonly identity: boolean;
  /** Whether the identity is known to be whole: one whose removal failed may be half gone. */
  readonly identityReady: boolean;
  readonly place: boolean;
}
interface Carried {
  readonly facts: NodeFacts;
  readonly users: readonly PeeringUser[];
  readonly joining: readonly PeeringUser[];
  readonly leaving: readonly PeeringUser[];
  readonly standing: Standing;
  readonly journal: readonly JournalEntry[];
}
/** What a seller names another's contract must not stand for its user. */
const sameUser = (a: PeeringUser) => (b: PeeringUser) =>
  a.contract === b.contract &&
  a.direction === b.direction &&
  (a.acquisition === undefined || b.acquisition === undefined || a.acquisition === b.acquisition);

/**
 * The one owner of what all contracts with a peer cluster share: the tenant from first to last sale, the remote identity from first to last purchase, namespace and
 * ForeignCluster until both are over. It takes one request at a time, so a purchase during the last one's teardown finds its tenant built again.
 */
export async function peering(peer: ClusterId, carried?: Carried): Promise<void> {
  let users: readonly PeeringUser[] = carried?.users ?? [];
  let joining: readonly PeeringUser[] = carried?.joining ?? [];
  let leaving: readonly PeeringUser[] = carried?.leaving ?? [];
  let standing: Standing = carried?.standing ?? {
    tenant: false,
    tenantReady: false,
    identity: false,
    identityReady: false,
    place: false,
  };
  /** The tenant stands for a sale that found it so and has not joined yet. */
  let kept = false;
  let pokes = 0;
  /** The pokes that the last try had seen: one that comes while a try runs is a wish for another. */
  let seen = 0;
  // Handlers first: a signal-with-start is delivered before anything else runs.
  setHandler(messages.join, (user) => {
    leaving = leaving.filter((other) => !sameUser(user)(other));
    joining = [...joining, user];
  });
  setHandler(messages.leave, (user) => {
    joining = joining.filter((other) => !sameUser(user)(other));
    leaving = [...leaving, user];
  });
  setHandler(messages.peeringUsers, () => users, { description: 'The contracts that use it' });
  setHandler(messages.retryTeardown, () => {
    pokes += 1;
  });
  const scribe = openScribe(carried?.journal);
  const facts = carried?.facts ?? (await CancellationScope.nonCancellable(() => reading.configuration()));
  const { timing, self } = facts;
  if (!carried) scribe.phase('peering', { RearguardNode: [self.id], RearguardPeer: [peer] });

  let answers: readonly PeeringAnswer[] = [];
  const report = ({ replyTo, contract }: PeeringUser, state: PeeringReport['state'], detail?: string): void => {
    answers = [...answers, { replyTo, report: { contract, state, ...(detail && { detail }) } }];
  };
  /** All at once, within the workflow task: a signal of our own to each would cost this one history, which all contracts with a peer share, a task and two events. */
  const answer = async (): Promise<void> => {
    const those = answers;
    answers = [];
    if (those.length > 0) await reading.answerUsers({ peer, answers: those });
  };
  const step = async (name: string, direction: 'do' | 'undo', work: () => Promise<unknown>): Promise<unknown> => {
    const finish = scribe.record({ step: name, phase: direction === 'do' ? 'peering' : 'teardown', direction });
    try {
      await work();
      finish('done');
      return undefined;
    } catch (error) {
      finish('failed', error);
      return error ?? new Error('failed');
    }
  };
  const uses = (direction: PeeringUser['direction']): boolean => users.some((user) => user.direction === direction);

  const takeIn = async (user: PeeringUser): Promise<void> => {
    // Whoever joins again was told to: what it needs may have been taken away by somebody.
    const again = users.some(sameUser(user));
    users = [...users.filter((other) => !sameUser(user)(other)), user];
    if (user.direction === 'sold') kept = false;
    let error: unknown;
    if (user.direction === 'sold' && (again || !standing.tenantReady)) {
      standing = { ...standing, tenant: true, place: true };
      error = await step('tenant', 'do', () => building.ensureTenant({ peer }));
      standing = { ...standing, tenantReady: !error };
    }
    const { acquisition } = user;
    if (user.direction === 'bought' && acquisition && !(user.stands && standing.identityReady)) {
      standing = { ...standing, identity: true, place: true };
      error = await step('identity', 'do', () => building.ensureIdentity({ peer, acquisition }));
      standing = { ...standing, identityReady: !error };
    }
    if (error) report(user, 'failed', wordsOf(error));
    else if (user.direction === 'sold' && !user.stands) report(user, 'ready');
  };
  /** Removes what nobody uses any more; answers what could not be removed. */
  const tidy = async (): Promise<unknown> => {
    let error: unknown;
    if (standing.identity && !uses('bought') && joining.length === 0) {
      standing = { ...standing, identityReady: false };
      error = await step('identity', 'undo', () => undoing.removeIdentity({ peer }));
      if (!error) standing = { ...standing, identity: false };
    }
    if (standing.tenant && !uses('sold') && joining.length === 0) {
      const { tenantReady } = standing;
      standing = { ...standing, tenantReady: false };
      const failed = await step('tenant', 'undo', async () => {
        ({ kept } = await undoing.removeTenant({ peer }));
      });
      // Somebody bought meanwhile and found it standing: its joining is on its way.
      if (failed) kept = false;
      else standing = { ...standing, tenant: kept, tenantReady: kept && tenantReady };
      error ??= failed;
    }
    return error;
  };
  /** Answers what could not be removed although this user was the last. */
  const letGo = async (user: PeeringUser): Promise<unknown> => {
    users = users.filter((other) => !sameUser(user)(other));
    const gone = (): boolean => uses(user.direction) || !(user.direction === 'sold' ? standing.tenant && !kept : standing.identity);
    const error = gone() ? undefined : await tidy();
    const left = gone() || joining.length > 0;
    if (left) report(user, 'left');
    else report(user, 'failed', wordsOf(error));
    return left ? undefined : error;
  };
  /** Removes everything that nobody uses, the place itself last. */
  const clear = async (): Promise<unknown> => {
    const error = await tidy();
    if (error || users.length > 0 || !standing.place || standing.tenant || joining.length > 0) return error;
    const failed = await step('meeting-place', 'undo', () => undoing.removeMeetingPlace({ peer }));
    if (!failed) standing = { ...standing, place: false };
    return failed;
  };

  await CancellationScope.nonCancellable(async () => {
    const pauses = stuckPauses(timing);
    const asked = (): boolean => joining.length > 0 || leaving.length > 0;
    const describe = (): void => {
      const sold = users.filter(({ direction }) => direction === 'sold').length;
      scribe.details(`Peering with **${peer}**: ${users.length} contracts (${sold} sold)`);
    };
    let failed: unknown;
    for (;;) {
      const [next] = joining;
      const [done] = leaving;
      if (!next) await answer();
      if (next) {
        joining = joining.slice(1);
        failed = undefined;
        describe();
        await takeIn(next);
        continue;
      }
      if (done) {
        leaving = leaving.slice(1);
        seen = pokes;
        failed = await letGo(done);
        // Whoever could not leave asks again and again: stuck all the while.
        if (failed) scribe.stuck(true);
        continue;
      }
      if (asked()) continue;
      if (!failed) {
        seen = pokes;
        failed = await clear();
      }
      if (asked()) {
        failed = undefined;
        continue;
      }
      scribe.stuck(failed !== undefined);
      if (!failed && users.length === 0 && !standing.tenant) return;
      if (workflowInfo().continueAsNewSuggested) return;
      if (failed) {
        // An earlier release lost a poke that came during the try, and its history has the pause.
        if (pokes !== seen && !patched('poked-during-a-try')) seen = pokes;
        const pause = pauses.next();
        scribe.details(
          `**Stuck** while tearing down the peering with ${peer}: ${wordsOf(failed)}. Next try in ${Math.round(pause / 1000)} s, or by the update \`retryTeardown\`.`,
        );
        failed = undefined;
        await waitFor(
          `stuck: the next try to tear down the peering with ${peer}, or retryTeardown`,
          () => pokes !== seen || asked(),
          pause,
        );
        continue;
      }
      describe();
      if (kept) {
        // Should that sale never come, the tenant goes at the first look after its contract is over.
        await waitFor(`the sale for which the tenant of ${peer} was kept to join`, () => pokes !== seen || asked(), pauses.next());
        continue;
      }
      pauses.reset();
      await condition(asked);
    }
  });
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (users.length + joining.length + leaving.length > 0 || standing.tenant || standing.identity || standing.place) {
    await continueAsNew<typeof peering>(peer, { facts, users, joining, leaving, standing, journal: scribe.lines() });
  }
}
