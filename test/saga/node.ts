import { randomBytes } from 'node:crypto';
import { NativeConnection } from '@temporalio/worker';
import { inject } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { type TemporalClient, temporalClient } from '../../src/adapters/temporal/connection.ts';
import { prepareNamespace } from '../../src/adapters/temporal/namespace.ts';
import { temporalProcesses } from '../../src/adapters/temporal/processes.ts';
import type { Processes } from '../../src/ports/processes.ts';
import { type Workers, startWorkers } from './workers.ts';

/** A node's Temporal side in a test: a namespace of its own, and workers that can be killed. */
export interface TestNode {
  readonly namespace: string;
  readonly temporal: TemporalClient;
  readonly processes: Processes;
  /** Starts workers with these parts. */
  work(deps: Omit<ActivityDeps, 'processes'>): Promise<Workers>;
  close(): Promise<void>;
}

const log = { debug: () => {}, info: () => {}, warn: () => {} };

export async function openTestNode(node: string, address = inject('temporalAddress')): Promise<TestNode> {
  const namespace = `test-${node}-${randomBytes(4).toString('hex')}`;
  const temporal = temporalClient({ address, namespace });
  await prepareNamespace({ temporal, namespace, node, retentionDays: 1, log });
  const processes = temporalProcesses({ temporal, node, log });
  const connection = await NativeConnection.connect({ address });
  return {
    namespace,
    temporal,
    processes,
    work: (deps) =>
      startWorkers({ connection, namespace, workflowBundle: { codePath: inject('workflowBundle') }, deps: { ...deps, processes } }),
    async close() {
      await connection.close();
      await temporal.close();
    },
  };
}
