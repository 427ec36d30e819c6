/** Lists of any length at the command line: whole, as one table or one document, in the memory of a page. */
import { expect, test } from 'vitest';
import type { AuditEvent } from '../../src/domain/audit.ts';
import { acquisitionId, flavorId } from '../../src/domain/ids.ts';
import { flavorOf, ONE, SELLER, termsOf } from '../contracts/samples.ts';
import { blueprintSales, contracts, fetcher, history, inventory, rearguard, records } from './cli-subject.ts';

const MANY = 2_345;
const numbers = Array.from({ length: MANY }, (_, n) => n);
const nameOf = (n: number): string => `n${String(n).padStart(5, '0')}`;
const contractsBought = async (many: readonly number[]) => {
  for (const n of many) await contracts.storeBought({ terms: termsOf(), acquisition: acquisitionId(`a-${n}`) });
};

const FILLED: Readonly<Record<string, () => Promise<void>>> = {
  async flavors() {
    for (const n of numbers) await inventory.publish({ ...flavorOf('1'), id: flavorId(nameOf(n)) });
  },
  async blueprints() {
    for (const n of numbers) {
      const sale = { name: nameOf(n), kind: 'vm', writtenIn: 'resource', flavor: flavorId(nameOf(n)), instances: 1 } as const;
      blueprintSales.push({ ...sale, state: 'on-sale', free: 1 });
    }
  },
  async candidates() {
    await records.knownNodes.add('north', 'operator');
    const offered = numbers.map(
      (n) =>
        ({ flavor: { ...flavorOf('1'), id: flavorId(nameOf(n)) }, seller: SELLER, dialect: 'rearguard', part: ONE, rating: 1 }) as const,
    );
    await records.candidates.replace('north', offered);
  },
  contracts: () => contractsBought(numbers),
  allocations: () => contractsBought(numbers),
  async 'intent list'() {
    const status = { phase: 'usage', state: 'ended', since: 0, attempts: 1 } as const;
    for (const n of numbers)
      await records.intents.save({
        status: { ...status, name: nameOf(n), startedAt: n % 7 },
        document: {},
        plan: [],
        silent: [],
        journal: [],
      });
  },
};

/** How many rows each answer has, and how much was printed before each question. */
function watched() {
  const asked: number[] = [];
  const printed: number[] = [];
  let out = 0;
  return {
    asked,
    printed,
    hear: (words: string) => void (out += words.length),
    fetch: async (url: string, init: RequestInit) => {
      printed.push(out);
      const answer = await fetcher(url, init);
      asked.push(((await answer.clone().json()) as { items: readonly unknown[] }).items.length);
      return answer;
    },
  };
}

test.each(Object.entries(FILLED))('%s are listed whole, however many, a page at a time', async (command, fill) => {
  await fill();
  const argv = command.split(' ');
  for (const json of [false, true]) {
    const { asked, printed, hear, fetch } = watched();
    const { exit, out, err } = await rearguard([...(json ? ['--json'] : []), ...argv], { fetch, hear });
    expect([exit, err, asked]).toEqual([0, '', [1_000, 1_000, 345]]);
    // Each page is printed before the next one is asked for.
    expect(printed.map((before, i) => before > (printed[i - 1] ?? -1))).toEqual([true, true, true]);
    const rows = json ? (JSON.parse(out) as readonly unknown[]) : out.trimEnd().split('\n').slice(1);
    expect(rows).toHaveLength(MANY);
    expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(MANY);
    // As if it had been printed at once.
    if (json) expect(out).toBe(`${JSON.stringify(rows, null, 2)}\n`);
  }
});

test('a list is cut where it is told to, also past a page', async () => {
  await contractsBought(numbers);
  for (const [limit, pages] of [
    ['1000', [1_000]],
    ['1500', [1_000, 500]],
    ['2345', [1_000, 1_000, 345]],
    ['9999', [1_000, 1_000, 345]],
  ] as const) {
    const { asked, fetch } = watched();
    const { out, err } = await rearguard(['--json', 'contracts', '-n', limit], { fetch });
    const shown = pages.reduce((sum, page) => sum + page, 0);
    expect([asked, (JSON.parse(out) as unknown[]).length]).toEqual([pages, shown]);
    expect(err).toBe(shown < MANY ? `these are the first ${shown}; there are more: see --limit\n` : '');
  }
});

test('the audit goes past a page too, with its verification in the same document', async () => {
  for (const n of numbers) await history.audit.record({ kind: 'operator', peer: nameOf(n), facts: {} });
  const whole = await rearguard(['--json', 'audit', '-n', String(MANY)]);
  const found = JSON.parse(whole.out) as { readonly items: readonly AuditEvent[]; readonly verification: object };
  expect(found.items.map(({ peer }) => peer)).toEqual(numbers.map(nameOf).toReversed());
  expect(found.verification).toMatchObject({ verdict: 'intact' });
  expect([whole.err, whole.out]).toEqual(['', `${JSON.stringify(found, null, 2)}\n`]);
  const { out, err } = await rearguard(['audit', '--no-verify', '-n', '1001']);
  expect(out.trimEnd().split('\n')).toHaveLength(1_002);
  expect(err).toMatch(/^these are the first 1001; /);
  expect(await rearguard(['--json', 'audit', '--no-verify', '--since', '2999-01-01T00:00:00Z'])).toMatchObject({
    out: '{\n  "items": []\n}\n',
    err: '',
  });
});

test('an empty list is one', async () => {
  for (const command of Object.keys(FILLED)) {
    expect(await rearguard(command.split(' '))).toEqual({ exit: 0, out: 'none\n', err: '' });
    expect(await rearguard(['--json', ...command.split(' ')])).toEqual({ exit: 0, out: '[]\n', err: '' });
  }
});

test.each([['contracts'], ['audit --no-verify -n 3000']])('%s that break off are no whole document, and say so', async (command) => {
  await contractsBought(numbers);
  for (const n of numbers) await history.audit.record({ kind: 'operator', facts: { n } });
  let asked = 0;
  const fetch: typeof fetcher = async (url, init) => {
    asked += 1;
    if (asked < 3) return await fetcher(url, init);
    return new Response('{"title":"Unavailable","code":"STORE_UNAVAILABLE"}', {
      status: 503,
      headers: { 'content-type': 'application/problem+json' },
    });
  };
  const { exit, out, err } = await rearguard(['--json', ...command.split(' ')], { fetch });
  expect([exit, err]).toEqual([3, 'rearguard: Unavailable (STORE_UNAVAILABLE)\n  What is printed is not all of it.\n']);
  expect(() => JSON.parse(out) as unknown).toThrow('JSON');
  expect(out).not.toContain('STORE_UNAVAILABLE');
});

test('a list that is interrupted says so', async () => {
  await contractsBought(numbers);
  const stop = new AbortController();
  const fetch: typeof fetcher = async (url, init) => {
    if (url.includes('after=')) stop.abort();
    init.signal?.throwIfAborted();
    return await fetcher(url, init);
  };
  const { exit, err } = await rearguard(['contracts'], { fetch, signal: stop.signal });
  expect([exit, err]).toEqual([1, 'rearguard: interrupted\n  What is printed is not all of it.\n']);
});
