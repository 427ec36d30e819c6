import type { ClusterId } from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Api } from './api.ts';
import { faultOf, isRefused } from './faults.ts';
import { KINDS, pathOf } from './kinds.ts';
import { LIQO_KEYS, OURS, REARGUARD } from './labels.ts';
import { stillThere } from './meeting.ts';
import type { KubeObject } from './objects.ts';
import { waitUntil } from './watching.ts';

/** On a ForeignCluster whose API server Liqo asks regularly. */
const CHECKED = 'api-server-checker.liqo.io/finalizer';
/** Liqo needs one reconciliation of its own to let go of a ForeignCluster. */
const LETS_GO_MS = 20_000;

export const isChecked = (cluster: KubeObject | undefined): cluster is KubeObject =>
  cluster?.metadata.finalizers?.includes(CHECKED) ?? false;

const foreignCluster = (peer: ClusterId): Manifest => ({
  apiVersion: KINDS.foreignCluster.apiVersion,
  kind: KINDS.foreignCluster.kind,
  metadata: { name: peer, labels: { [LIQO_KEYS.remoteCluster]: peer } },
  spec: { clusterID: peer },
});

/**
 * Makes Liqo ask a seller's API server with the token of today. Liqo v1.2.0 keeps the credentials with which it began and begins anew only when a client
 * certificate changes, never for a token (`apiserverchecker.go`, `certData`): when the first one is dead the ForeignCluster is in Error for ever, and every virtual kubelet
 * towards that seller ends. The check ends with its ForeignCluster, so that is made again, as Liqo made it.
 */
export async function restartCheck(api: Api, peer: ClusterId): Promise<void> {
  const old = await api.get(KINDS.foreignCluster, { name: peer });
  if (!isChecked(old)) return;
  await api.remove(KINDS.foreignCluster, { name: peer });
  await waitUntil({
    api,
    looks: [{ kind: KINDS.foreignCluster, name: peer }],
    read: ([clusters = []], say) => {
      if (!clusters.some(({ metadata }) => metadata.uid === old.metadata.uid)) return true;
      say(`ForeignCluster ${peer} is going`);
      return undefined;
    },
    wait: { timeoutMs: LETS_GO_MS },
    late: (last) => stillThere(`the old check of ${peer}`, last),
  });
  try {
    await api.raw('POST', `${pathOf(KINDS.foreignCluster)}?fieldManager=${REARGUARD}`, foreignCluster(peer));
  } catch (error) {
    if (!isRefused(error, 409)) throw faultOf(error, `create ForeignCluster ${peer}`); // 409: Liqo was faster
  }
}

/** Makes Liqo end its check of a peer at which we have no identity any more, and which stays a peer for the other direction: it looks only when the ForeignCluster itself changes. */
export async function endCheck(api: Api, peer: ClusterId): Promise<void> {
  const cluster = await api.get(KINDS.foreignCluster, { name: peer });
  if (isChecked(cluster))
    await api.merge(KINDS.foreignCluster, { name: peer }, { metadata: { labels: { [OURS.looked]: String(Date.now()) } } });
}
