/** Intents by the management API. */
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { intentName } from '../../src/domain/ids.ts';
import { fake, records, lines, deps, document, ask } from './api-subject.ts';

describe('intents', () => {
  test('are created once per name and document, in JSON or YAML, by POST or PUT', async () => {
    const first = await ask('PUT', '/api/v1/intents/web', document());
    expect([first.status, first.body, first.headers.get('location')]).toEqual([201, { name: 'web', created: true }, '/api/v1/intents/web']);
    expect((await ask('PUT', '/api/v1/intents/web', document())).status).toBe(200);
    const yaml = await ask('POST', '/api/v1/intents', stringify(document('web', '0.1')), {
      'content-type': 'application/yaml; charset=utf-8',
    });
    expect([yaml.status, yaml.body]).toEqual([200, { name: 'web', created: false }]);
    const other = await ask('POST', '/api/v1/intents', document('web', '2'));
    expect([other.status, other.body]).toEqual([409, expect.objectContaining({ code: 'INTENT_EXISTS', retry: false })]);
  });

  test('are told with plan and journal, and ended', async () => {
    await ask('PUT', '/api/v1/intents/web', document());
    expect((await ask('GET', '/api/v1/intents/web')).body).toMatchObject({
      status: { name: 'web', phase: 'intent', state: 'working' },
      plan: { entries: [], silent: [] },
      source: 'workflow',
      mark: 'm1',
    });
    expect((await ask('GET', '/api/v1/intents')).body).toMatchObject({ items: [{ name: 'web' }] });
    expect((await ask('GET', '/api/v1/intents/web/plan')).body).toEqual({ entries: [], silent: [] });
    expect((await ask('GET', '/api/v1/intents/web/journal')).body).toMatchObject({
      workflows: [
        { workflowId: 'intent/web', lines: [{ step: 'fits' }] },
        {
          workflowId: 'acquisition/web-1',
          lines: [{ step: 'reserve' }, { step: 'extend', side: 'here' }, { step: 'extend', side: 'there' }],
        },
      ],
      unread: [],
    });
    expect(await ask('POST', '/api/v1/intents/web/retry-teardown')).toMatchObject({ status: 202, body: { tried: 2 } });
    expect(fake.asked).toEqual(['retryTeardown intent/web', 'retryTeardown acquisition/web-1']);
    expect((await ask('POST', '/api/v1/intents/web/end')).status).toBe(202);
    expect((await ask('GET', '/api/v1/intents/web')).body).toMatchObject({
      status: { state: 'ended', ending: { reason: 'ended-by-user' } },
    });
    expect(await ask('POST', '/api/v1/intents/web/retry-teardown')).toMatchObject({ status: 202, body: { tried: 0 } });
    expect((await ask('POST', '/api/v1/intents/web/end', { reason: 'operator', detail: 'again' })).status).toBe(202);
    expect(lines.at(-1)).toMatchObject({ method: 'POST', status: 202, intent: 'web', requestId: expect.any(String) });
  });

  test('are waited for without polling', async () => {
    await ask('PUT', '/api/v1/intents/web', document());
    const waiting = ask('GET', '/api/v1/intents/web?after=m1&wait=30');
    await expect.poll(() => fake.waiting()).toBe(1);
    fake.change(intentName('web'), { phase: 'peering' });
    expect((await waiting).body).toMatchObject({ status: { phase: 'peering' }, mark: 'm2' });
    expect((await ask('GET', '/api/v1/intents/web?after=m1&wait=30')).body).toMatchObject({ mark: 'm2' });
    expect((await ask('GET', '/api/v1/intents/web?after=m2&wait=0.01')).body).toMatchObject({ mark: 'm2' });
  });

  test('are listed newest first, as many as are wanted, the living ones as they are now', async () => {
    await ask('PUT', '/api/v1/intents/web', document());
    const record = await fake.processes.readIntent(intentName('web'));
    if (!record) throw new Error('no record');
    for (const [name, startedAt] of [
      ['b', 2],
      ['c', 3],
      ['a', 2],
    ] as const)
      await records.intents.save({ ...record, status: { ...record.status, name, state: 'ended', startedAt } });
    fake.change(intentName('web'), { phase: 'usage' });
    const listed = async (query: string) =>
      ((await ask('GET', `/api/v1/intents${query}`)).body as { items: { name: string; phase: string }[] }).items;
    expect((await listed('')).map(({ name }) => name)).toEqual(['web', 'c', 'a', 'b']);
    expect(await listed('?limit=2')).toMatchObject([{ name: 'web', phase: 'usage' }, { name: 'c' }]);
    expect((await listed('?limit=1')).map(({ name }) => name)).toEqual(['web']);
    // Nothing else of a record is read for a list.
    Object.assign(deps, { processes: { ...fake.processes, readIntent: () => Promise.reject(new Error('a whole record')) } });
    expect(await listed('?limit=2')).toMatchObject([{ name: 'web', phase: 'usage' }, { name: 'c' }]);
  });

  test('are told as last written down when their workflow does not answer, or is forgotten', async () => {
    const record = await (async () => {
      await ask('PUT', '/api/v1/intents/web', document());
      return await fake.processes.readIntent(intentName('web'));
    })();
    if (!record) throw new Error('no record');
    await records.intents.save(record);
    await records.intents.save({ ...record, status: { ...record.status, name: 'old', state: 'ended', startedAt: 1 } });
    fake.setUp(false);
    expect((await ask('GET', '/api/v1/intents/web')).body).toMatchObject({ source: 'projection', status: { name: 'web' } });
    expect((await ask('GET', '/api/v1/intents')).body).toMatchObject({ items: [{ name: 'web' }, { name: 'old' }] });
    const unknown = await ask('GET', '/api/v1/intents/unknown');
    expect([unknown.status, unknown.headers.get('retry-after'), unknown.body]).toEqual([
      503,
      '2',
      expect.objectContaining({ code: 'PROCESSES_UNAVAILABLE', retry: true }),
    ]);
    fake.setUp(true);
    expect((await ask('GET', '/api/v1/intents/old')).body).toMatchObject({ source: 'projection', status: { state: 'ended' } });
    expect((await ask('GET', '/api/v1/intents/unknown')).status).toBe(404);
  });
});
