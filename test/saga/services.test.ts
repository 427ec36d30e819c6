/** Services of an intent, step by step: what fails, what is cancelled, what is killed, what is stuck; its workload runs at home, so that nothing but the service is bought. */
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type IntentName, clusterId, workflowIds } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const { stage, trade, open: openCase, start, letGo, end, over, finish } = playBuyer();
const NORTH = identity('north').address;
const DATABASE = { name: 'db', category: 'database', configuration: { database: 'orders', password: 'hunter-two' } };
const HOME = { cpu: '8', memory: '16Gi', pods: '100' };
let count = 0;

type Call =
  | { readonly on: 'peer'; readonly call: 'reserve' | 'purchase' | 'countersign' | 'handover' | 'release' | 'terminate' }
  | { readonly on: 'cluster'; readonly call: 'handOver' | 'takeBack' };
type Case = 'refused' | 'answer lost' | 'fails for a moment' | 'cancelled' | 'worker killed' | 'compensation stuck';
interface Row {
  readonly step: string;
  readonly does: Call;
  readonly undoes: Call;
  /** What must fail besides, for that compensation to be the one. */
  readonly besides?: Call;
  /** Those of buying are a slice's too, and played there. */
  readonly cases: readonly Case[];
}
const ROWS: readonly Row[] = [
  {
    step: 'reserve',
    does: { on: 'peer', call: 'reserve' },
    undoes: { on: 'peer', call: 'release' },
    besides: { on: 'peer', call: 'purchase' },
    cases: ['refused', 'compensation stuck'],
  },
  {
    step: 'buy',
    does: { on: 'peer', call: 'purchase' },
    undoes: { on: 'peer', call: 'terminate' },
    cases: ['refused', 'answer lost', 'cancelled'],
  },
  {
    step: 'hand over: asked',
    does: { on: 'peer', call: 'handover' },
    undoes: { on: 'peer', call: 'terminate' },
    cases: ['refused', 'answer lost', 'fails for a moment', 'cancelled', 'worker killed'],
  },
  {
    step: 'hand over: written',
    does: { on: 'cluster', call: 'handOver' },
    undoes: { on: 'cluster', call: 'takeBack' },
    cases: ['refused', 'answer lost', 'cancelled', 'worker killed', 'compensation stuck'],
  },
];

const open = () => openCase({ home: HOME, databases: ['north', 'west'] });
const begin = (): Promise<IntentName> => start(`served-${++count}`, { services: [DATABASE] });
const plan = (call: Call, kind: 'refuse' | 'refuse-passing' | 'lose-answer' | 'hang', times = 1): void => {
  const fault =
    call.on === 'peer'
      ? kind === 'refuse'
        ? new Fault('PEER_REFUSED', 'not to you')
        : new Fault('PEER_UNREACHABLE', 'away')
      : kind === 'refuse'
        ? new Fault('CLUSTER_REFUSED', 'forbidden')
        : new Fault('CLUSTER_UNREACHABLE', 'away for a moment');
  const mishap =
    kind === 'hang'
      ? ({ kind: 'hang', when: 'before' } as const)
      : kind === 'lose-answer'
        ? ({ kind: 'lose-answer' } as const)
        : ({ kind: 'refuse', fault } as const);
  if (call.on === 'peer') trade.peers.trouble({ address: NORTH, call: call.call, trouble: mishap, times });
  else trade.cluster.plan(call.call, mishap, times);
};
const whenHanging = (call: Call): Promise<void> =>
  call.on === 'peer' ? trade.peers.whenHanging(call.call) : trade.cluster.whenHanging(call.call);
const secretOf = (name: IntentName) => trade.world.cluster(clusterId('south')).handedOver.get(`intent-${name}/db`)?.values;
const heldBy = async (name: IntentName) => {
  const { services, place } = await stage.untilInUse(name);
  expect(place).toMatchObject({ kind: 'local' });
  const [service] = services ?? [];
  expect(service).toMatchObject({ name: 'db', state: 'held', namespace: `intent-${name}`, hosting: 'Provider' });
  expect(secretOf(name)).toEqual({
    host: 'service.example',
    port: '5432',
    username: 'user',
    password: `made-for-${service?.contract}`,
  });
  return service?.seller;
};

const PLAYED: Readonly<Record<Case, (row: Row) => Promise<void>>> = {
  async refused({ does }) {
    plan(does, 'refuse');
    const name = await begin();
    expect(await heldBy(name)).toBe('west.example');
    await finish(name);
  },
  async 'answer lost'({ does }) {
    plan(does, 'lose-answer');
    const name = await begin();
    expect(await heldBy(name)).toBe('north.example');
    await finish(name);
  },
  async 'fails for a moment'({ does }) {
    plan(does, 'refuse-passing', 2);
    const name = await begin();
    expect(await heldBy(name)).toBe('north.example');
    await finish(name);
  },
  async cancelled({ does }) {
    plan(does, 'hang');
    const name = await begin();
    await whenHanging(does);
    if (does.on === 'peer') return await finish(name);
    // An API server that is slow answers in the end.
    const ended = end(name);
    letGo();
    await ended;
    await over(name);
  },
  async 'worker killed'({ does }) {
    plan(does, 'hang');
    const name = await begin();
    await whenHanging(does);
    await stage.killWorkers();
    trade.peers.abortHanging();
    letGo();
    await stage.startWorkers();
    await heldBy(name);
    await finish(name);
  },
  async 'compensation stuck'({ undoes, besides }) {
    plan(undoes, 'refuse', Number.POSITIVE_INFINITY);
    if (besides) plan(besides, 'refuse', 1);
    const name = await begin();
    await heldBy(name);
    await end(name);
    const stuck = async () => (await stage.node.processes.open()).filter((process) => process.stuck);
    await expect.poll(async () => (await stuck()).length, { timeout: 40_000, interval: 100 }).toBeGreaterThan(0);
    trade.peers.heal();
    trade.cluster.heal();
    for (const { workflowId } of await stuck()) await stage.node.processes.retryTeardown(workflowId).catch(() => undefined);
    await over(name);
  },
};

describe.each(ROWS)('$step', (row) => {
  test.each(row.cases)('%s', async (played) => {
    await open();
    await PLAYED[played](row);
  });
});

test('nothing that was handed over is in any history, and nothing of a configuration in a contract', async () => {
  await open();
  const name = await begin();
  await heldBy(name);
  const [attempt] = await stage.node.processes.acquisitionsOf(name);
  if (!attempt) throw new Error('it was started');
  for (const id of [workflowIds.intent(name), workflowIds.acquisition(attempt)]) {
    const { events } = await stage.node.temporal.client.workflow.getHandle(id).fetchHistory();
    const payloads = JSON.stringify(events).matchAll(/"data":"([^"]+)"/g);
    const texts = [...payloads].map(([, data = '']) => Buffer.from(data, 'base64').toString()).join('\n');
    // What is configured is in them, so what is handed over would be seen.
    expect(texts.includes('hunter-two')).toBe(true);
    expect(texts.includes('made-for')).toBe(false);
  }
  const bought = await trade.deps.contracts.ofAcquisition(attempt);
  expect(bought?.terms.service).toEqual({ hostingPolicy: 'Provider', configuration: { database: 'orders' } });
  expect(JSON.stringify(bought)).not.toContain('hunter-two');
  await finish(name);
});

test('a seller that never makes what it sold is given up in time, and another one serves', async () => {
  await open();
  plan({ on: 'peer', call: 'handover' }, 'refuse-passing', Number.POSITIVE_INFINITY);
  const name = await begin();
  expect(await heldBy(name)).toBe('west.example');
  await finish(name);
});
