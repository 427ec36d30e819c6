// npm run playground -- up | status | down
import fs from 'node:fs';
import path from 'node:path';
import { endPlayground, readProcesses } from './leftovers.ts';
import { stillRuns } from './process-identity.ts';
import { projectRoot } from './project.ts';
import { type ClusterSpec, LISTENING, openStack, type StackDescription } from './stack.ts';

/** A buyer with little of its own, and two sellers in other regions. */
const CLUSTERS: readonly ClusterSpec[] = [
  { name: 'south', nodes: [{ name: 'south-worker-1', cpu: '4', memory: '8Gi' }] },
  {
    name: 'north',
    nodes: [
      { name: 'north-worker-1', cpu: '8', memory: '32Gi' },
      { name: 'north-worker-2', cpu: '8', memory: '32Gi' },
    ],
  },
  { name: 'west', nodes: [{ name: 'west-worker-1', cpu: '16', memory: '64Gi' }] },
];

const USAGE = `usage: npm run playground -- up | status | down

  up      starts Temporal, Postgres and the clusters south, north and west with Liqo; they stay until \`down\`
  status  processes and memory, kubeconfigs and URLs
  down    ends everything; what was stored stays for the next \`up\`

State lies in REARGUARD_STATE (.rearguard/playground), binaries in REARGUARD_CACHE (~/.cache/rearguard).`;

const stateDir = path.resolve(process.env['REARGUARD_STATE'] || path.join(projectRoot(), '.rearguard/playground'));

function printStack(): void {
  const { temporal, postgres, clusters } = JSON.parse(fs.readFileSync(path.join(stateDir, 'stack.json'), 'utf8')) as StackDescription;
  console.log(`temporal   ${temporal.address}   ${temporal.uiUrl}`);
  console.log(`postgres   ${postgres.url}`);
  for (const { name, apiUrl, kubeconfig, nodeKubeconfig } of clusters)
    console.log(`${name.padEnd(10)} ${apiUrl}   KUBECONFIG=${kubeconfig}\n${''.padEnd(10)} a node's account: ${nodeKubeconfig}`);
}

async function up(): Promise<void> {
  const began = Date.now();
  const seconds = (): string => `${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  `;
  const stack = await openStack({ stateDir, clusters: CLUSTERS, progress: (line) => console.log(seconds() + line) });
  await stack.guardian.release();
  console.log(`${seconds()}up; ${LISTENING}\n`);
  printStack();
}

/** Resident memory in MB, where the system tells it in /proc. */
function memoryOf(pid: number): number | undefined {
  const file = `/proc/${pid}/status`;
  if (!fs.existsSync(file)) return undefined;
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(file, 'utf8'))?.[1] ?? 0) / 1024);
}

function status(): void {
  const table = readProcesses(stateDir);
  if (!table || !stillRuns(table.guardian)) {
    console.log(`no playground runs in ${stateDir}`);
    process.exitCode = 1;
    return;
  }
  let total = 0;
  for (const [name, { pid }] of Object.entries({ guardian: table.guardian, ...table.processes })) {
    const memory = memoryOf(pid);
    total += memory ?? 0;
    console.log(`${name.padEnd(32)} ${String(pid).padEnd(8)} ${memory === undefined ? '' : `${memory} MB`}`);
  }
  console.log(`${''.padEnd(41)} ${total} MB in all\n`);
  printStack();
}

async function down(): Promise<void> {
  console.log((await endPlayground(stateDir)) ? 'down' : `no playground runs in ${stateDir}`);
}

const verbs: Readonly<Record<string, () => void | Promise<void>>> = { up, status, down };
const [word = '', ...more] = process.argv.slice(2);
const verb = verbs[word];
try {
  if ([word, ...more].some((each) => each === '--help' || each === '-h')) console.log(USAGE);
  else if (verb && more.length === 0) await verb();
  else {
    console.error(USAGE);
    process.exitCode = 2;
  }
} catch (fault) {
  console.error(fault instanceof Error ? fault.message : fault);
  process.exitCode = 1;
}
