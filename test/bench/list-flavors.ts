import http from 'node:http';
import { openStore } from '../../src/adapters/postgres/open.ts';
import { flavorId } from '../../src/domain/ids.ts';
import { flavorOf } from '../contracts/samples.ts';
import { drive, type Measured, type Measuring, percentile } from './measured.ts';
import { CONNECTIONS, meet } from './seller-side.ts';
import type { Trading } from './trading.ts';

const FLAVORS = 200;
const WARM_UP = 200;

/** LIST_FLAVORS per second at the seller's HTTP: 200 flavors, 16 connections, each answer read to its end. The caller shares the machine. */
export async function measureListFlavors({ quick }: Measuring, trading: Trading): Promise<Measured> {
  const { peer, identity } = await meet(trading);
  const { place } = trading.seller;
  const store = await openStore({ url: place.databaseUrl, schema: trading.seller.schema, maxConnections: 2 });
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const ids: string[] = [];
  const list = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = http.get(`http://${place.rear}/api/v2/flavors`, { agent }, (answer) => {
        let bytes = 0;
        answer.on('data', (part: Buffer) => (bytes += part.length));
        answer.on('error', reject);
        answer.on('end', () => (answer.statusCode === 200 ? resolve(bytes) : reject(new Error(`LIST answers ${answer.statusCode}`))));
      });
      request.on('error', reject);
    });
  try {
    const missing = FLAVORS - (await peer.listFlavors()).flavors.length;
    for (let n = 0; n < missing; n += 1) {
      const { owner: _owner, ...flavor } = flavorOf(`list${n}`);
      const id = `${identity.domain}-k8slice-list${n}`;
      await store.inventory.publish({ ...flavor, id: flavorId(id), providerId: identity.id, owner: identity });
      ids.push(id);
    }
    const { flavors, unreadable } = await peer.listFlavors();
    if (flavors.length !== FLAVORS || unreadable.length > 0) throw new Error(`${flavors.length} flavors are listed, not ${FLAVORS}`);
    const whole = await list();
    await drive({ sides: CONNECTIONS, until: (done) => done >= WARM_UP, work: list });
    const stopAt = performance.now() + (quick ? 2_000 : 10_000);
    const { samples, elapsedMs } = await drive({
      sides: CONNECTIONS,
      until: () => performance.now() >= stopAt,
      work: async () => {
        if ((await list()) !== whole) throw new Error('an answer of another size');
      },
    });
    return {
      name: 'list-flavors',
      unit: 'requests/s',
      value: (samples.length * 1000) / elapsedMs,
      p50: percentile(samples, 0.5),
      p99: percentile(samples, 0.99),
      facts: { bytes: whole },
    };
  } finally {
    agent.destroy();
    for (const id of ids) await store.inventory.withdraw(flavorId(id));
    await store.close();
  }
}
