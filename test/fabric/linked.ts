import { afterAll } from 'vitest';
import { type Api, openApi } from '../../src/adapters/kubernetes/api.ts';
import { foreignConnection, ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { parseKubeconfig, parseSliceKubeconfig } from '../../src/adapters/kubernetes/kubeconfig.ts';
import type { SecretObject } from '../../src/adapters/kubernetes/objects.ts';
import { type AcquisitionId, type ClusterId, sliceKubeconfigSecret, tenantNamespace } from '../../src/domain/ids.ts';
import { resolveName } from '../../src/runtime/resolve-name.ts';
import { openLinked } from '../contracts/linked.ts';
import { type RealClusters, running } from './clusters.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** Clusters that several suites use one after the other, each with its own hooks: what stood before it has to be all that stands after it. */
export function playClusters(start: () => Promise<RealClusters>) {
  const { at, did, nothingLeft } = openLinked(start);
  const apis: Api[] = [];
  afterAll(() => {
    for (const api of apis) api.close();
  });
  const opened = (api: Api): Api => {
    apis.push(api);
    return api;
  };
  const operator = (name: string): Api => opened(openApi(ownConnection({ kubeconfig: running(at.stack, name).kubeconfigPath }), quiet));
  return {
    at,
    did,
    /** An operator's client of one of them. */
    operator,
    /** A buyer's own client at its seller, with what a purchase brings. */
    async tenant(buyer: ClusterId = at.buyer.id): Promise<Api> {
      const { kubeconfig } = await at.seller.fabric.issueCredentials({ buyer, lifetimeMs: 3_600_000 });
      return opened(openApi(foreignConnection(parseKubeconfig(kubeconfig), { loopback: true, resolve: resolveName }), quiet));
    },
    /** A buyer's client at its seller with a slice's own identity, by which Liqo's virtual kubelet asks for pods: a buyer that means harm has it too. */
    async kubelet(acquisition: AcquisitionId): Promise<Api> {
      const secret = await operator('south').get<SecretObject>(KINDS.secret, {
        namespace: tenantNamespace(at.seller.id),
        name: sliceKubeconfigSecret(acquisition),
      });
      const access = parseSliceKubeconfig(Buffer.from(secret?.data?.['kubeconfig'] ?? '', 'base64').toString('utf8'));
      return opened(openApi(foreignConnection(access, { loopback: true, resolve: resolveName }), quiet));
    },
    /** An honest Liqo at the buyer puts right what differs from its own objects: a buyer that means harm stops it. */
    async withoutReplicator(work: () => Promise<void>): Promise<void> {
      const south = running(at.stack, 'south');
      await south.kill('crd-replicator');
      try {
        await work();
      } finally {
        await south.start('crd-replicator');
      }
    },
    nothingLeft,
  };
}
