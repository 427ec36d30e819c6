import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type ClusterPlace, placeCluster } from './cluster-place.ts';
import type { Guardian } from './guardian-client.ts';
import type { ProcessSpec } from './guardian-messages.ts';
import { startKubernetes } from './kubernetes.ts';
import { codeOf, connect, type KubernetesClient } from './kubernetes-client.ts';
import { startKwok } from './kwok.ts';
import { installLiqo } from './liqo.ts';
import { type Enforcement, liqoProcesses, placeWebhookCertificate, waitForLiqo } from './liqo-processes.ts';
import { makeNodeAccount } from './node-account.ts';
import { addNodes, type NodeSpec, waitForNodes } from './nodes.ts';
import { type ProcessIdentity, signal as send, stillRuns } from './process-identity.ts';
import { persist, waitFor } from './wait.ts';

/** One owner's cluster: its worker nodes (at least one, when it is to buy or sell: Liqo's virtual kubelets are pods on it), and whether Liqo runs. */
export interface ClusterSpec {
  readonly name: string;
  readonly nodes: readonly NodeSpec[];
  /** What holds an offloaded pod to what was bought; Hard by default. */
  readonly enforcement?: Enforcement;
  /** True by default. */
  readonly liqo?: boolean;
}

/** A cluster that runs; its processes go by the names kubernetes, kwok, webhook, liqo-controller-manager, crd-replicator, runner and vk-<virtual node>. */
export interface RunningCluster {
  readonly name: string;
  /** Its administrator's. */
  readonly kubeconfigPath: string;
  /** That of the account under which a node of Rearguard runs; the administrator's where there is no Liqo, and so no node. */
  readonly nodeKubeconfigPath: string;
  readonly apiUrl: string;
  readonly dir: string;
  pids(): Readonly<Record<string, number>>;
  /** Ends a process, by SIGKILL unless told otherwise, and waits until it is gone; only `start` brings it back (a virtual kubelet: its runner). */
  kill(process: string, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a process on the data it had, and waits until the cluster is whole: with `kubernetes`, nodes Ready and Liqo ready. */
  start(process: string): Promise<void>;
  killAll(): Promise<void>;
  startAll(): Promise<void>;
}

/** Folders with the binaries of each module. */
export interface Binaries {
  readonly kubernetes: string;
  readonly kwok: string;
  readonly liqo: string | undefined;
}

interface ClusterOptions {
  readonly guardian: Guardian;
  readonly spec: ClusterSpec;
  readonly index: number;
  readonly binaries: Binaries;
  readonly progress: (line: string) => void;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.once('connect', () => socket.destroy()).once('error', () => resolve(false));
    socket.once('close', (broken) => resolve(!broken));
  });

/** Everything but the control plane, in the order of their start. */
const othersOf = (liqo: string | undefined): readonly string[] =>
  liqo ? ['kwok', 'webhook', 'liqo-controller-manager', 'crd-replicator', 'runner'] : ['kwok'];

/** Starts a cluster from nothing, or on the data of an earlier start. */
export async function startCluster({ guardian, spec, index, binaries, progress }: ClusterOptions): Promise<RunningCluster> {
  const { name, enforcement = 'Hard' } = spec;
  const place: ClusterPlace = placeCluster(name, guardian.stateDir, await guardian.claim(name), index);
  const { dir, ports } = place;
  const liqo = spec.liqo === false ? undefined : binaries.liqo;
  const others = othersOf(liqo);
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const client = (): KubernetesClient => connect(dir, ports.api);
  const liqoSpec = (process: string): ProcessSpec | undefined =>
    liqo ? liqoProcesses(place, liqo, enforcement).find(({ key }) => key === `${name}/${process}`) : undefined;
  const virtualKubelets = (): readonly (readonly [string, number])[] => {
    const folder = path.join(dir, 'pids');
    if (!fs.existsSync(folder)) return [];
    return fs.readdirSync(folder).flatMap((file) => {
      try {
        const identity = JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')) as ProcessIdentity;
        return stillRuns(identity) ? [[file, identity.pid] as const] : [];
      } catch {
        return []; // it ended while we looked
      }
    });
  };
  const pids = (): Record<string, number> => {
    const own = Object.entries(guardian.pids()).flatMap(([key, pid]) =>
      key.startsWith(`${name}/`) ? [[key.slice(name.length + 1), pid] as const] : [],
    );
    return Object.fromEntries([...own, ...virtualKubelets()]);
  };

  async function launch(process: string): Promise<void> {
    if (process === 'kwok') return await startKwok(guardian, place, binaries.kwok);
    const found = liqoSpec(process);
    if (!found) throw new Error(`${name} has no process ${process}`);
    await guardian.start(found);
  }
  async function whole(): Promise<void> {
    await waitFor(`${name}: kwok`, 60, () => answers(ports.kwok));
    if (liqo) await waitForLiqo(place, 120);
    await waitForNodes(client(), name, 120);
  }
  /** Processes that were killed by name stay down when the API server comes back. */
  const down = new Set<string>();
  const killOne = async (process: string, signal: NodeJS.Signals): Promise<void> => {
    if (process.startsWith('vk-')) {
      const pid = pids()[process];
      if (pid && send(pid, signal)) await waitFor(`the end of ${process}`, 30, () => !virtualKubelets().some(([, other]) => other === pid));
      return;
    }
    down.add(process);
    await guardian.kill(`${name}/${process}`, signal);
  };
  const startOne = async (process: string): Promise<void> => {
    if (process.startsWith('vk-')) {
      await waitFor(`${name}: ${process}`, 60, () => pids()[process]);
      return;
    }
    down.delete(process);
    if (process === 'kubernetes') {
      await startKubernetes(guardian, place, binaries.kubernetes);
      // their watches back off for up to 75 s when the API server was away, some end: started anew they are back in a second
      for (const other of others)
        if (!down.has(other)) {
          await guardian.kill(`${name}/${other}`, 'SIGKILL', true);
          await launch(other);
        }
    } else await launch(process);
    if (['kubernetes', ...others].every((each) => !down.has(each))) await whole();
  };

  const began = Date.now();
  const say = (what: string): void => progress(`${name}: ${what} after ${((Date.now() - began) / 1000).toFixed(1)} s`);
  await startKubernetes(guardian, place, binaries.kubernetes);
  say('Kubernetes ready');
  const api = client();
  await launch('kwok');
  await persist(`${name}: nodes`, 120, () => addNodes(api, name, index, spec.nodes));
  if (liqo) {
    const hooks = await installLiqo(api, liqo, place);
    placeWebhookCertificate(place);
    for (const process of others) if (process !== 'kwok') await launch(process);
    await waitForLiqo(place, 180);
    for (const hook of hooks) await persist(`${name}: ${hook.kind} ${hook.metadata.name}`, 120, () => api.apply(hook));
    await waitFor(`${name}: keys of Liqo`, 120, async () => {
      const found = await api.request('GET', '/api/v1/namespaces/liqo/secrets/authentication-keys').catch((fault: unknown) => {
        if (codeOf(fault) !== 404) throw fault;
      });
      return found !== undefined;
    });
  }
  await whole();
  const kubeconfigPath = path.join(dir, 'kubeconfig');
  const nodeKubeconfigPath = liqo ? await makeNodeAccount(api, place) : kubeconfigPath;
  say(liqo ? 'nodes Ready, Liqo ready' : 'nodes Ready');

  return {
    name,
    kubeconfigPath,
    nodeKubeconfigPath,
    apiUrl: `https://127.0.0.1:${ports.api}`,
    dir,
    pids,
    kill: (process, signal = 'SIGKILL') => killOne(process, signal),
    start: startOne,
    async killAll() {
      for (const process of [...others].reverse().concat('kubernetes')) {
        down.add(process);
        await guardian.kill(`${name}/${process}`, 'SIGKILL', true);
      }
    },
    async startAll() {
      down.clear();
      await startOne('kubernetes');
    },
  };
}
