import http from 'node:http';
import { openStore } from '../../src/adapters/postgres/open.ts';
import { flavorId } from '../../src/domain/ids.ts';
import { flavorOf } from '../contracts/samples.ts';
import { CONNECTIONS, meet } from './seller-side.ts';
import type { Trading } from './trading.ts';

const FLAVORS = 200;
const LIST = '/api/v2/flavors';

interface Listed {
  readonly body: Buffer;
  readonly headers: http.IncomingHttpHeaders;
}

/** Lets somebody ask a seller of 200 flavors for its list, over 16 connections that stay open, each answer read to its end; afterwards its stock is as before. */
export async function withList<T>(
  trading: Trading,
  run: (list: (headers?: Readonly<Record<string, string>>) => Promise<Listed>) => Promise<T>,
): Promise<T> {
  const { peer, identity } = await meet(trading);
  const { place } = trading.seller;
  const store = await openStore({ url: place.databaseUrl, schema: trading.seller.schema, maxConnections: 2 });
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const ids: string[] = [];
  const list = (headers: Readonly<Record<string, string>> = {}): Promise<Listed> =>
    new Promise((resolve, reject) => {
      const request = http.get(`http://${place.rear}${LIST}`, { agent, headers }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () =>
          answer.statusCode === 200
            ? resolve({ body: Buffer.concat(parts), headers: answer.headers })
            : reject(new Error(`LIST answers ${answer.statusCode}`)),
        );
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
    return await run(list);
  } finally {
    agent.destroy();
    for (const id of ids) await store.inventory.withdraw(flavorId(id));
    await store.close();
  }
}
