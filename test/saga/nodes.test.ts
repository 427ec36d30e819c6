/** Whole nodes: configuration, both listeners, three workers, real Postgres and Temporal, REAR over HTTP, driven by the command line. Only the clusters are stood in for. */
import { randomBytes } from 'node:crypto';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { intentName, taskQueues, workflowIds } from '../../src/domain/ids.ts';
import { workflowTypes } from '../../workflows/messages.ts';
import { NODES, type Pair, openPair } from './pair.ts';
import { document } from './trade.ts';

let pair: Pair;
let liqo: Pair['liqo'];
let api: Pair['api'];
let rearguard: Pair['rearguard'];
beforeAll(async () => {
  pair = await openPair({ sellers: ['north'], payloadKeys: [randomBytes(32).toString('base64')] });
  ({ liqo, api, rearguard } = pair);
});
afterAll(() => pair.stop());

test('both become ready, and say what they are', async () => {
  await pair.untilReady();
  for (const node of NODES) expect(await (await fetch(`${api[node]}/readyz`)).json()).toMatchObject({ ready: true });
  expect(await (await fetch(`${api.north}/healthz`)).json()).toEqual({ alive: true });
  const flavors = await rearguard('north', ['flavors']);
  expect(flavors.out).toMatch(/north\.example-k8slice-[0-9a-f]{10} +8 cpu, 16Gi, 100 pods +0\.1 EUR\/h/);
  expect((await rearguard('south', ['nodes'])).out).toMatch(/127\.0\.0\.1:\d+ .* configuration /);
});

test('an intent is bought, watched, told and ended by the command line, and everything is given back at both', async () => {
  const started = await rearguard('south', ['intent', 'run', '-f', 'x.yaml', '--watch'], document('shop'));
  expect(started.err).toBe('');
  expect(started.exit).toBe(0);
  expect(started.out).toMatch(/intent shop started\n/);
  for (const step of ['reserve', 'buy', 'extend']) expect(started.out).toMatch(new RegExp(`✓ ${step} \\[[0-9a-f]+-1\\]`));
  expect(started.out).toMatch(/usage: in-use at north\.example on rearguard-[0-9a-f]+-1 for 0\.\d+ EUR\/h/);

  const again = await rearguard('south', ['intent', 'run', '-f', 'x.yaml'], document('shop'));
  expect([again.exit, again.out]).toEqual([0, expect.stringContaining('lives already')]);
  const other = await rearguard('south', ['intent', 'run', '-f', 'x.yaml'], document('shop', { patience: '30s' }));
  expect([other.exit, other.err]).toEqual([2, expect.stringContaining('INTENT_EXISTS')]);

  const status = JSON.parse((await rearguard('south', ['--json', 'intent', 'status', 'shop'])).out) as {
    status: { place: { contract: string } };
  };
  const { contract } = status.status.place;
  expect((await rearguard('south', ['intent', 'list'])).out).toMatch(/shop +in-use/);
  expect((await rearguard('south', ['intent', 'plan', 'shop'])).out).toMatch(/1 +north\.example-k8slice-[0-9a-f]+ +north\.example .* held/);
  expect((await rearguard('south', ['intent', 'journal', 'shop'])).out).toMatch(/reservation +✓ reserve/);
  expect((await rearguard('south', ['contracts'])).out).toMatch(new RegExp(`${contract} +buyer +north\\.example +active`));
  expect((await rearguard('north', ['contracts'])).out).toMatch(new RegExp(`${contract} +seller +south\\.example +active`));
  expect((await rearguard('north', ['allocations'])).out).toMatch(new RegExp(`${contract} +Node +active`));
  expect((await rearguard('south', ['candidates'])).out).toMatch(/north\.example/);
  await expect.poll(async () => (await rearguard('north', ['processes'])).out, { timeout: 10_000 }).toMatch(/peering\/south/);

  const ended = await rearguard('south', ['intent', 'end', 'shop', '--watch']);
  expect(ended.err).toBe('');
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await expect.poll(async () => (await rearguard('north', ['contracts', '--living'])).out, { timeout: 15_000 }).toBe('none\n');
  await expect.poll(async () => (await rearguard('south', ['processes'])).out, { timeout: 15_000 }).toBe('none\n');
  await expect.poll(async () => (await rearguard('north', ['processes'])).out, { timeout: 15_000 }).toBe('none\n');
  expect(liqo.objects()).toEqual([]);
  expect((await rearguard('north', ['sums'])).out).toMatch(/free: +8 cpu, 16Gi, 100 pods\nheld: +nothing \(0 holds\)\nsold: +nothing\n/);
});

test('with a key nothing of a document, nor what a failure says of it, can be read in the histories', async () => {
  const { client } = pair.temporal.south;
  const words = JSON.stringify(document('shop')).match(/registry\.example\/[a-z:0-9]+/)?.[0] ?? 'no image';
  const { intent } = workflowTypes;
  const wrong = await client.workflow
    .execute(intent, {
      workflowId: workflowIds.intent(intentName('wrong')),
      taskQueue: taskQueues.forward,
      args: [{ ...(document('wrong') as object), kind: 'hunter2' }],
    })
    .catch((error: unknown) => (error instanceof Error ? error.cause : undefined));
  expect(wrong).toMatchObject({ type: 'INTENT_INVALID', message: expect.stringContaining('not "hunter2"') });
  let sealed = 0;
  for await (const { workflowId, runId } of client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const bytes = Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish());
    for (const secret of [words, 'hunter2', 'kind: must be']) expect(bytes.includes(secret)).toBe(false);
    sealed += bytes.includes('binary/encrypted') ? 1 : 0;
  }
  expect(sealed).toBeGreaterThan(2);
});

test('the seller withdraws a contract by the command line: the intent is told why', async () => {
  expect((await rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], document('stall', { patience: '3s' }))).exit).toBe(0);
  const { items } = (await (await fetch(`${api.north}/api/v1/contracts?living=true`)).json()) as { items: { terms: { id: string } }[] };
  const id = items[0]?.terms.id ?? '';
  const ended = await rearguard('north', ['contracts', 'end', id, '--reason', 'drained', '--detail', 'rack 7']);
  expect([ended.exit, ended.out]).toEqual([0, `contract ${id} is ending\n`]);
  await expect
    .poll(async () => (await rearguard('south', ['contracts'])).out, { timeout: 20_000 })
    .toMatch(new RegExp(`${id} +buyer +north\\.example +(ending|over) .* drained`));
  const over = await rearguard('south', ['intent', 'end', 'stall', '--watch']);
  expect([over.exit, over.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await pair.allOverAndReplayed();
});

test('what is wrong ends with its exit code, and words that say what to do', async () => {
  const bad = await rearguard('south', ['intent', 'run', '-f', 'x'], { ...(document('bad') as object), kind: 'Intend' });
  expect([bad.exit, bad.err]).toEqual([2, expect.stringMatching(/INTENT_INVALID[^]*kind: must be/)]);
  const none = await rearguard('south', ['intent', 'status', 'nobody']);
  expect([none.exit, none.err]).toEqual([4, expect.stringContaining('nobody')]);
  const usage = await rearguard('south', ['intent', 'run']);
  expect([usage.exit, usage.err]).toEqual([2, expect.stringContaining('--file')]);
  const away = await rearguard('north', ['--api', 'http://127.0.0.1:1', 'intent', 'list']);
  expect([away.exit, away.err]).toEqual([3, expect.stringContaining('REARGUARD_API')]);
});
