// Compiles the TypeScript to dist/ and bundles the workflows once, so that workers start with a ready bundle.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

const root = path.resolve(import.meta.dirname, '..');
fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', root], { stdio: 'inherit' });
// Migrations are read at run time, beside the code that runs them.
const migrations = 'src/adapters/postgres/migrations';
fs.cpSync(path.join(root, migrations), path.join(root, 'dist', migrations), { recursive: true });
// Temporal loads it by its path.
const converter = 'src/adapters/temporal/failure-converter.cjs';
fs.copyFileSync(path.join(root, converter), path.join(root, 'dist', converter));
const quiet = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };
/** One for nodes without `temporal.payloadKeys`, one whose workflows write failures that can be encrypted. */
const bundles = [
  ['dist/workflow-bundle.js', {}],
  ['dist/workflow-bundle.sealed.js', { failureConverterPath: path.join(root, converter) }],
];
for (const [name, options] of bundles) {
  const { code } = await bundleWorkflowCode({ workflowsPath: path.join(root, 'workflows/index.ts'), logger: quiet, ...options });
  // The bundle is evaluated anew for each workflow: what is large or slow to start has no place in it (docs/decisions/0005).
  if (code.includes('node_modules/zod/')) throw new Error('the workflow bundle contains zod: validate in an activity');
  const file = path.join(root, name);
  fs.writeFileSync(`${file}.part`, code);
  fs.renameSync(`${file}.part`, file);
}
