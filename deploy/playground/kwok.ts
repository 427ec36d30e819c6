import path from 'node:path';
import { type ClusterPlace, clusterProcess } from './cluster-place.ts';
import type { Guardian } from './guardian-client.ts';

/** Starts kwok, which plays the kubelets of all annotated nodes of a cluster; without the lease flag nodes would go NotReady after 50 s. */
export async function startKwok(guardian: Guardian, place: ClusterPlace, built: string): Promise<void> {
  const { dir, ports, podCidr } = place;
  await guardian.start(
    clusterProcess(place, 'kwok', path.join(built, 'bin/kwok'), [
      `--kubeconfig=${path.join(dir, 'kubeconfig')}`,
      `--config=${path.join(built, 'kwok.yaml')}`,
      '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
      '--node-lease-duration-seconds=40',
      '--node-ip=127.0.0.1',
      `--node-port=${ports.kwok}`,
      `--server-address=127.0.0.1:${ports.kwok}`,
      `--tls-cert-file=${path.join(dir, 'pki/apiserver.crt')}`,
      `--tls-private-key-file=${path.join(dir, 'pki/apiserver.key')}`,
      `--cidr=${podCidr}`,
    ]),
  );
}
