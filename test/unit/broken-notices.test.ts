/** A seller that breaks the notice both signed: its buyer tells the audit what was agreed on and what came, once for each contract, and accuses nobody of what the terms allow. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { observingActivities } from '../../activities/usage.ts';
import type { ContractState, EndNotice } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { buyerOf, flavorOf, NOON, SELLER, termsOf } from '../contracts/samples.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryContracts } from '../fakes/memory-contracts.ts';
import { handClock } from '../fakes/samples.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DRAINED: Ending = { reason: 'drained', detail: 'rack 7' };
interface Said {
  readonly state: ContractState;
  readonly ending?: Ending;
  readonly notice?: EndNotice;
}
const notice = (inMs: number, ending = DRAINED): EndNotice => ({ ending, endsAt: new Date(NOON + inMs).toISOString() });
const noticed = (inMs: number, ending = DRAINED): Said => ({ state: 'active', notice: notice(inMs, ending) });
const over = (ending?: Ending, shown?: EndNotice): Said => ({ state: 'over', ...(ending && { ending }), ...(shown && { notice: shown }) });

/** Alice holds what she bought of north at noon for a day, a notice of one hour agreed on. */
async function holding({ noticeMs = HOUR }: { noticeMs?: number | null } = {}) {
  const clock = handClock(NOON);
  const { audit } = memoryAudit({ clock });
  const contracts = memoryContracts({ clock }).store;
  const terms = termsOf({ flavor: { ...flavorOf('000b'), ...(noticeMs !== null && { terms: { noticeMs } }) } });
  const acquisition = acquisitionId('0123456789ab-1');
  await contracts.storeBought({ terms, acquisition });
  let said: Said | Fault = { state: 'active' };
  const readContract = async (): Promise<Said> => (said instanceof Fault ? Promise.reject(said) : said);
  const peers = { at: () => ({ readContract, refreshCredentials: () => Promise.reject(new Fault('PEER_UNREACHABLE', 'away')) }) };
  const deps = { audit, contracts, clock, peers, self: buyerOf('alice'), timing: DEFAULT_TIMING } as unknown as ActivityDeps;
  const { readContractBack, tendContract } = observingActivities(deps);
  const held = { contract: terms.id, seller: SELLER.address, sellerCluster: terms.sellerCluster, acquisition, replyTo: 'acquisition/1' };
  const run = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> => new MockActivityEnvironment().run(activity, input);
  return {
    clock,
    contracts,
    contract: terms.id,
    hear: (now: Said | Fault) => {
      said = now;
      return run(readContractBack, held);
    },
    look: (now: Said | Fault) => {
      said = now;
      return run(tendContract, held);
    },
    async told() {
      const rows = (await audit.page({ limit: 9 })).items.filter(({ kind }) => kind === 'notice-broken');
      for (const { peer, contract } of rows) expect([peer, contract]).toEqual([SELLER.id, terms.id]);
      return rows.map(({ facts }) => `${String(facts['code'])}: ${String(facts['detail'])}`);
    },
  };
}

test.each<[string, Said | Fault, string]>([
  ['it is over, and nobody said so', over(DRAINED), 'NO_NOTICE: ended without notice (drained: rack 7), 1h agreed on'],
  ['it ends, for no reason', { state: 'ending' }, 'NO_NOTICE: ended without notice (withdrawn-by-seller), 1h agreed on'],
  ['it is said to have expired hours before', over({ reason: 'expired' }), 'NO_NOTICE: ended without notice (expired), 1h agreed on'],
  [
    'its seller does not know it any more',
    new Fault('CONTRACT_UNKNOWN', 'no such contract'),
    'NO_NOTICE: ended without notice (breach: the seller does not know the contract), 1h agreed on',
  ],
  [
    'its notice is a short one',
    noticed(40_000),
    'NOTICE_SHORT: notice of 40s at most, for 2026-03-01T12:00:40.000Z (drained: rack 7), 1h agreed on',
  ],
  [
    'it is over, and the notice that nobody heard has not passed',
    over(DRAINED, notice(HOUR)),
    'NOTICE_CUT: over at 2026-03-01T12:00:00.000Z (drained: rack 7), by its notice at 2026-03-01T13:00:00.000Z, 1h agreed on',
  ],
])('%s: told', async (_, said, words) => {
  const { hear, told } = await holding();
  await hear(said);
  expect(await told()).toEqual([words]);
});

test.each<[string, Said]>([
  ['the notice that was agreed on', noticed(HOUR)],
  ['one that a clock a minute behind gave, and that came after a while', noticed(HOUR - MINUTE - 6 * MINUTE)],
  ['one that says the contract’s own end', noticed(25 * HOUR)],
  ['what its cluster has no more', over({ reason: 'breach', detail: 'a node is gone' })],
  ['a notice of what its cluster has no more', noticed(MINUTE, { reason: 'breach' })],
  ['a buyer that did not come', over({ reason: 'buyer-absent' })],
  ['what its buyer ended', over({ reason: 'ended-by-user' })],
  ['that it lives', { state: 'active' }],
])('%s breaks nothing', async (_, said) => {
  const { hear, told } = await holding();
  await hear(said);
  expect(await told()).toEqual([]);
});

test('its own end breaks nothing, by a clock that is a minute apart neither', async () => {
  const { clock, hear, told } = await holding();
  clock.advance(24 * HOUR - MINUTE);
  await hear(over({ reason: 'expired' }));
  await hear(new Fault('CONTRACT_UNKNOWN', 'no such contract'));
  expect(await told()).toEqual([]);
});

test('an end after its notice breaks nothing, however late it is heard of', async () => {
  const { clock, hear, told } = await holding();
  await hear(noticed(HOUR));
  clock.advance(HOUR - MINUTE);
  await hear(over(DRAINED, notice(HOUR)));
  clock.advance(5 * HOUR);
  await hear(over(DRAINED, notice(HOUR)));
  expect(await told()).toEqual([]);
});

test('an end before the notice that was heard first has passed is told, whatever notice is shown then', async () => {
  const { clock, hear, told } = await holding();
  await hear(noticed(HOUR));
  clock.advance(10 * MINUTE);
  await hear(over(DRAINED, notice(MINUTE)));
  expect(await told()).toEqual([expect.stringMatching(/^NOTICE_CUT: over at .*12:10.*, by its notice at .*13:00/)]);
});

test('it is told once, hours later and of another kind neither', async () => {
  const { clock, hear, told } = await holding();
  await hear(noticed(20 * MINUTE));
  clock.advance(2 * MINUTE);
  await hear(noticed(20 * MINUTE));
  await hear(over(DRAINED));
  clock.advance(3 * HOUR);
  await hear(over(DRAINED));
  expect(await told()).toEqual([expect.stringMatching(/^NOTICE_SHORT/)]);
});

test('the daily look finds a notice that may stand there for a day: it is short when it would be so even then', async () => {
  const days = await holding({ noticeMs: 48 * HOUR });
  await days.look(noticed(HOUR));
  expect(await days.told()).toEqual([expect.stringMatching(/^NOTICE_SHORT: notice of 1d1h at most, .*, 2d agreed on$/)]);
  const hour = await holding();
  await hour.look(noticed(MINUTE));
  expect(await hour.told()).toEqual([]);
});

test('without a notice agreed on, and of what we ended ourselves, nothing is told', async () => {
  const free = await holding({ noticeMs: null });
  await free.hear(over(DRAINED));
  const ours = await holding();
  await ours.contracts.markEnding({ contract: ours.contract, ending: { reason: 'done' } });
  await ours.hear(over(DRAINED));
  expect([await free.told(), await ours.told()]).toEqual([[], []]);
});
