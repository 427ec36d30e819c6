/** A buyer whose seller gives notice moves before the contract ends, knows why, and tells of a notice that is broken. */
import { expect, test } from 'vitest';
import { type ContractId, acquisitionId, taskQueues, workflowIds } from '../../src/domain/ids.ts';
import { workflowTypes } from '../../workflows/messages.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const WITHIN = { timeout: 40_000, interval: 50 } as const;
const NORTH = identity('north').address;
const { stage, trade, open, start, boughtPlace, finish } = playBuyer();
const NOTICE_MS = 40_000;
const DRAINED = { reason: 'drained', detail: 'rack 7' } as const;

/** What the audit of its own tells of a contract, oldest first. */
const audited = async (contract: ContractId) => (await stage.database.store.audit.page({ contract, limit: 20 })).items.toReversed();
const broken = async (contract: ContractId): Promise<readonly (readonly unknown[])[]> =>
  (await audited(contract)).flatMap(({ kind, peer, facts }) => (kind === 'notice-broken' ? [[peer, facts['code'], facts['detail']]] : []));
/** Its own row of a contract. */
const ours = async (id: ContractId) => await stage.database.store.contracts.get(id);

test.each([
  ['it hears of it', {}, 0],
  ['it hears of it, its seller’s clock ahead', {}, 500],
  ['it hears of it, its seller’s clock behind', {}, -500],
  ['nobody told it: the daily look finds it', { lookMs: 1_000 }, 0],
])('%s: it is elsewhere before the end, which both know', async (_, timing, sellersAheadMs) => {
  await open({ timing: { ...timing, clockSkewMs: 500 }, terms: { noticeMs: NOTICE_MS }, sellersAheadMs });
  const name = await start('noticed');
  const { contract, acquisition } = await boughtPlace(name);
  const endsAt = new Date(Date.now() + sellersAheadMs + NOTICE_MS).toISOString();
  await trade.peers.giveNotice({ address: NORTH, contract, notice: { ending: DRAINED, endsAt } });
  if (!('lookMs' in timing)) await stage.node.processes.noticeToAcquisition(acquisition);
  await expect.poll(async () => (await stage.statusOf(name))?.place, WITHIN).toMatchObject({ kind: 'remote', seller: 'west.example' });
  expect(Date.now()).toBeLessThan(Date.parse(endsAt));
  expect(await ours(contract)).toMatchObject({ notice: { ending: DRAINED, endsAt } });
  expect(trade.peers.alive().contracts.find(({ terms }) => terms.id === contract)).toMatchObject({ notice: { ending: DRAINED, endsAt } });
  await expect
    .poll(async () => (await ours(contract))?.ending, WITHIN)
    .toMatchObject({ reason: 'drained', detail: expect.stringContaining('rack 7: its seller gave notice for') });
  const steps = (await stage.node.processes.journal(workflowIds.intent(name))).map(({ step, detail }) => `${step} ${detail}`);
  expect(steps).toContainEqual(expect.stringMatching(/^place-lost north\.example: drained/));
  expect(await broken(contract)).toEqual([]);
  await finish(name);
});

test('a notice no longer than the clocks may be apart leaves time to move: of a contract that was bought long ago its last tenth alone is not used', async () => {
  await open({ timing: { clockSkewMs: 60_000 } });
  const name = await start('short');
  const { contract } = await boughtPlace(name);
  const [candidate] = (await trade.deps.candidates.list()).filter(({ seller }) => seller.address === NORTH);
  // Whoever bought it an hour ago, as a run that goes on knows it.
  const id = acquisitionId('bought-long-ago-1');
  const workflowId = workflowIds.acquisition(id);
  const input = { id, candidate, intent: name, replyTo: 'nobody', self: trade.deps.self, timing: trade.deps.timing };
  const [boughtAt, expiresAt] = [Date.now() - 3_600_000, Date.now() + 86_400_000];
  const carried = {
    progress: { context: { id, candidate, workflowId, contract, boughtAt, expiresAt }, entered: [] },
    journal: [],
    held: {},
  };
  const options = { workflowId, taskQueue: taskQueues.forward, args: [input, carried] };
  const holding = await stage.node.temporal.client.workflow.start(workflowTypes.acquisition, options);
  const endsAt = Date.now() + 6_000;
  await trade.peers.giveNotice({ address: NORTH, contract, notice: { ending: DRAINED, endsAt: new Date(endsAt).toISOString() } });
  await stage.node.processes.noticeToAcquisition(id);
  await expect(holding.result()).resolves.toMatchObject({ ending: { reason: 'drained' } });
  expect(Date.now()).toBeGreaterThanOrEqual(endsAt - 600);
  await finish(name);
});

test.each([
  ['its seller ends at once', undefined, 'NO_NOTICE', 'ended without notice (drained: rack 7), 1h agreed on'],
  [
    'its notice is shorter than agreed',
    40_000,
    'NOTICE_SHORT',
    expect.stringMatching(/^notice of (40|39)s at most, for .*, 1h agreed on$/),
  ],
] as const)('%s: the audit tells of the broken notice once, and the intent moves', async (_, inMs, code, words) => {
  await open({ timing: { clockSkewMs: 500 }, terms: { noticeMs: 3_600_000 } });
  const name = await start(inMs === undefined ? 'at-once' : 'too-short');
  const { contract, acquisition } = await boughtPlace(name);
  const endsAt = new Date(Date.now() + (inMs ?? 0)).toISOString();
  if (inMs === undefined) await trade.peers.endContract({ address: NORTH, contract, ending: DRAINED });
  else await trade.peers.giveNotice({ address: NORTH, contract, notice: { ending: DRAINED, endsAt } });
  await stage.node.processes.noticeToAcquisition(acquisition);
  await expect.poll(async () => (await stage.statusOf(name))?.place, WITHIN).toMatchObject({ kind: 'remote', seller: 'west.example' });
  await expect.poll(async () => (await ours(contract))?.state, WITHIN).toBe('over');
  expect(await broken(contract)).toEqual([[identity('north').id, code, words]]);
  await finish(name);
});
