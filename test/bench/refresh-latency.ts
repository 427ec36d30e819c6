import { CoreV1Api, setHeaderOptions } from '@kubernetes/client-node';
import http from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { type Measured, type Measuring, percentile } from './measured.ts';
import { meet } from './seller-side.ts';
import type { Trading } from './trading.ts';

const LABEL = 'node-role.fluidos.eu/resources';
const SHOWN_MS = 10_000;
/** Changes come when they come: not in step with what our watch keeps between two looks. */
const PAUSES_MS = [0, 150, 400, 700, 1_100, 1_600];

/** A node of our own: deleting one under the standing contract would measure its loss. */
const NODE = 'north-bench-1';
const LOAD = { name: 'bench-load', namespace: 'default' };
const CORES = 4;

/**
 * Milliseconds from a change of a real node (the API server's answer to it; of a drain, to the eviction) until LIST shows it, asked without a pause in between: a node that joins and goes, is cordoned, drained and back, and our own pods that
 * ask for more and less. The facts have each kind's own 99th percentile.
 */
export async function measureRefreshLatency({ quick }: Measuring, trading: Trading): Promise<Measured> {
  const { identity } = await meet(trading);
  const { cluster, place } = trading.seller;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const core = cluster.config.makeApiClient(CoreV1Api);
  const cordon = (unschedulable: boolean): Promise<unknown> =>
    cluster.objects.patch(
      { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE }, spec: { unschedulable } } as object,
      undefined,
      undefined,
      undefined,
      undefined,
      MERGE,
    );
  /** Ready by its own word: how long a kubelet takes is not ours to measure. */
  const join = async (): Promise<void> => {
    // With its amounts from the beginning: kwok would make up others.
    await core.createNode({
      body: { metadata: { name: NODE, labels: LABELS, annotations: { 'kwok.x-k8s.io/node': 'fake' } }, status: STATUS },
    });
    await core.patchNodeStatus({ name: NODE, body: { status: STATUS } }, setHeaderOptions('Content-Type', MERGE));
  };
  const leave = (): Promise<unknown> => core.deleteNode({ name: NODE });
  const load = (): Promise<unknown> =>
    core.createNamespacedPod({
      namespace: LOAD.namespace,
      body: { metadata: { name: LOAD.name }, spec: { nodeName: NODE, containers: [BUSY] } },
    });
  const unload = (): Promise<unknown> => core.deleteNamespacedPod({ ...LOAD, gracePeriodSeconds: 0 });
  const drain = async (): Promise<void> => {
    await cordon(true);
    await core.createNamespacedPodEviction({ ...LOAD, body: { metadata: LOAD, deleteOptions: { gracePeriodSeconds: 0 } } });
  };
  /** Cores that the node's flavor lists; none when there is no such flavor. */
  const shows = async (wanted: (cores: number) => boolean, what: string): Promise<number> => {
    const from = performance.now();
    for (;;) {
      if (wanted(coresOf(await list(place.rear, agent)))) return performance.now() - from;
      if (performance.now() - from > SHOWN_MS) throw new Error(`LIST of ${identity.domain} does not show: ${what}`);
      await turn();
    }
  };
  let whole = 0;
  const nothing = (cores: number): boolean => cores === 0;
  const all = (cores: number): boolean => cores > 0 && cores === whole;
  const less = (cores: number): boolean => cores > 0 && cores < whole;
  /** In an order in which each finds the node as the one before left it. */
  const changes: readonly (readonly [kind: string, change: () => Promise<unknown>, wanted: (cores: number) => boolean])[] = [
    ['cordoned', () => cordon(true), nothing],
    ['uncordoned', () => cordon(false), all],
    ['load rises', load, less],
    ['load falls', unload, all],
    ['load rises', load, less],
    ['drained', drain, nothing],
    ['uncordoned', () => cordon(false), all],
    ['gone', leave, nothing],
    ['added', join, all],
  ];
  try {
    await join();
    await shows((cores) => cores > 0, 'the first node');
    whole = coresOf(await list(place.rear, agent));
    const taken: { readonly kind: string; readonly ms: number }[] = [];
    for (let round = 0; round < (quick ? 1 : 12); round += 1) {
      for (const [kind, change, wanted] of changes) {
        await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[taken.length % PAUSES_MS.length]));
        await change();
        taken.push({ kind, ms: await shows(wanted, kind) });
      }
    }
    const p99 = (of: (kind: string) => boolean): number =>
      percentile(
        taken.filter(({ kind }) => of(kind)).map(({ ms }) => ms),
        0.99,
      );
    const kinds = [...new Set(taken.map(({ kind }) => kind))];
    const samples = taken.map(({ ms }) => ms);
    return {
      name: 'refresh-latency',
      unit: 'ms (median)',
      value: percentile(samples, 0.5),
      p50: percentile(samples, 0.5),
      p99: p99(() => true),
      facts: { ...trading.conditions, p99: Object.fromEntries(kinds.map((kind) => [kind, Math.round(p99((each) => each === kind))])) },
    };
  } finally {
    await unload().catch(() => undefined);
    await leave().catch(() => undefined);
    await shows(nothing, 'that the node is gone');
    agent.destroy();
  }
}

const LABELS = { [LABEL]: 'true', 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': NODE };
const AMOUNTS = { cpu: `${CORES}`, memory: '8Gi', pods: '110' };
const STATUS = {
  capacity: AMOUNTS,
  allocatable: AMOUNTS,
  conditions: [{ type: 'Ready', status: 'True', reason: 'Bench', message: 'made for a measure' }],
  addresses: [
    { type: 'InternalIP', address: '127.0.0.1' },
    { type: 'Hostname', address: NODE },
  ],
};
const BUSY = { name: 'busy', image: 'registry.example/busy:1', resources: { requests: { cpu: '1', memory: '1Gi' } } };

function coresOf(answer: string): number {
  const flavors = JSON.parse(answer) as readonly object[];
  const ours = flavors.map((flavor) => JSON.stringify(flavor)).find((text) => text.includes('rearguard.dev/stock'));
  const cpu = /"cpu":"(\d+)(m?)"/.exec(ours ?? '');
  return cpu ? Number(cpu[1]) * (cpu[2] ? 1 : 1_000) : 0;
}

const MERGE = 'application/merge-patch+json';

const list = (rear: string, agent: http.Agent): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = http.get(`http://${rear}/api/v2/flavors`, { agent }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(Buffer.concat(parts).toString()) : reject(new Error(`LIST answers ${answer.statusCode}`)),
      );
    });
    request.on('error', reject);
  });
