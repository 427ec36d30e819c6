/** Two node ids that derive one schema: the second one is stopped with a sentence, before it trades in the first one's name. */
import { afterAll, expect, inject, test } from 'vitest';
import { openStore } from '../../src/adapters/postgres/open.ts';
import { isFault } from '../../src/domain/faults.ts';
import { clusterAway, servedNode } from '../fakes/served-node.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());

const claims = async (schema: string, node?: string): Promise<string> => {
  try {
    const store = await openStore({ url: db.url, schema, maxConnections: 1, ...(node !== undefined && { node }) });
    await store.close();
    return 'opened';
  } catch (error) {
    return isFault(error) ? `${error.code}: ${error.message}` : String(error);
  }
};

test('the first node has it for good, and may come again; who only looks takes nothing', async () => {
  expect(await claims('one')).toBe('opened');
  expect(await claims('one', 'a.b')).toBe('opened');
  expect(await claims('one', 'a.b')).toBe('opened');
  expect(await claims('one')).toBe('opened');
  expect(await claims('one', 'a-b')).toBe(
    'CONFIGURATION_INVALID: the schema one belongs to node a.b: set database.schema of node a-b to another name',
  );
});

test('of two that come at once one has it', async () => {
  const answers = await Promise.all(['a.b', 'a-b', 'A_B', 'a b'].map((node) => claims('raced', node)));
  expect(answers.filter((answer) => answer === 'opened')).toHaveLength(1);
  expect(answers.filter((answer) => answer.startsWith('CONFIGURATION_INVALID'))).toHaveLength(3);
});

test('the process of a second node stops', async () => {
  expect(await claims('rearguard_a_b', 'a.b')).toBe('opened');
  const { ended } = await servedNode('a-b', clusterAway, { database: { url: db.url, connections: 2 } });
  await expect(ended).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
}, 30_000);
