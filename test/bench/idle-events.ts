import path from 'node:path';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { projectRoot } from '../../deploy/playground/project.ts';
import { testServerPath } from '../../deploy/playground/temporal.ts';
import { waitFor } from '../../deploy/playground/wait.ts';
import { temporalClient } from '../../src/adapters/temporal/connection.ts';
import { temporalProcesses } from '../../src/adapters/temporal/processes.ts';
import { type TransactionId, acquisitionId, contractOf, intentName, transactionId, workflowIds } from '../../src/domain/ids.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { startWorkers } from '../saga/workers.ts';
import { type Trade, document, flavorOf, identity, openTrade } from '../saga/trade.ts';
import { cloneDatabase, startDatabases } from '../store/database.ts';
import { type Measured, type Measuring, percentile } from './measured.ts';

// CommonJS: Node finds no named exports in it.
const { IndexedValueType } = proto.temporal.api.enums.v1;
const TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Double: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
  Bool: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
} as const;
const NAMESPACE = 'default';
const log = { debug: () => {}, info: () => {}, warn: () => {} };
const PART = { cpu: '2', memory: '4Gi', pods: '10' };

/**
 * History events that each workflow of a held intent makes in a day in which nothing happens, both sides of a trade in one node: an intent that bought, and a
 * contract that was sold. The server skips time; the default timing applies.
 */
export async function measureIdleEvents({ quick, say }: Measuring): Promise<Measured> {
  const program = await testServerPath(say);
  const { databases, stop } = await startDatabases();
  const database = await cloneDatabase(databases);
  const env = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path: program } } });
  const temporal = temporalClient({ address: env.address, namespace: NAMESPACE });
  try {
    // A workflow that sets an attribute which this server does not know hangs for ever.
    await env.connection.operatorService.addSearchAttributes({
      namespace: NAMESPACE,
      searchAttributes: Object.fromEntries(Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, TYPES[type]])),
    });
    const { deps, world, peers } = await openTrade(database, { sellers: ['north'], timing: DEFAULT_TIMING });
    const processes = temporalProcesses({ temporal, node: 'south', log });
    const workers = await startWorkers({
      connection: env.nativeConnection,
      namespace: NAMESPACE,
      workflowBundle: { codePath: path.join(projectRoot(), 'dist/workflow-bundle.js') },
      deps: { ...deps, processes },
    });
    try {
      // south buys …
      const name = intentName('idle');
      await processes.startIntent({ name, document: document(name, { patience: '60s' }) });
      await waitFor('the intent in use', 90, async () => (await processes.readIntent(name))?.status.state === 'in-use');
      const [acquisition] = await processes.acquisitionsOf(name);
      if (!acquisition) throw new Error('in use without an acquisition');
      // … and sells.
      const east = identity('east');
      await peers.add({ identity: east });
      const flavor = flavorOf(deps.self, '0.10');
      await deps.inventory.publish(flavor);
      const transaction = transactionId(`${'e'.repeat(32)}-1`);
      await deps.inventory.reserve({ flavor: flavor.id, buyer: east, part: PART, idempotencyKey: 'idle', transaction, ttlMs: 60_000 });
      await processes.purchase({ transaction }, 30_000);
      await countersign({ deps, peers, transaction, buyer: east.address });
      const seller = deps.self.clusterId;
      const contract = contractOf(transaction);
      if (!seller || !east.clusterId) throw new Error('no cluster id');
      await fakeFabric(world, east.clusterId).requestSlice({
        seller,
        acquisition: acquisitionId('eeeeeeeeeeee-1'),
        contract,
        resources: PART,
        sliceClass: 'rearguard',
      });
      await processes.noticeOfSlice(transaction, 'offered');
      await waitFor('the sold contract served', 60, async () =>
        (await deps.contracts.allocations()).some((allocation) => allocation.contract === contract && allocation.state === 'active'),
      );
      const ids = {
        fulfilIntent: workflowIds.intent(name),
        acquireFlavor: workflowIds.acquisition(acquisition),
        serveContract: workflowIds.contract(transaction),
        peering: 'peering/north',
        'peering (selling)': 'peering/east',
      };
      return await countDays({ env, client: temporal.client, ids, days: quick ? 2 : 14 });
    } finally {
      await workers.stop();
    }
  } finally {
    await temporal.close();
    await env.teardown();
    await database.drop();
    await stop();
  }
}

/** As a buyer does with what PURCHASE answers: nothing of a contract that one party signed is let in. */
async function countersign(input: {
  readonly deps: Pick<Trade['deps'], 'contracts'>;
  readonly peers: Trade['peers'];
  readonly transaction: TransactionId;
  readonly buyer: string;
}): Promise<void> {
  const { contracts } = input.deps;
  const sold = await contracts.ofTransaction(input.transaction);
  if (!sold?.agreement) throw new Error('sold without a signature');
  const { payload, signatures } = await input.peers.keys
    .notaryAt(input.buyer)
    .countersign({ terms: sold.terms, agreement: sold.agreement });
  const [, signature] = signatures;
  if (!signature) throw new Error('its buyer did not sign');
  await contracts.countersign({ contract: sold.terms.id, payload, signature });
}

const DAY = 86_400_000;

async function countDays(input: {
  readonly env: TestWorkflowEnvironment;
  readonly client: Client;
  readonly ids: Readonly<Record<string, string>>;
  readonly days: number;
}): Promise<Measured> {
  const { env, client, ids, days } = input;
  /** Events of a workflow once nothing of it is under way; fails when it is over or began a new run, which a day of nothing must not cause. */
  const settled = (id: string): Promise<{ readonly runId: string; readonly length: number }> =>
    waitFor(`${id} at rest`, 60, async () => {
      const { runId, historyLength, status, raw } = await client.workflow.getHandle(id).describe();
      if (status.name !== 'RUNNING') throw new Error(`${id} is ${status.name}`);
      return raw.pendingWorkflowTask || (raw.pendingActivities ?? []).length > 0 ? undefined : { runId, length: historyLength };
    });
  const look = async () => new Map(await Promise.all(Object.entries(ids).map(async ([type, id]) => [type, await settled(id)] as const)));
  const perDay = new Map<string, number[]>(Object.keys(ids).map((type) => [type, []]));
  let before = await look();
  for (let day = 0; day < days; day += 1) {
    const from = await env.currentTimeMs();
    await env.sleep(DAY);
    if ((await env.currentTimeMs()) - from < DAY) throw new Error('the server did not skip a day');
    const now = await look();
    for (const [type, { runId, length }] of now) {
      const earlier = before.get(type);
      if (earlier?.runId !== runId) throw new Error(`${type} began a new run`);
      perDay.get(type)?.push(length - earlier.length);
    }
    before = now;
  }
  const most = Object.fromEntries([...perDay].map(([type, counts]) => [type, Math.max(...counts)]));
  const all = [...perDay.values()].flat();
  // A year on which nothing at all happens would be a measure that looks at nothing: an intent looks once a day.
  if (Math.max(...all) === 0) throw new Error('no workflow made any event');
  return {
    name: 'idle-events-per-day',
    unit: 'events/day (largest of the workflows)',
    value: Math.max(...all),
    p50: percentile(all, 0.5),
    p99: percentile(all, 0.99),
    facts: { days, most },
  };
}
