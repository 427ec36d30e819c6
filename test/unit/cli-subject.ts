/** The command line over the management API over memory, made anew before each test. */
import { beforeEach } from 'vitest';
import { CommandFailed, type Fetcher } from '../../src/cli/client.ts';
import { runProgram } from '../../src/cli/program.ts';
import { managementApi } from '../../src/http/api/app.ts';
import { isBehind, pageIn, type PageOf } from '../../src/domain/pages.ts';
import type { BlueprintSale, SalePlace } from '../../src/ports/blueprints.ts';
import type { Callers } from '../../src/ports/callers.ts';
import type { Contracts } from '../../src/ports/contracts.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import type { Signer } from '../../src/ports/signer.ts';
import { callersOf, openToAll } from '../fakes/callers.ts';
import { signerAt } from '../fakes/keys.ts';
import { type MemoryAudit, memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { type MemoryProcesses, memoryProcesses } from '../fakes/memory-processes.ts';
import { type MemoryRecords, memoryRecords } from '../fakes/memory-records.ts';
import { handClock } from '../fakes/samples.ts';

export const clock = handClock();
export const YAML = `
apiVersion: rearguard.dev/v1
kind: Intent
metadata: {name: web}
spec:
  workload: {namespace: shop}
  resources: {cpu: 100m, memory: 64Mi, pods: 1}
`;
export let fake: MemoryProcesses;
export let history: MemoryAudit;
export let fetcher: Fetcher;
/** The same of a node that asks for tokens. */
export let guarded: Fetcher;
export let contracts: Contracts;
export let records: MemoryRecords;
export let inventory: Inventory;
/** The same of a node with these keys. */
export let servedWith: (signer: Signer) => Fetcher;
/** What the node says of its blueprints. */
export let blueprintSales: BlueprintSale[];
beforeEach(() => {
  fake = memoryProcesses({ clock });
  history = memoryAudit({ clock });
  const memory = memoryInventory({ clock });
  records = memoryRecords({ clock });
  inventory = memory.inventory;
  contracts = memory.contracts;
  blueprintSales = [];
  const deps = {
    processes: fake.processes,
    inventory,
    blueprints: {
      page: async (of: PageOf<SalePlace>) =>
        pageIn(blueprintSales, of, { place: ({ writtenIn, name, flavor }): SalePlace => [writtenIn, name, flavor], isAfter: isBehind }),
    },
    contracts,
    ...records,
    audit: history.audit,
    chain: history.chain,
    signer: signerAt('alice.example:3004', clock),
    clock,
    limitsOf: () => ({ holds: 5, cpu: '64', credit: [{ amount: '9', currency: 'EUR' }] }),
    bodyLimitBytes: 100_000,
  };
  const served = (callers: Callers, signer: Signer = deps.signer): Fetcher => {
    const app = managementApi({ ...deps, signer }, { log: { info: () => {}, error: () => {} }, version: '0', loopbackOnly: true, callers });
    return async (url, init) => {
      const request = new Request(url, init);
      request.headers.set('host', '127.0.0.1:3005');
      return await app.fetch(request);
    };
  };
  fetcher = served(openToAll);
  servedWith = (signer) => served(openToAll, signer);
  guarded = served(callersOf({ 'rgt_v-1': { name: 'ann', role: 'viewer' }, 'rgt_o-1': { name: 'bob', role: 'operator' } }));
});

export async function rearguard(
  argv: readonly string[],
  more: {
    /** What stands in a file of whatever name; `files` by name. */
    readonly file?: string;
    readonly files?: Readonly<Record<string, string>>;
    readonly fetch?: Fetcher;
    readonly environment?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
    /** What is printed, as it is. */
    readonly hear?: (words: string) => void;
  } = {},
) {
  const said = { out: '', err: '' };
  const exit = await runProgram(argv, {
    output: {
      out(words) {
        said.out += words;
        more.hear?.(words);
      },
      err: (words) => void (said.err += words),
    },
    environment: more.environment ?? {},
    readInput: async (file) => {
      const text = more.files?.[file] ?? more.file;
      if (text === undefined) throw new CommandFailed(`cannot read ${file} (ENOENT)`, 2);
      return text;
    },
    now: () => clock.now(),
    signal: more.signal ?? AbortSignal.timeout(20_000),
    version: '0',
    fetch: more.fetch ?? fetcher,
  });
  return { exit, ...said };
}
