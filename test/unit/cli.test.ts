import { describe, expect, test } from 'vitest';
import type { Fetcher } from '../../src/cli/client.ts';
import { resources, table } from '../../src/cli/printing.ts';
import { isSlice } from '../../src/domain/flavor.ts';
import { intentName } from '../../src/domain/ids.ts';
import { writeDescription } from '../../src/rear/extensions.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER, TEN } from '../contracts/samples.ts';
import { clock, fake, inventory, rearguard, records, YAML } from './cli-subject.ts';

test('an intent is started, told, followed and ended', async () => {
  const run = ['intent', 'run', '-f', 'web.yaml'];
  expect(await rearguard(run, { file: YAML })).toMatchObject({ exit: 0, out: expect.stringContaining('intent web started'), err: '' });
  expect((await rearguard(run, { file: YAML })).out).toContain('lives already');
  const flow =
    '{apiVersion: rearguard.dev/v1, kind: Intent, metadata: {name: web}, spec: {workload: {namespace: shop}, resources: {cpu: 100m, memory: 64Mi, pods: 1}}}';
  expect(await rearguard(run, { file: flow })).toMatchObject({ exit: 0, out: expect.stringContaining('lives already') });
  expect((await rearguard(['intent', 'list'])).out).toMatch(/^NAME +STATE[^\n]+\nweb +working +intent/);
  expect((await rearguard(['--api', 'http://127.0.0.1:3005/api/v1/', 'intent', 'list'])).out).toMatch(/^NAME/);
  expect((await rearguard(['intent', 'list', '--limit', '1'])).out).toMatch(/\nweb +working/);
  expect((await rearguard(['intent', 'status', 'web'])).out).toMatch(/state: +working \(intent, for/);
  expect(JSON.parse((await rearguard(['intent', 'status', 'web', '--json'])).out)).toMatchObject({ status: { name: 'web' } });
  expect((await rearguard(['intent', 'plan', 'web'])).out).toBe('none\n');
  const { out } = await rearguard(['intent', 'journal', 'web']);
  expect(out).toMatch(/reservation ✓ reserve \[web-1\]/);
  expect(out).toMatch(/↩ extend \(here\) \[web-1\][^]*↩ extend \(there\) \[web-1\]/);

  const watching = rearguard(['intent', 'status', 'web', '--watch']);
  await expect.poll(() => fake.waiting()).toBe(1);
  const held = { acquisition: 'a-1', contract: 'contract-1', seller: 'north.example', hosting: 'Provider' } as const;
  const db = { name: 'db', state: 'held', namespace: 'intent-web', ...held } as const;
  fake.change(intentName('web'), { phase: 'usage', state: 'in-use', place: { kind: 'local', namespace: 'intent-web' }, services: [db] });
  expect((await rearguard(['intent', 'status', 'web'])).out).toMatch(
    /service db: +held; contract contract-1 of north.example, hosted by Provider; Secret db of namespace intent-web\n/,
  );
  await expect.poll(() => fake.waiting()).toBe(1);
  const cost = [{ amount: '2.00000001', currency: 'EUR' }];
  fake.change(intentName('web'), { state: 'ended', ending: { reason: 'budget', detail: 'used up' }, cost, endedAt: clock.now() });
  const watched = await watching;
  expect(watched.exit).toBe(1);
  expect(await rearguard(['intent', 'retry-teardown', 'web'])).toMatchObject({ exit: 0, out: 'intent web has ended: nothing is stuck\n' });
  expect(watched.out).toMatch(/… fits\n[^]*usage: in-use at home\n[^]*ended: budget \(used up\); cost ~2.0001 EUR in all\n$/);
  expect((await rearguard(['intent', 'status', 'web'])).exit).toBe(1);
  expect(await rearguard(['intent', 'end', 'web', '--watch'])).toMatchObject({
    exit: 0,
    out: expect.stringContaining('ended: ended-by-user'),
  });
});

test('an intent says what it used and what that cost, so far and in all', async () => {
  const name = intentName('web');
  await rearguard(['intent', 'run', '-f', 'web.yaml'], { file: YAML });
  const now = clock.now();
  const hourly = { amount: '0.083333333334', currency: 'EUR' };
  const north = {
    acquisition: 'a-1',
    contract: 'contract-1',
    seller: 'north.example',
    node: 'gpu-1',
    hourly,
    from: now - 7_200_000,
  } as const;
  const place = {
    kind: 'remote',
    namespace: 'intent-web',
    acquisition: 'a-1',
    contract: 'contract-1',
    seller: 'north.example',
    node: 'gpu-1',
  } as const;
  const old = {
    service: 'db',
    contract: 'contract-0',
    seller: 'west.example',
    hourly,
    from: now - 7_200_000,
    until: now - 3_600_000,
    cost: '0.083333333334',
  } as const;
  const living = {
    phase: 'usage',
    state: 'in-use',
    place,
    hourly,
    used: [old, north],
    cost: [{ amount: '0.083333333334', currency: 'EUR' }],
  } as const;
  fake.change(name, living);
  const { out } = await rearguard(['intent', 'status', 'web']);
  expect(out).toMatch(/place: +north\.example \(gpu-1\)\n/);
  expect(out).toMatch(
    /service db was: +west\.example, contract contract-0, 2\S+Z to 2\S+Z, ~0\.0834 EUR\/h: ~0\.0834 EUR\ncost: +~0\.0834 EUR\/h, ~0\.2501 EUR so far\n/,
  );
  fake.change(name, { ...living, alsoHourly: [{ amount: '2', currency: 'USD' }] });
  expect((await rearguard(['intent', 'status', 'web'])).out).toMatch(/cost: +~0\.0834 EUR\/h \+ 2 USD\/h, ~0\.2501 EUR so far\n/);
  expect((await rearguard(['intent', 'list'])).out).toMatch(/ ~0\.0834 EUR\/h \+ 2 USD\/h /);
  const over = { ...north, until: now, cost: '0.166666666668' };
  const home = { namespace: 'intent-web', from: now - 60_000, until: now };
  fake.change(name, {
    state: 'ended',
    endedAt: now,
    ending: { reason: 'done' },
    used: [old, over, home],
    cost: [{ amount: '0.250000000002', currency: 'EUR' }],
  });
  const ended = (await rearguard(['intent', 'status', 'web'])).out;
  expect(ended).not.toMatch(/^(place|contract|cost):/m);
  expect(ended).toMatch(/place was: +north\.example \(gpu-1\), contract contract-1, 2\S+Z to 2\S+Z, ~0\.0834 EUR\/h: ~0\.1667 EUR\n/);
  expect(ended).toMatch(/place was: +home, in namespace intent-web, 2\S+Z to 2\S+Z\ntotal cost: +~0\.2501 EUR\n/);
  const record = await fake.processes.readIntent(name);
  if (record) await records.intents.save(record);
  expect((await rearguard(['intent', 'list'])).out).toMatch(/\nweb +ended +usage +- +~0\.2501 EUR +/);
  if (record) await records.intents.save({ ...record, status: { ...record.status, used: [home], cost: [] } });
  expect((await rearguard(['intent', 'status', 'web'])).out).toMatch(/total cost: +nothing\n/);
});

describe('exit codes and words', () => {
  const refused: Fetcher = () =>
    Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) }));
  const rear: Fetcher = async (url) =>
    url.endsWith('/.well-known/rear')
      ? Response.json(writeDescription(SELLER))
      : new Response('404 page not found\n', { status: 404, headers: { 'content-type': 'text/plain' } });
  const stranger: Fetcher = async () => new Response('<html>', { status: 200 });
  test.each<[string, readonly string[], { file?: string; fetch?: Fetcher }, number, RegExp]>([
    ['an unknown command', ['intnt'], {}, 2, /did you mean intent/i],
    ['an unknown option', ['intent', 'list', '--al'], {}, 2, /unknown option/],
    ['a limit that is none', ['intent', 'list', '--limit', 'all'], {}, 2, /whole number, at least 1/],
    ['a limit of contracts that is none', ['contracts', '-n', '0'], {}, 2, /whole number, at least 1/],
    ['a missing option', ['intent', 'run'], {}, 2, /--file/],
    ['a missing operand', ['intent', 'status'], {}, 2, /missing required argument/],
    ['a file that is not there', ['intent', 'run', '-f', 'no.yaml'], {}, 2, /cannot read no\.yaml \(ENOENT\)/],
    ['an until that is none', ['intent', 'run', '-f', 'x', '--until', 'noon'], { file: YAML }, 2, /in-use or ended/],
    ['an API that is no URL', ['--api', 'here', 'flavors'], {}, 2, /must be a URL/],
    ['an API that is no URL of HTTP', ['--api', 'foo:bar', 'flavors'], {}, 2, /must be a URL such as http:[^]*, not foo:bar/],
    ['a host and a port for a URL', ['--api', 'localhost:3005', 'flavors'], {}, 2, /must be a URL/],
    [
      'a document with wrong fields',
      ['intent', 'run', '-f', 'x'],
      { file: YAML.replace('namespace', 'namespce').replace('100m', 'much') },
      2,
      /INTENT_INVALID[^]*spec\.workload\.namespce: .*did you mean namespace\?[^]*spec\.resources\.cpu/,
    ],
    ['an empty document', ['intent', 'run', '-f', 'x'], { file: '' }, 2, /BAD_REQUEST[^]*empty/],
    ['a node address that is none', ['nodes', 'add', 'example'], {}, 2, /address: must be host:port/],
    ['an unheard of intent', ['intent', 'status', 'nobody'], {}, 4, /no intent named nobody/],
    ['an unheard of contract', ['contracts', 'end', 'x'], {}, 4, /no contract x/],
    ['the audit of an unheard of contract', ['audit', '--contract', 'nope'], {}, 4, /no contract nope/],
    ['nobody there', ['flavors'], { fetch: refused }, 3, /cannot reach[^]*ECONNREFUSED[^]*REARGUARD_API/],
    ['somebody else there', ['flavors'], { fetch: stranger }, 3, /not a Rearguard node/],
    [
      'the port for other nodes',
      ['flavors'],
      { fetch: rear },
      3,
      /answers at http:\/\/\S+ is a node's REAR listener, for other nodes; its API is at another port/,
    ],
    ['a time that is none', ['audit', '--since', 'noon'], {}, 2, /query\.since: must be an RFC 3339 time such as \S+, not "noon"/],
    [
      'an empty file',
      ['intent', 'validate', '-f', 'x'],
      { file: '# later\n' },
      2,
      /x is not a valid Intent\n {2}\(the whole\): is empty$/m,
    ],
    ['help', ['--help'], {}, 0, /^$/],
  ])('%s', async (_, argv, more, exit, words) => {
    const said = await rearguard(argv, more);
    expect(said.err).toMatch(words);
    expect(said.exit).toBe(exit);
  });

  test('with --json, the problem is told as the API told it', async () => {
    const { exit, out } = await rearguard(['--json', 'intent', 'status', 'nobody']);
    expect([exit, JSON.parse(out)]).toEqual([4, expect.objectContaining({ code: 'NOT_FOUND', status: 404 })]);
  });
});

test('flavors with GPUs show how many, and of which model', async () => {
  const [plain, gpus] = [flavorOf('1'), flavorOf('2', { resources: { ...TEN, gpu: '4' } })];
  if (!isSlice(gpus)) throw new Error('not a slice');
  await inventory.publish(plain);
  await inventory.publish({ ...gpus, offer: { ...gpus.offer, gpu: { model: 'A100', cores: '4', memory: '160Gi' } } });
  const { out } = await rearguard(['flavors']);
  expect(out).toContain('10 cpu, 20Gi, 100 pods, 4 GPUs (A100)');
  expect(out).toMatch(/10 cpu, 20Gi, 100 pods {2,}1 EUR/);
  expect(JSON.parse((await rearguard(['--json', 'flavors', '-n', '1'])).out)).toEqual([expect.objectContaining({ id: plain.id })]);
});

test.each([
  [{ cpu: '1', memory: '1Gi', pods: '1', gpu: '1' }, '1 cpu, 1Gi, 1 pod, 1 GPU'],
  [{ cpu: '0', memory: '0', pods: '2', gpu: '0' }, '0 cpu, 0 B, 2 pods'],
  [{ cpu: '0', memory: '0', pods: '0' }, 'nothing'],
])('of resources no number stands alone, one is one, and none of all is nothing: %o', (of, words) => {
  expect(resources(of)).toBe(words);
});

test('the sums of a node say what is free, held and sold', async () => {
  expect((await rearguard(['sums'])).out).toBe('free:     nothing\nheld:     nothing (0 holds)\nsold:     nothing\nflavors:  0\n');
  await inventory.publish(flavorOf('000a'));
  await inventory.reserve({
    flavor: flavorOf('000a').id,
    buyer: buyerOf('north'),
    part: ONE,
    transaction: newTransaction(),
    ttlMs: 60_000,
  });
  expect((await rearguard(['sums'])).out).toMatch(/^free: +9 cpu, 18Gi, 90 pods\nheld: +1 cpu, 2Gi, 10 pods \(1 hold\)\nsold: +nothing\n/);
});

test('what buyers have, of what they may', async () => {
  const none = await rearguard(['buyers']);
  expect(none.out).toBe('none\n');
  await inventory.publish(flavorOf('000a'));
  const transaction = newTransaction();
  await inventory.reserve({ flavor: flavorOf('000a').id, buyer: buyerOf('north'), part: ONE, transaction, ttlMs: 60_000 });
  const { out } = await rearguard(['buyers']);
  expect(out).toMatch(/^BUYER +HOLDS +CONTRACTS +CPU +MEMORY +PODS +COST\nnorth +1 of 5 +0 +1 of 64 +2Gi +10 +0\.1 EUR\/h of 9\n$/);
  expect(JSON.parse((await rearguard(['--json', 'buyers', '-n', '1'])).out)).toMatchObject([{ holds: 1, limits: { holds: 5 } }]);
});

test('tables line up, and nothing in a cell moves the cursor', () => {
  expect(
    table(
      ['A', 'B'],
      [
        ['long', 'x\u001b[2J'],
        ['é', 'y'],
      ],
    ),
  ).toBe('A     B\nlong  x [2J\né     y\n');
});

test('the help says what the exit codes mean', async () => {
  expect((await rearguard(['--help'])).out).toMatch(/Exit codes:[^]*5 +not allowed[^]*6 +contract verify/);
});

test('the help shows no default that is nothing', async () => {
  expect((await rearguard(['contract', 'verify', '--help'])).out).not.toContain('default');
});
