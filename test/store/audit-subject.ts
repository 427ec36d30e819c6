/** The audit on a real Postgres, with its heads in a file. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, inject } from 'vitest';
import { headFile } from '../../src/adapters/audit/head-file.ts';
import { signedHeads } from '../../src/adapters/audit/heads.ts';
import { openStore } from '../../src/adapters/postgres/open.ts';
import type { Heads } from '../../src/ports/audit.ts';
import { NOON } from '../contracts/samples.ts';
import { signerAt } from '../fakes/keys.ts';
import { cloneDatabase, SCHEMA } from './database.ts';

export const db = await cloneDatabase(inject('databases'));
const folder = await mkdtemp(path.join(os.tmpdir(), 'rearguard-audit-'));
export const file = path.join(folder, 'audit-heads');
export const clock = { now: () => Date.now() };
/** Who signs heads now, and whether the disk is full. */
export const keeping = { signer: signerAt('north.example:3004', clock), torn: false };
export const heads: Heads = {
  list: () => own().list(),
  async append(seal) {
    if (keeping.torn) throw new Error('the disk is full');
    await own().append(seal);
  },
};
const own = (): Heads => signedHeads({ lines: headFile(file), signer: keeping.signer, clock, log: () => {} });
export const store = await openStore({ url: db.url, schema: SCHEMA, maxConnections: 8, heads });
export const { audit, chain } = store;
afterAll(async () => {
  await store.close();
  await db.drop();
  await rm(folder, { recursive: true });
});

export const act = (n: number) => audit.record({ kind: 'operator', facts: { n } });
export const verdict = async () => {
  const { verdict: found, tampering: how } = await chain.verify({});
  return how ? `${found}: ${how.kind} at ${how.event}` : found;
};
/** `events` in order, sealed in batches of `size`, each with its head. */
export const sealedInBatches = async (events: number, size: number): Promise<readonly number[]> => {
  for (let n = 1; n <= events; n += 1) {
    await act(n);
    if (n % size === 0) await chain.seal();
  }
  await chain.seal();
  return (await db.sql<{ event: string }[]>`select event from seal order by seq`).map(({ event }) => Number(event));
};

beforeEach(async () => {
  await db.clear();
  await db.setClock(NOON);
  await rm(file, { force: true });
  keeping.signer = signerAt('north.example:3004', clock);
  keeping.torn = false;
});
