import http from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { type Measured, type Measuring, percentile } from './measured.ts';
import { meet } from './seller-side.ts';
import type { Trading } from './trading.ts';

const LABEL = 'node-role.fluidos.eu/resources';
const SHOWN_MS = 10_000;
/** Changes come when they come: not in step with what our watch keeps between two looks. */
const PAUSES_MS = [0, 150, 400, 700, 1_100, 1_600];

/** Milliseconds from a change of a real node (the API server's answer to cordoning it, or back) until LIST shows it, asked without a pause in between. */
export async function measureRefreshLatency({ quick }: Measuring, trading: Trading): Promise<Measured> {
  const { identity } = await meet(trading);
  const { cluster, place } = trading.seller;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const name = 'north-worker-1';
  const patch = (body: object): Promise<unknown> =>
    cluster.objects.patch(
      { apiVersion: 'v1', kind: 'Node', metadata: { name }, ...body },
      undefined,
      undefined,
      undefined,
      undefined,
      MERGE,
    );
  const label = (value: string | null): Promise<unknown> => patch({ metadata: { name, labels: { [LABEL]: value } } });
  const cordon = (unschedulable: boolean): Promise<unknown> => patch({ spec: { unschedulable } });
  const isListed = async (): Promise<boolean> => (await list(place.rear, agent)).includes('rearguard.dev/stock');
  const shows = async (wanted: boolean): Promise<number> => {
    const from = performance.now();
    while ((await isListed()) !== wanted) {
      if (performance.now() - from > SHOWN_MS) throw new Error(`LIST of ${identity.domain} does not ${wanted ? 'show' : 'lose'} the node`);
      await turn();
    }
    return performance.now() - from;
  };
  try {
    await label('true');
    await shows(true);
    const samples: number[] = [];
    for (let n = 0; n < (quick ? 6 : 60); n += 1) {
      await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[n % PAUSES_MS.length]));
      await cordon(n % 2 === 0);
      samples.push(await shows(n % 2 !== 0));
    }
    return {
      name: 'refresh-latency',
      unit: 'ms (median)',
      value: percentile(samples, 0.5),
      p50: percentile(samples, 0.5),
      p99: percentile(samples, 0.99),
      facts: { ...trading.conditions },
    };
  } finally {
    await cordon(false);
    await label(null);
    await shows(false);
    agent.destroy();
  }
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
