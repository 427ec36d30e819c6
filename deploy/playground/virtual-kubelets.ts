// The runner: plays the kubelet for one kind of pod only, Liqo's virtual kubelet, and runs it as a process of the host.
// Liqo makes a Deployment per VirtualNode; Kubernetes makes its pod and binds it to a simulated node; the real process runs while that pod exists.
// usage: node virtual-kubelets.js CLUSTER_DIR API_PORT BINARY FIRST_LISTEN_PORT
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { kubeconfigAs } from './kubeconfig.ts';
import { connect, type KubernetesObject } from './kubernetes-client.ts';
import { isFree } from './ports.ts';
import { identityOf, type ProcessIdentity, signal, stillRuns } from './process-identity.ts';

interface Pod extends KubernetesObject {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly serviceAccountName: string;
    readonly containers: readonly {
      readonly args?: readonly string[];
      readonly env?: readonly { readonly name: string; readonly value?: string }[];
    }[];
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly listenPort: number;
}

const [dir = '.', port = '6443', binary = 'virtual-kubelet', firstPort = '10250'] = process.argv.slice(2);
const pids = path.join(dir, 'pids');
const PODS = `/api/v1/pods?labelSelector=${encodeURIComponent('offloading.liqo.io/component=virtual-kubelet')}`;
/** A pause before the API server is asked again, and the longest one before a virtual kubelet that ended is started again, in ms. */
const AGAIN = 500;
const LONGEST = 5000;

const api = connect(dir, Number(port));
const wanted = new Map<string, Pod>();
const running = new Map<string, Running>();
const starting = new Set<string>();
const taken = new Set<number>();
const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);

async function freePort(): Promise<number> {
  for (let candidate = Number(firstPort); ; candidate++) {
    if (taken.has(candidate)) continue;
    taken.add(candidate);
    if (await isFree(candidate)) return candidate;
    taken.delete(candidate);
  }
}

async function start(pod: Pod, failures = 0): Promise<void> {
  const { uid, namespace, name } = pod.metadata;
  if (running.has(uid) || starting.has(uid)) return;
  starting.add(uid);
  const listenPort = await freePort();
  starting.delete(uid);
  if (!wanted.has(uid)) {
    taken.delete(listenPort);
    return;
  }
  const [container] = pod.spec.containers;
  const declared = (container?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  const env: Record<string, string> = { POD_IP: '127.0.0.1', POD_NAME: name, POD_NAMESPACE: namespace, ...Object.fromEntries(declared) };
  const args = (container?.args ?? []).map((text) => text.replaceAll(/\$\((\w+)\)/g, (whole, variable: string) => env[variable] ?? whole));
  // 10250 is the default: two on one host would collide. It listens on all addresses, which cannot be set
  args.push(`--listen-port=${listenPort}`);
  env['KUBECONFIG'] = kubeconfigAs(dir, Number(port), `system:serviceaccount:${namespace}:${pod.spec.serviceAccountName}`);
  const title = `vk-${env['VIRTUALNODE_NAME'] ?? name}`;
  const out = fs.openSync(path.join(dir, 'logs', `${title}.log`), 'a');
  // not detached: it stays in the runner's process group, which the guardian ends as a whole
  const child = spawn(binary, args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: dir, TMPDIR: path.join(dir, 'tmp'), ...env },
    stdio: ['ignore', out, out],
  });
  fs.closeSync(out);
  const since = Date.now();
  const pidFile = path.join(pids, title);
  if (child.pid) fs.writeFileSync(pidFile, JSON.stringify(identityOf(child.pid)));
  running.set(uid, { child, listenPort });
  log(`${title}: process ${child.pid}, port ${listenPort}`);
  const over = (how: string): void => {
    if (running.get(uid)?.child !== child) return;
    running.delete(uid);
    taken.delete(listenPort);
    fs.rmSync(pidFile, { force: true });
    log(`${title}: ended (${how})`);
    const soFar = Date.now() - since > 60_000 ? 0 : failures + 1;
    const next = (): void => {
      const current = wanted.get(uid);
      if (current) void start(current, soFar);
    };
    if (wanted.has(uid)) setTimeout(next, Math.min(AGAIN * 2 ** soFar, LONGEST));
  };
  child.once('error', (fault) => over(fault.message));
  child.once('exit', (code, by) => over(String(by ?? code)));
}

function drop(uid: string): void {
  wanted.delete(uid);
  running.get(uid)?.child.kill('SIGTERM');
}

/** Bound to a node and not going away: a kubelet would run it. */
function see(pod: Pod): void {
  if (!pod.spec.nodeName || pod.metadata.deletionTimestamp) drop(pod.metadata.uid);
  else {
    wanted.set(pod.metadata.uid, pod);
    void start(pod);
  }
}

/** A runner that was killed leaves its children behind, and two virtual kubelets of one pod name would both lead. */
function endLeftovers(): void {
  fs.mkdirSync(pids, { recursive: true });
  for (const name of fs.readdirSync(pids)) {
    const left = JSON.parse(fs.readFileSync(path.join(pids, name), 'utf8')) as ProcessIdentity;
    if (stillRuns(left)) signal(left.pid, 'SIGKILL');
    fs.rmSync(path.join(pids, name));
  }
}

async function follow(): Promise<void> {
  const list = await api.request<{ items: readonly Pod[]; metadata: { resourceVersion: string } }>('GET', PODS);
  const present = new Set(list.items.map(({ metadata }) => metadata.uid));
  for (const uid of wanted.keys()) if (!present.has(uid)) drop(uid);
  list.items.forEach(see);
  await api.watch(`${PODS}&watch=1&resourceVersion=${list.metadata.resourceVersion}`, ({ type, object }) => {
    if (type === 'DELETED') drop((object as Pod).metadata.uid);
    else if (type === 'ADDED' || type === 'MODIFIED') see(object as Pod);
  });
}

endLeftovers();
for (;;) {
  // while the API server is away, what runs goes on, as with a kubelet
  await follow().catch((fault: unknown) => log(fault instanceof Error ? fault.message : String(fault)));
  await new Promise((resolve) => setTimeout(resolve, AGAIN));
}
