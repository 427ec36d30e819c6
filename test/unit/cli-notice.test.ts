/** `rearguard contract end` where a notice was agreed on: it is given, or broken for all to see. */
import { beforeEach, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { type ContractId, contractOf, type TransactionId } from '../../src/domain/ids.ts';
import type { OfferTerms } from '../../src/domain/offer-terms.ts';
import { managementApi } from '../../src/http/api/app.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { openToAll } from '../fakes/callers.ts';
import { signerAt } from '../fakes/keys.ts';
import { type MemoryAudit, memoryAudit } from '../fakes/memory-audit.ts';
import { type MemoryInventory, memoryInventory } from '../fakes/memory-inventory.ts';
import { type MemoryProcesses, memoryProcesses } from '../fakes/memory-processes.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { handClock } from '../fakes/samples.ts';

const clock = handClock();
let fake: MemoryProcesses;
let history: MemoryAudit;
let memory: MemoryInventory;
let api: ReturnType<typeof managementApi>;
beforeEach(() => {
  fake = memoryProcesses({ clock });
  history = memoryAudit({ clock });
  memory = memoryInventory({ clock });
  const { inventory, contracts } = memory;
  const deps = {
    processes: fake.processes,
    inventory,
    blueprints: { page: async () => ({ items: [] }) },
    contracts,
    ...memoryRecords({ clock }),
    audit: history.audit,
    chain: history.chain,
    signer: signerAt('north.example:3004', clock),
    clock,
    limitsOf: () => ({}),
    bodyLimitBytes: 100_000,
  };
  const log = { info: () => {}, error: () => {} };
  api = managementApi(deps, { log, version: '0', loopbackOnly: true, callers: openToAll });
});
async function rearguard(...argv: readonly string[]): Promise<string> {
  let out = '';
  const exit = await runProgram([...argv], {
    output: { out: (words) => void (out += words), err: (words) => void (out += words) },
    environment: {},
    readInput: async () => '',
    fetch: async (url, init) => {
      const request = new Request(url, init);
      request.headers.set('host', '127.0.0.1:3005');
      return await api.fetch(request);
    },
    now: clock.now,
    signal: AbortSignal.timeout(10_000),
    version: '0',
  });
  expect([exit, out]).toEqual([0, out]);
  return out;
}
async function sold(terms?: OfferTerms): Promise<{ readonly id: ContractId; readonly transaction: TransactionId }> {
  const flavor = { ...flavorOf('000c'), ...(terms && { terms }) };
  const transaction = newTransaction();
  await memory.inventory.publish(flavor);
  await memory.inventory.reserve({ flavor: flavor.id, buyer: buyerOf('bob'), part: ONE, idempotencyKey: 'k', transaction, ttlMs: 60_000 });
  const id = contractOf(transaction);
  await memory.inventory.sell({ transaction, contract: id, seller: SELLER, lifetimeMs: 86_400_000 });
  return { id, transaction };
}
const broken = async (): Promise<readonly unknown[]> =>
  (await history.audit.page({ limit: 10 })).items.filter(({ kind }) => kind === 'notice-broken').map(({ facts }) => facts);

test.each<[string, OfferTerms | undefined, readonly string[], string, number]>([
  ['with a notice', { noticeMs: 3_600_000 }, [], 'seller-with-notice', 0],
  ['at once', { noticeMs: 3_600_000 }, ['--now'], 'seller', 1],
  ['without its buyer', { noticeMs: 3_600_000 }, ['--without-buyer'], 'seller-alone', 1],
  ['where none was agreed on', undefined, [], 'seller', 0],
  ['at once where none was agreed on', undefined, ['--now'], 'seller', 0],
])('%s', async (_, terms, options, by, breaches) => {
  const { id, transaction } = await sold(terms);
  await rearguard('contract', 'end', id, '--reason', 'drained', ...options);
  expect(fake.asked).toEqual([`endContract ${transaction} ${by}: drained`]);
  expect(await broken()).toEqual(Array.from({ length: breaches }, () => ({ reason: 'drained', noticeMs: 3_600_000 })));
});

test('a notice is shown, and lists say the end that it makes', async () => {
  const { id } = await sold({ noticeMs: 3_600_000 });
  const endsAt = new Date(clock.now() + 3_600_000).toISOString();
  await memory.contracts.giveNotice({ contract: id, notice: { ending: { reason: 'drained', detail: 'rack 7' }, endsAt } });
  expect(await rearguard('contract', 'show', id)).toContain(`${endsAt}, by its seller's notice: drained: rack 7\n`);
  expect(await rearguard('contracts')).toContain(endsAt);
});
