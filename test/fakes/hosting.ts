/** `Hosting` in memory: passes the suite that the real one passes. */
import type { Values } from '../../src/domain/blueprint.ts';
import { Fault } from '../../src/domain/faults.ts';
import type { AcquisitionId, ContractId } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import type { Hosting } from '../../src/ports/hosting.ts';

interface Row {
  readonly values: Values;
  manifests: readonly Manifest[];
  ready: boolean;
}

export interface MemoryHosting {
  readonly hosting: Hosting;
  /** What stands of an instance. */
  made(contract: ContractId): readonly Manifest[] | undefined;
  /** What was applied here for an acquisition. */
  hosted(acquisition: AcquisitionId): readonly Manifest[] | undefined;
  /** What stands of instances, for leak reports. */
  objects(): readonly string[];
  /** From now on what is made becomes ready, or never does. */
  setReady(ready: boolean): void;
}

/** Kinds that it knows. */
const KNOWN = ['Secret', 'Service', 'ConfigMap', 'Deployment', 'StatefulSet', 'Pod', 'Job', 'VirtualMachine', 'Gateway'];

export function memoryHosting(): MemoryHosting {
  const rows = new Map<ContractId, Row>();
  const bought = new Map<AcquisitionId, readonly Manifest[]>();
  const check = (made: readonly Manifest[]): void => {
    const strange = made.find(({ kind }) => !KNOWN.includes(kind));
    if (strange) throw new Fault('WORKLOAD_REFUSED', `this cluster has no ${strange.apiVersion} ${strange.kind}`);
  };
  let becomesReady = true;
  const find = (row: Row, kind: string, name: string): Manifest | undefined =>
    row.manifests.find((each) => each.kind === kind && each.metadata.name === name);
  const hosting: Hosting = {
    async instantiate({ contract, values, manifests }, wait) {
      wait.signal?.throwIfAborted();
      const row = rows.get(contract) ?? { values: values(), manifests: [], ready: false };
      rows.set(contract, row);
      const made = manifests(row.values);
      check(made);
      row.manifests = made;
      if (!becomesReady) throw new Fault('WORKLOAD_TIMEOUT', `the instance of ${contract} is not ready in time`, { contract });
      row.ready = true;
    },
    async look({ contract, secret, endpoint }) {
      const row = rows.get(contract);
      if (!row) return undefined;
      const mounted = find(row, 'Secret', secret);
      const host = endpoint && (endpoint.host ?? `${endpoint.service}.${contract}.svc`);
      return {
        ready: row.ready && becomesReady,
        values: row.values,
        ...(mounted && { secret: mounted['stringData'] as Readonly<Record<string, string>> }),
        ...(endpoint && host && find(row, 'Service', endpoint.service) && { endpoint: { host, port: endpoint.port } }),
      };
    },
    async remove({ contract }) {
      rows.delete(contract);
    },
    async instances() {
      return [...rows.keys()];
    },
    async hostBought({ acquisition, manifests }, wait) {
      wait.signal?.throwIfAborted();
      bought.set(acquisition, bought.get(acquisition) ?? []);
      check(manifests);
      bought.set(acquisition, manifests);
      if (!becomesReady) throw new Fault('WORKLOAD_TIMEOUT', `what is of ${acquisition} is not ready in time`, { acquisition });
    },
    async removeBought({ acquisition }) {
      bought.delete(acquisition);
    },
    async bought() {
      return [...bought.keys()];
    },
  };
  return {
    hosting,
    made: (contract) => rows.get(contract)?.manifests,
    hosted: (acquisition) => bought.get(acquisition),
    objects: () => [
      ...[...rows.keys()].map((contract) => `instance of ${contract}`),
      ...[...bought.keys()].map((acquisition) => `hosted of ${acquisition}`),
    ],
    setReady(ready) {
      becomesReady = ready;
    },
  };
}
