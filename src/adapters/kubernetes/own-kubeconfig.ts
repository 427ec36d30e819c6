import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { Fault } from '../../domain/faults.ts';

const POD_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const WAYS =
  'one is named by cluster.kubeconfig in the configuration, REARGUARD_CLUSTER_KUBECONFIG or KUBECONFIG; within a pod its own account serves';

/**
 * Which cluster is ours, and how it is reached: the kubeconfig that is named (several separated by `:` are merged as kubectl does), else the account of the pod that we run in, else the user's own kubeconfig.
 * CLUSTER_REFUSED when there is none, it cannot be read, or it names no cluster.
 */
export function ownKubeconfig({ kubeconfig, context }: { readonly kubeconfig?: string; readonly context?: string }): KubeConfig {
  const inPod = kubeconfig === undefined && fs.existsSync(POD_TOKEN);
  const files = kubeconfig?.split(path.delimiter).filter(Boolean) ?? [path.join(os.homedir(), '.kube/config')];
  const what = inPod ? 'the account of the pod' : `the kubeconfig ${files.join(', ')}`;
  const config = inPod ? ofPod(what) : merged(files);
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster()) return config;
  const names = config.getContexts().map(({ name }) => name);
  const has = names.length === 0 ? 'it has no context' : `its contexts are ${names.slice(0, 20).join(', ')}`;
  throw new Fault('CLUSTER_REFUSED', `${what} names no cluster in the context ${config.getCurrentContext() || '(none)'}; ${has}`);
}

function ofPod(what: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromCluster();
  } catch {
    throw new Fault('CLUSTER_REFUSED', `${what} cannot be read`);
  }
  return config;
}

/** As kubectl merges: files that are not there are passed over, and what comes first stands. */
function merged(files: readonly string[]): KubeConfig {
  const read = files.flatMap((file) => {
    if (!fs.existsSync(file)) return [];
    const config = new KubeConfig();
    try {
      config.loadFromFile(file);
    } catch {
      // Not the library's words: they quote the file.
      throw new Fault('CLUSTER_REFUSED', `the kubeconfig ${file} cannot be read: it is no YAML of a kubeconfig, or not ours to read`);
    }
    return [config];
  });
  if (read.length === 0) throw new Fault('CLUSTER_REFUSED', `there is no kubeconfig ${files.join(', ')}: ${WAYS}`);
  const all = new KubeConfig();
  all.loadFromOptions({
    clusters: firstOfEach(read.flatMap((config) => config.getClusters())),
    users: firstOfEach(read.flatMap((config) => config.getUsers())),
    contexts: firstOfEach(read.flatMap((config) => config.getContexts())),
    currentContext: read.map((config) => config.getCurrentContext()).find(Boolean) ?? '',
  });
  return all;
}

const firstOfEach = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
  all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);
