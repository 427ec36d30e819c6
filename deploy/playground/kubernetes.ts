import fs from 'node:fs';
import path from 'node:path';
import { type ClusterPlace, clusterProcess } from './cluster-place.ts';
import { type Guardian, WITH_ROOM } from './guardian-client.ts';
import { waitFor } from './wait.ts';

/** Starts etcd, API server, controller-manager and scheduler, which are one process; its data and certificates are kept over restarts. */
export async function startKubernetes(guardian: Guardian, place: ClusterPlace, binaries: string): Promise<void> {
  const { name, dir, ports } = place;
  const ready = path.join(dir, 'ready');
  fs.mkdirSync(path.join(dir, 'tmp'), { recursive: true, mode: 0o700 });
  fs.rmSync(ready, { force: true });
  const args = [`--name=${name}`, `--dir=${dir}`, `--port=${ports.api}`, `--etcd-port=${ports.etcd}`, `--etcd-peer-port=${ports.etcdPeer}`];
  const spec = clusterProcess(place, 'kubernetes', path.join(binaries, 'bin/kubernetes'), args, {
    stop: 'SIGTERM',
    restart: false,
    env: WITH_ROOM,
  });
  await guardian.start(spec);
  await waitFor(
    `${name}: Kubernetes (see ${spec.log})`,
    180,
    () => fs.existsSync(ready),
    () => guardian.ended(spec.key),
  );
}
