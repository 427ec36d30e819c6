/** A buyer whose seller gives notice moves before the contract ends, and knows why. */
import { expect, test } from 'vitest';
import { workflowIds } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const WITHIN = { timeout: 40_000, interval: 50 } as const;
const NORTH = identity('north').address;
const { stage, trade, open, start, boughtPlace, finish } = playBuyer();
const DRAINED = { reason: 'drained', detail: 'rack 7' } as const;

/** Its own row of a contract. */
const ours = async (id: Parameters<typeof stage.database.store.contracts.get>[0]) => await stage.database.store.contracts.get(id);

test.each([
  ['it hears of it', {}],
  ['nobody told it: the daily look finds it', { lookMs: 1_000 }],
])('%s: it is elsewhere before the end, which both know', async (_, timing) => {
  await open({ timing: { ...timing, clockSkewMs: 500 } });
  const name = await start('noticed');
  const { contract, acquisition } = await boughtPlace(name);
  const endsAt = new Date(Date.now() + 40_000).toISOString();
  await trade.peers.giveNotice({ address: NORTH, contract, notice: { ending: DRAINED, endsAt } });
  if (!('lookMs' in timing)) await stage.node.processes.noticeToAcquisition(acquisition);
  await expect.poll(async () => (await stage.statusOf(name))?.place, WITHIN).toMatchObject({ kind: 'remote', seller: 'west.example' });
  expect(Date.now()).toBeLessThan(Date.parse(endsAt));
  expect(await ours(contract)).toMatchObject({ notice: { ending: DRAINED, endsAt } });
  await expect
    .poll(async () => (await ours(contract))?.ending, WITHIN)
    .toMatchObject({ reason: 'drained', detail: expect.stringContaining('rack 7: its seller gave notice for') });
  const steps = (await stage.node.processes.journal(workflowIds.intent(name))).map(({ step, detail }) => `${step} ${detail}`);
  expect(steps).toContainEqual(expect.stringMatching(/^place-lost north\.example: drained/));
  await finish(name);
});
