import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ClusterPlace } from './cluster-place.ts';
import { codeOf, type KubernetesClient, type KubernetesObject } from './kubernetes-client.ts';
import { assets } from './project.ts';
import { persist, waitFor } from './wait.ts';

const run = promisify(execFile);
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Deadline of one object; on a machine with nothing else to do all of them take 3 s together. */
const SECONDS = 120;

type Definition = {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

/** Liqo's own chart as objects for this cluster, without what needs images: its Deployments run as processes of the host. */
async function render(built: string, { name, dir, ports, podCidr }: ClusterPlace): Promise<readonly KubernetesObject[]> {
  const args = [
    `--chart=${path.join(built, 'chart')}`,
    `--values=${assets('liqo/values.yaml')}`,
    `--cluster-id=${name}`,
    `--pod-cidr=${podCidr}`,
    `--api-server=https://127.0.0.1:${ports.api}`,
    `--webhook-url=https://127.0.0.1:${ports.webhook}`,
    `--webhook-ca=${path.join(dir, 'pki/ca.crt')}`,
  ];
  const { stdout } = await run(path.join(built, 'bin/render'), args, { maxBuffer: 64 << 20 });
  return (JSON.parse(stdout) as { items: readonly KubernetesObject[] }).items;
}

/**
 * Applies Liqo's objects and gives back its webhook configurations, which are to be applied when the webhook answers: they refuse what
 * they cannot ask about, Liqo's own objects included.
 */
export async function installLiqo(client: KubernetesClient, built: string, place: ClusterPlace): Promise<readonly KubernetesObject[]> {
  const objects = await render(built, place);
  const isHook = ({ kind }: KubernetesObject): boolean => kind.endsWith('WebhookConfiguration');
  // those of an earlier start on the same data would refuse everything until their process is back
  for (const hook of objects.filter(isHook))
    await persist(`${place.name}: ${hook.kind} of an earlier start`, SECONDS, async () => {
      const url = await client.urlOf(hook.apiVersion, hook.kind, undefined, hook.metadata.name);
      await client.request('DELETE', url).catch((fault: unknown) => {
        if (codeOf(fault) !== 404) throw fault;
      });
    });
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  for (const definition of definitions)
    await persist(`${place.name}: definition ${definition.metadata.name}`, SECONDS, () => client.apply(definition));
  const names = new Set(definitions.map(({ metadata }) => metadata.name));
  await waitFor(`${place.name}: Liqo's kinds established`, SECONDS, async () => {
    const { items } = await client.request<{ items: readonly Definition[] }>('GET', CRDS);
    const established = items.filter(({ status }) =>
      status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True'),
    );
    return established.filter(({ metadata }) => names.has(metadata.name)).length === names.size;
  });
  // in the renderer's order, namespaces and accounts first; a kind just established may not be served for a moment
  for (const object of objects)
    if (!isHook(object) && !definitions.includes(object))
      await persist(`${place.name}: ${object.kind} ${object.metadata.name}`, SECONDS, () => client.apply(object));
  return objects.filter(isHook);
}
