/** Lists of the management API in pages: where the next one begins is told, and nothing else is taken for it. */
import { expect, test } from 'vitest';
import { API_PREFIX, API_ROUTES } from '../../src/http/api/app.ts';
import { acquisitionId, flavorId, intentName } from '../../src/domain/ids.ts';
import { termsOf } from '../contracts/samples.ts';
import { sliceOf } from '../fakes/samples.ts';
import { ask, deps, document, fake, history, records, seller, store } from './api-subject.ts';

const LISTS = API_ROUTES.flatMap(({ path, query }) => ('limit' in query.shape ? [`${API_PREFIX}${path}`] : []));
const at = (path: string, query: Readonly<Record<string, string>>): string => `${path}?${new URLSearchParams(query)}`;
type Body = { readonly items: readonly never[]; readonly next?: string };

/** All pages of a list. */
async function walked<T>(path: string, limit: number, query: Readonly<Record<string, string>> = {}): Promise<readonly (readonly T[])[]> {
  const pages: (readonly T[])[] = [];
  let after: string | undefined;
  do {
    const { items, next } = (await ask('GET', at(path, { ...query, limit: String(limit), ...(after && { after }) }))).body as Body;
    pages.push(items);
    after = next;
  } while (after !== undefined && pages.length < 50);
  return pages;
}
const cursor = (...parts: readonly unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

test('every list that may be cut off is read in pages', () => {
  expect(LISTS.map((path) => path.replace(`${API_PREFIX}/`, '')).toSorted()).toEqual(
    ['allocations', 'audit', 'blueprints', 'buyers', 'candidates', 'contracts', 'flavors', 'intents'].toSorted(),
  );
});

test('a page says where the next one begins, and the last one nothing', async () => {
  const ids = Array.from({ length: 5 }, (_, n) => `flavor-${n}`);
  for (const id of ids) await store.inventory.publish({ ...sliceOf(seller), id: flavorId(id) });
  const pages = await walked<{ id: string }>(`${API_PREFIX}/flavors`, 2);
  expect(pages.map((items) => items.map(({ id }) => id))).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  expect(await walked(`${API_PREFIX}/flavors`, 5)).toHaveLength(1);
});

test('what is asked for of a list holds on its next pages too', async () => {
  for (let n = 0; n < 7; n += 1) {
    const terms = termsOf();
    await store.contracts.storeBought({ terms, acquisition: acquisitionId(`a-${n}`) });
    if (n % 2 === 0) await store.contracts.markOver({ contract: terms.id, ending: { reason: 'done' } });
  }
  const living = await walked<{ state: string }>(`${API_PREFIX}/contracts`, 2, { living: 'true', role: 'buyer' });
  expect(living.map((items) => items.map(({ state }) => state))).toEqual([['active', 'active'], ['active']]);
  expect((await walked(`${API_PREFIX}/allocations`, 2, { released: 'true' })).flat()).toHaveLength(7);
});

test('intents that live and are written down nowhere yet stand among the others, once', async () => {
  await ask('PUT', `${API_PREFIX}/intents/first`, document('first'));
  const record = await fake.processes.readIntent(intentName('first'));
  if (!record) throw new Error('no record');
  const { startedAt } = record.status;
  const save = (name: string, at: number) =>
    records.intents.save({ ...record, status: { ...record.status, name, state: 'ended', startedAt: at } });
  for (const [name, later] of [
    ['newest', 2],
    ['old', -1],
    ['older', -2],
    ['oldest', -3],
  ] as const)
    await save(name, startedAt + later);
  for (const name of ['a', 'b', 'z']) await ask('PUT', `${API_PREFIX}/intents/${name}`, document(name));
  // One of them is written down, under another time than its workflow began: it was continued as new since.
  await records.intents.save({ ...record, status: { ...record.status, name: 'z', startedAt: startedAt - 4 } });
  const all = ['newest', 'a', 'b', 'first', 'old', 'older', 'oldest', 'z'];
  for (const limit of [1, 2, 3, 7, 8, 100]) {
    const pages = await walked<{ name: string }>(`${API_PREFIX}/intents`, limit);
    expect(pages.flat().map(({ name }) => name)).toEqual(all);
    expect(pages.slice(0, -1).every(({ length }) => length === limit)).toBe(true);
  }
});

test('whoever asks for the status of intents that do not answer waits for one round of them', async () => {
  for (let n = 0; n < 40; n += 1) await ask('PUT', `${API_PREFIX}/intents/web-${n}`, document(`web-${n}`));
  let asked = 0;
  const readStatus = async () => {
    asked += 1;
    throw new Error('no worker answers');
  };
  Object.assign(deps, { processes: { ...fake.processes, readStatus } });
  expect((await ask('GET', `${API_PREFIX}/intents`)).body).toEqual({ items: [] });
  expect(asked).toBe(16);
});

test.each([
  ['no base64 of JSON', 'nonsense'],
  ['a number of rows', '100'],
  ['nothing', ''],
  ['another list’s', cursor('nodes', ['2026-03-01T12:00:00.000000Z', 'x'])],
  ['no place', cursor('LIST')],
  ['a place of other parts', cursor('LIST', [1, 2, 3, 4])],
  ['an object', cursor('LIST', { limit: 1 })],
  ['a text that no store takes', cursor('LIST', ['\0', '\0'])],
  ['no end', 'a'.repeat(4_001)],
])('a cursor that is %s is refused by its name', async (_, after) => {
  for (const path of LISTS) {
    const list = path.split('/').at(-1) ?? '';
    const named = after.startsWith(cursor('LIST').slice(0, 6))
      ? cursor(list, ...(JSON.parse(Buffer.from(after, 'base64url').toString()) as unknown[]).slice(1))
      : after;
    const { status, body } = await ask('GET', at(path, { after: named, limit: '0' }));
    const errors = [
      { field: 'query.limit', problem: 'must be at least 1' },
      { field: 'query.after', problem: expect.stringMatching(/where this list goes on|characters long/) as string },
    ];
    expect([path, status, body]).toEqual([path, 400, expect.objectContaining({ code: 'BAD_REQUEST', errors })]);
  }
});

test.each(['2026-02-30T12:00:00Z', '0000-01-01T12:00:00Z', 'noon', '2026-03-01T12:00:00+01:00'])('nor is a time %s', async (time) => {
  for (const list of ['contracts', 'allocations', 'intents']) {
    const { status } = await ask('GET', at(`${API_PREFIX}/${list}`, { after: cursor(list, [time, 'x']) }));
    expect([list, status]).toEqual([list, 400]);
  }
  expect((await ask('GET', at(`${API_PREFIX}/audit`, { after: cursor('audit', [time, 1]) }))).status).toBe(400);
});

test('a cursor of one list fits no other', async () => {
  for (const peer of ['a', 'b']) await history.audit.record({ kind: 'operator', peer, facts: {} });
  const { next = '' } = (await ask('GET', `${API_PREFIX}/audit?limit=1`)).body as Body;
  for (const path of LISTS)
    expect([path, (await ask('GET', at(path, { after: next }))).status]).toEqual([path, path.endsWith('/audit') ? 200 : 400]);
});
