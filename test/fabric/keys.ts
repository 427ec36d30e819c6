import { afterAll, describe } from 'vitest';
import { openApi } from '../../src/adapters/kubernetes/api.ts';
import { ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import { secretKeyStore } from '../../src/adapters/kubernetes/key-store.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { OWN_NAMESPACE } from '../../src/domain/ids.ts';
import { keyStoreContract } from '../contracts/key-store.ts';
import { type RealClusters, running } from './clusters.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** The node's own keys in a Secret. */
export function keysSuite(start: () => Promise<RealClusters>): void {
  describe('keys in a Secret', () => {
    let remove: (() => Promise<void>) | undefined;
    keyStoreContract(async () => {
      const { stack } = await start();
      const open = () => openApi(ownConnection({ kubeconfig: running(stack, 'north').kubeconfigPath }), quiet);
      const [one, other] = [open(), open()];
      remove = async () => {
        await one.remove(KINDS.secret, { namespace: OWN_NAMESPACE, name: 'node-keys' });
        one.close();
        other.close();
      };
      return [secretKeyStore(one, 'node-keys'), secretKeyStore(other, 'node-keys')];
    });
    afterAll(async () => await remove?.());
  });
}
