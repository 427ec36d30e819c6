import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runProgram } from '../../src/cli/program.ts';
import { table } from '../../src/cli/printing.ts';
import { CommandFailed, type Fetcher } from '../../src/cli/client.ts';
import type { Callers } from '../../src/ports/callers.ts';
import { callersOf, openToAll } from '../fakes/callers.ts';
import { acquisitionId, contractId, intentName } from '../../src/domain/ids.ts';
import { isSlice } from '../../src/domain/flavor.ts';
import type { Contracts, Inventory } from '../../src/ports/inventory.ts';
import { managementApi } from '../../src/http/api/app.ts';
import { keyCircle, signerAt } from '../fakes/keys.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER, TEN, termsOf } from '../contracts/samples.ts';
import { type MemoryAudit, memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { type MemoryProcesses, memoryProcesses } from '../fakes/memory-processes.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { handClock } from '../fakes/samples.ts';

const clock = handClock();
const YAML = `
apiVersion: rearguard.dev/v1
kind: Intent
metadata: {name: web}
spec:
  workload: {namespace: shop}
  resources: {cpu: 100m, memory: 64Mi, pods: 1}
`;
let fake: MemoryProcesses;
let history: MemoryAudit;
let fetcher: Fetcher;
/** The same of a node that asks for tokens. */
let guarded: Fetcher;
let contracts: Contracts;
let inventory: Inventory;
beforeEach(() => {
  fake = memoryProcesses({ clock });
  history = memoryAudit({ clock });
  const memory = memoryInventory({ clock });
  inventory = memory.inventory;
  contracts = memory.contracts;
  const deps = {
    processes: fake.processes,
    inventory,
    contracts,
    ...memoryRecords({ clock }),
    audit: history.audit,
    chain: history.chain,
    signer: signerAt('alice.example:3004', clock),
    clock,
    limitsOf: () => ({ holds: 5, cpu: '64', credit: [{ amount: '9', currency: 'EUR' }] }),
    bodyLimitBytes: 100_000,
  };
  const served = (callers: Callers): Fetcher => {
    const app = managementApi(deps, { log: { info: () => {}, error: () => {} }, version: '0', loopbackOnly: true, callers });
    return async (url, init) => {
      const request = new Request(url, init);
      request.headers.set('host', '127.0.0.1:3005');
      return await app.fetch(request);
    };
  };
  fetcher = served(openToAll);
  guarded = served(callersOf({ 'rgt_v-1': { name: 'ann', role: 'viewer' }, 'rgt_o-1': { name: 'bob', role: 'operator' } }));
});

async function rearguard(
  argv: readonly string[],
  more: { readonly file?: string; readonly fetch?: Fetcher; readonly environment?: Readonly<Record<string, string>> } = {},
) {
  const said = { out: '', err: '' };
  const exit = await runProgram(argv, {
    output: { out: (words) => void (said.out += words), err: (words) => void (said.err += words) },
    environment: more.environment ?? {},
    readInput: async (file) => {
      if (more.file === undefined) throw new CommandFailed(`cannot read ${file} (ENOENT)`, 2);
      return more.file;
    },
    now: () => clock.now(),
    signal: AbortSignal.timeout(20_000),
    version: '0',
    fetch: more.fetch ?? fetcher,
  });
  return { exit, ...said };
}

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
  fake.change(intentName('web'), { state: 'ended', ending: { reason: 'budget', detail: '2 EUR are used up' }, endedAt: clock.now() });
  const watched = await watching;
  expect(watched.exit).toBe(1);
  expect(watched.out).toMatch(/… fits\n[^]*usage: in-use at home\n[^]*ended: budget \(2 EUR are used up\)\n$/);
  expect((await rearguard(['intent', 'status', 'web'])).exit).toBe(1);
  expect(await rearguard(['intent', 'end', 'web', '--watch'])).toMatchObject({
    exit: 0,
    out: expect.stringContaining('ended: ended-by-user'),
  });
});

describe('exit codes and words', () => {
  const refused: Fetcher = () =>
    Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) }));
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
    ['nobody there', ['flavors'], { fetch: refused }, 3, /cannot reach[^]*ECONNREFUSED[^]*REARGUARD_API/],
    ['somebody else there', ['flavors'], { fetch: stranger }, 3, /not a Rearguard node/],
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

describe('tokens', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'rearguard-home-'));
  const file = path.join(home, '.config', 'rearguard', 'token');
  mkdirSync(path.dirname(file), { recursive: true });
  afterAll(() => rmSync(home, { recursive: true }));
  const inFile = (token: string, mode = 0o600): { HOME: string } => {
    writeFileSync(file, `${token}\n`);
    chmodSync(file, mode);
    return { HOME: home };
  };
  const listed = ['intent', 'list'];

  test('come from the command line, the environment or a file, in this order', async () => {
    const environment = { ...inFile('rgt_unknown'), REARGUARD_TOKEN: 'rgt_v-1' };
    expect((await rearguard(listed, { fetch: guarded, environment })).exit).toBe(0);
    expect((await rearguard(['--token', 'rgt_unknown', ...listed], { fetch: guarded, environment })).exit).toBe(5);
    expect((await rearguard(listed, { fetch: guarded, environment: inFile('rgt_o-1') })).exit).toBe(0);
    const elsewhere = { HOME: '/nowhere', XDG_CONFIG_HOME: path.join(home, '.config') };
    expect((await rearguard(listed, { fetch: guarded, environment: elsewhere })).exit).toBe(0);
  });

  test.each<[string, Readonly<Record<string, string>>, readonly string[], number, RegExp]>([
    [
      'none',
      {},
      listed,
      5,
      /Unauthorized \(UNAUTHENTICATED\)[^]*REARGUARD_TOKEN, a file ~\/\.config\/rearguard\/token \(0600\), or --token/,
    ],
    [
      'one that is not known',
      { REARGUARD_TOKEN: 'rgt_x' },
      listed,
      5,
      /not known here, or no longer\n {2}The node does not know the token that was sent/,
    ],
    [
      'one of a lesser role',
      { REARGUARD_TOKEN: 'rgt_v-1' },
      ['nodes', 'add', 'a:1'],
      5,
      /FORBIDDEN[^]*needs the role operator; ann is viewer/,
    ],
    ['one that breaks the header', { REARGUARD_TOKEN: 'rgt\nx' }, listed, 2, /the token is none/],
  ])('%s', async (_, environment, argv, exit, words) => {
    const said = await rearguard(argv, { fetch: guarded, environment });
    expect([said.exit, said.err]).toEqual([exit, expect.stringMatching(words)]);
    expect(said.err + said.out).not.toMatch(/rgt/);
  });

  test('a file that others may read is not used', async () => {
    const said = await rearguard(listed, { fetch: guarded, environment: inFile('rgt_v-1', 0o640) });
    expect([said.exit, said.err]).toEqual([2, expect.stringMatching(/others may read .*token: chmod 0600 it/)]);
  });

  test('that of the file goes to no other machine in clear, and no token to where an answer sends us', async () => {
    const sent: (readonly [string, unknown, unknown])[] = [];
    const elsewhere: Fetcher = async (url, { headers, redirect }) => {
      sent.push([url, new Headers(headers).get('authorization'), redirect]);
      return new Response(null, { status: 307, headers: { location: 'http://elsewhere.example/' } });
    };
    const environment = inFile('rgt_v-1');
    for (const api of ['http://node.example:3005', 'https://node.example:3005', 'http://[::1]:3005'])
      expect((await rearguard(['--api', api, ...listed], { fetch: elsewhere, environment })).exit).toBe(3);
    expect(sent.map(([, authorization]) => authorization)).toEqual([null, 'Bearer rgt_v-1', 'Bearer rgt_v-1']);
    expect(sent.every(([, , redirect]) => redirect === 'manual')).toBe(true);
  });

  test('are made here, each once, with the line that makes the node know them', async () => {
    const made = await rearguard(['token', 'create', '--name', 'ops', '--role', 'operator'], {
      fetch: () => Promise.reject(new Error('asked')),
    });
    const [, token = '', line = ''] = /^(rgt_[\w-]{43})\n[^]*\n(- \{.*\})\n$/.exec(made.out) ?? [];
    expect(parse(line)).toEqual([{ name: 'ops', role: 'operator', sha256: createHash('sha256').update(token).digest('hex') }]);
    expect((await rearguard(['token', 'create', '--name', 'ops'])).out).not.toContain(token);
    expect(JSON.parse((await rearguard(['--json', 'token', 'create', '--name', 'a'])).out)).toMatchObject({
      entry: { name: 'a', role: 'viewer' },
    });
    expect(await rearguard(['token', 'create', '--name', 'ops', '--role', 'root'])).toMatchObject({ exit: 2, out: '' });
    expect(await rearguard(['token', 'create', '--name', 'o{p}s'])).toMatchObject({ exit: 2, out: '' });
  });

  test('the help says what the exit codes mean', async () => {
    expect((await rearguard(['--help'])).out).toMatch(/Exit codes:[^]*5 +not allowed/);
  });
});

describe('contracts', () => {
  const buyer = buyerOf('alice');
  const terms = termsOf({
    id: contractId('contract-1'),
    expiresAt: '2999-01-01T00:00:00.000Z',
    flavor: { ...flavorOf('000b'), terms: { noticeMs: 5_400_000, sla: { availabilityPercent: 99.9, creditPercent: 5 } } },
  });
  const store = async (signed: boolean) => {
    const circle = keyCircle(clock);
    const offered = await circle.notaryAt(SELLER.address).sign(terms);
    const agreement = await circle.notaryAt(buyer.address).countersign({ terms, agreement: offered });
    await contracts.storeBought({ terms, acquisition: acquisitionId('a-1'), ...(signed && { agreement }) });
  };

  test('are listed under both names, and shown with who signed them', async () => {
    await store(true);
    for (const name of ['contracts', 'contract']) {
      expect(await rearguard([name])).toMatchObject({ exit: 0, out: expect.stringContaining('contract-1') as string });
      expect(await rearguard([name, 'list', '--role', 'seller'])).toMatchObject({ exit: 0, out: 'none\n' });
    }
    const { exit, out } = await rearguard(['contract', 'show', 'contract-1']);
    expect(exit).toBe(0);
    expect(out).toMatch(/price: +0\.1 EUR\/h\n/);
    expect(out).toMatch(/signed by: +both\n/);
    expect(out).toMatch(/notice: +1h30m\nsla: +99\.9 % available; else 5 % of the price are forgone\n/);
    expect(out).not.toContain('renewal');
  });

  test('an export is proven without a node, and one altered term is told', async () => {
    await store(true);
    const { out: file } = await rearguard(['contract', 'export', 'contract-1']);
    const offline: Fetcher = () => Promise.reject(new Error('there is no node'));
    const proven = await rearguard(['contract', 'verify', 'file'], { file, fetch: offline });
    expect(proven).toMatchObject({ exit: 0, err: '' });
    expect(proven.out).toMatch(/notice: +1h30m\n[^]*verdict: +proven/);
    const altered = await rearguard(['--json', 'contract', 'verify', 'file'], { file: file.replace('0.1', '0.01'), fetch: offline });
    expect([altered.exit, JSON.parse(altered.out)]).toEqual([
      1,
      expect.objectContaining({ proven: false, findings: [expect.objectContaining({ fault: 'altered' })] }),
    ]);
    expect(await rearguard(['contract', 'verify', 'file'], { file: 'words', fetch: offline })).toMatchObject({
      exit: 2,
      err: 'rearguard: file is not JSON\n',
    });
  });

  test('one with a FLUIDOS node has nothing to export', async () => {
    await store(false);
    expect(await rearguard(['contract', 'export', 'contract-1'])).toMatchObject({
      exit: 1,
      err: expect.stringContaining('FLUIDOS') as string,
    });
    expect((await rearguard(['contract', 'show', 'contract-1'])).out).toMatch(/signed by: +nobody/);
  });
});

describe('the audit', () => {
  const contract = contractId('contract-1');
  const terms = {
    resources: { cpu: '2', memory: '4Gi', pods: '10' },
    price: { amount: '0.2', currency: 'EUR', period: 'hourly' },
    buyer: { id: 'alice' },
    seller: { id: 'north' },
  };
  const heads = { count: 2, last: { seq: 7, hash: 'x', at: '2026-11-27T12:00:00Z', kid: 'did:web:north#1' }, unreadable: 0 };
  beforeEach(async () => {
    await history.audit.record({ kind: 'sold', contract, peer: 'alice', facts: { ...terms, transaction: 't' } });
    await history.audit.record({ kind: 'over', contract, peer: 'alice', facts: { role: 'seller', reason: 'drained' } });
    await history.audit.record({ kind: 'operator', facts: { operation: 'addNode', address: 'x:1', by: 'carol' } });
  });

  test('tells who bought what from whom, when and at what price, and that the record of it is whole', async () => {
    const { exit, out } = await rearguard(['audit', '--contract', contract]);
    expect(out).toMatch(/^TIME +EVENT +CONTRACT +BUYER +SELLER +PART/);
    expect(out).toMatch(/\n2026-11-27T\d\d:\d\d:\d\dZ +sold +contract-1 +alice +north +2 cpu, 4Gi, 10 pods +0\.2 EUR\/h +waits/);
    expect(out).toMatch(/\n\S+ +over +contract-1 +[^\n]*peer alice, reason drained\n/);
    expect(out).not.toContain('addNode');
    expect(out).toMatch(/\n\nintact: nothing is sealed yet\n/);
    expect(exit).toBe(0);
    expect((await rearguard(['audit'])).out).toContain('operation addNode, by carol, address x:1');
  });

  test.each([
    ['broken', { tampering: { kind: 'altered', seq: 4, event: 5 } }, /^broken \(altered, event 5\): found\n/],
    ['unattested', {}, /^unattested: found\n2 signed heads, the last one of seal 7 at 2026-11-27T12:00:00Z by did:web:north#1/],
  ] as const)('exits with 1 when it is %s, however many answers that takes', async (verdict, more, words) => {
    history.say({
      verify: async ({ after = 0 }) =>
        after < 20
          ? { verdict: 'unfinished', words: '', checked: after + 10, sealed: 25, waiting: 0, heads, next: after + 10 }
          : { verdict, words: 'found', checked: 24, sealed: 25, waiting: 0, heads, ...more },
    });
    const { exit, out, err } = await rearguard(['audit', '--verify']);
    expect(exit).toBe(1);
    expect(out).toMatch(words);
    expect(err).toContain(`10 of 25 seals compared\n20 of 25 seals compared\nrearguard: the audit is ${verdict}: found`);
    const asJson = await rearguard(['--json', 'audit', '--verify']);
    expect([asJson.exit, JSON.parse(asJson.out)]).toMatchObject([1, { verification: { verdict } }]);
    expect((await rearguard(['audit', '--no-verify'])).exit).toBe(0);
  });
});
