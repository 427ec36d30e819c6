import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';
import { startTemporal } from '../../deploy/playground/temporal.ts';
import { bundleFor, dataConverter } from '../../src/adapters/temporal/codec.ts';
import { setup as setUpStore } from '../store/setup.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of a Temporal dev server. */
    temporalAddress: string;
    /** A file with the workflow bundle; the sealed one lies beside it. */
    workflowBundle: string;
  }
}

/** One real Temporal and one real Postgres for all saga tests, and the workflows bundled once. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stopStore = await setUpStore(project);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rearguard-saga-'));
  const temporal = await startTemporal();
  const bundle = path.join(folder, 'workflow-bundle.js');
  const workflowsPath = path.resolve(import.meta.dirname, '../../workflows/index.ts');
  for (const keys of [[], ['any']]) {
    const { failureConverterPath } = dataConverter(keys);
    const { code } = await bundleWorkflowCode({
      workflowsPath,
      // As the build has it.
      preloadModules: [workflowsPath],
      workflowInterceptorModules: [path.resolve(import.meta.dirname, 'hasty.ts')],
      logger: { log: () => {}, trace: () => {}, debug: () => {}, info: () => {}, warn: console.warn, error: console.error },
      ...(failureConverterPath !== undefined && { failureConverterPath }),
    });
    fs.writeFileSync(bundleFor(bundle, keys), code);
  }
  project.provide('temporalAddress', temporal.address);
  project.provide('workflowBundle', bundle);
  return async () => {
    await temporal.stop();
    await stopStore();
    fs.rmSync(folder, { recursive: true, force: true });
  };
}
