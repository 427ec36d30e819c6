import { afterAll, describe, expect, test } from 'vitest';
import { headText } from '../../src/adapters/audit/head-text.ts';
import { signedHeads } from '../../src/adapters/audit/heads.ts';
import { type Api, openApi } from '../../src/adapters/kubernetes/api.ts';
import { ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import { secretKeyStore } from '../../src/adapters/kubernetes/key-store.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { OWN_NAMESPACE } from '../../src/domain/ids.ts';
import { keyStoreContract, newsContract } from '../contracts/key-store.ts';
import { signerAt } from '../fakes/keys.ts';
import { type RealClusters, running } from './clusters.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** What a node keeps of its own in Secrets: its keys, and the signed heads of its audit. */
export function keysSuite(start: () => Promise<RealClusters>): void {
  describe.each(['node-keys', 'audit-heads'] as const)('Secret %s', (name) => {
    let remove: (() => Promise<void>) | undefined;
    keyStoreContract(async () => {
      const { stack } = await start();
      const open = () => openApi(ownConnection({ kubeconfig: running(stack, 'north').nodeKubeconfigPath }), quiet);
      const [one, other] = [open(), open()];
      remove = async () => {
        await one.remove(KINDS.secret, { namespace: OWN_NAMESPACE, name });
        one.close();
        other.close();
      };
      return [secretKeyStore(one, name), secretKeyStore(other, name)];
    });
    afterAll(async () => await remove?.());
  });

  describe('Secret node-keys, and who watches it', () => {
    const opened: Api[] = [];
    newsContract(
      async () => {
        const { stack } = await start();
        const open = () => openApi(ownConnection({ kubeconfig: running(stack, 'north').nodeKubeconfigPath }), quiet);
        const [one, other] = [open(), open()];
        opened.push(one, other);
        await one.remove(KINDS.secret, { namespace: OWN_NAMESPACE, name: 'node-keys' });
        return [secretKeyStore(one, 'node-keys'), secretKeyStore(other, 'node-keys')];
      },
      { far: true },
    );
    afterAll(async () => {
      await opened[0]?.remove(KINDS.secret, { namespace: OWN_NAMESPACE, name: 'node-keys' });
      for (const api of opened) api.close();
    });
  });

  test('heads of the audit that two processes sign are all kept, and read by both', async () => {
    const { stack } = await start();
    const api = openApi(ownConnection({ kubeconfig: running(stack, 'north').nodeKubeconfigPath }), quiet);
    const clock = { now: () => Date.now() };
    const signer = signerAt('north.example:3004', clock);
    const heads = () => signedHeads({ lines: headText(secretKeyStore(api, 'audit-heads')), signer, clock, log: () => {} });
    try {
      const [one, other] = [heads(), heads()];
      await Promise.all(Array.from({ length: 4 }, (_, seq) => (seq % 2 === 0 ? one : other).append({ seq, hash: 'A'.repeat(43) })));
      for (const each of [one, other, heads()]) {
        const { heads: found, unreadable, forged } = await each.list();
        expect([found.map(({ seq }) => seq), unreadable, forged]).toEqual([[0, 1, 2, 3], 0, 0]);
      }
    } finally {
      await api.remove(KINDS.secret, { namespace: OWN_NAMESPACE, name: 'audit-heads' });
      api.close();
    }
  });
}
