import fs from 'node:fs';
import path from 'node:path';
import { type ClusterPlace, clusterProcess } from './cluster-place.ts';
import type { ProcessSpec } from './guardian-messages.ts';
import { kubeconfigAs } from './kubeconfig.ts';
import { compiled } from './project.ts';
import { waitFor } from './wait.ts';

/** What Liqo does with an offloaded pod that asks for more than its quota. */
export type Enforcement = 'None' | 'Soft' | 'Hard';

/** Liqo's controllers as processes of the host, in the order of their start. The webhook listens on all addresses: controller-runtime cannot be told otherwise. */
export function liqoProcesses(place: ClusterPlace, built: string, enforcement: Enforcement): readonly ProcessSpec[] {
  const { name, dir, ports, podCidr } = place;
  const binary = (program: string): string => path.join(built, 'bin', program);
  const as = (account: string): { env: Record<string, string> } => ({
    env: { KUBECONFIG: kubeconfigAs(dir, ports.api, `system:serviceaccount:liqo:${account}`), POD_NAMESPACE: 'liqo', POD_NAME: account },
  });
  const cluster = `--cluster-id=${name}`;
  const namespace = '--liqo-namespace=liqo';
  const controllers = [
    cluster,
    namespace,
    '--networking-enabled=false',
    '--authentication-enabled=true',
    '--offloading-enabled=true',
    `--default-limits-enforcement=${enforcement}`,
    '--default-node-resources=cpu=4,memory=8Gi,pods=110,ephemeral-storage=20Gi',
    `--api-server-address-override=https://127.0.0.1:${ports.api}`,
    '--enable-api-server-ip-remapping=false',
    '--foreign-cluster-ping-interval=5s',
    '--metrics-address=0',
    `--health-probe-address=127.0.0.1:${ports.controllerHealth}`,
  ];
  const webhook = [
    cluster,
    namespace,
    `--webhook-port=${ports.webhook}`,
    '--liqo-runtime-class=liqo',
    '--vk-options-default-template=liqo/virtual-kubelet-default',
    '--enable-resource-enforcement',
    `--podcidr=${podCidr}`,
    '--metrics-address=0',
    `--health-probe-address=127.0.0.1:${ports.webhookHealth}`,
  ];
  const runner = [compiled('virtual-kubelets.js'), dir, String(ports.api), binary('virtual-kubelet'), String(ports.virtualKubelets)];
  return [
    clusterProcess(place, 'webhook', binary('webhook'), webhook, as('liqo-webhook')),
    clusterProcess(place, 'liqo-controller-manager', binary('liqo-controller-manager'), controllers, as('liqo-controller-manager')),
    clusterProcess(place, 'crd-replicator', binary('crd-replicator'), [cluster, '--metrics-address=0'], as('liqo-crd-replicator')),
    clusterProcess(place, 'runner', process.execPath, runner),
  ];
}

/** Puts the API server's certificate where controller-runtime looks for the webhook's: under the TMPDIR of this cluster. */
export function placeWebhookCertificate({ dir }: ClusterPlace): void {
  const certificates = path.join(dir, 'tmp/k8s-webhook-server/serving-certs');
  fs.mkdirSync(certificates, { recursive: true });
  for (const kind of ['crt', 'key']) fs.copyFileSync(path.join(dir, `pki/apiserver.${kind}`), path.join(certificates, `tls.${kind}`));
}

/** Waits until webhook and controllers say they are ready; the replicator has nothing that one could ask. */
export async function waitForLiqo({ name, ports }: ClusterPlace, seconds: number): Promise<void> {
  const ready = (port: number): Promise<true> =>
    waitFor(
      `${name}: Liqo ready on port ${port}`,
      seconds,
      async () => (await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2000) })).ok || undefined,
    );
  await Promise.all([ready(ports.webhookHealth), ready(ports.controllerHealth)]);
}
