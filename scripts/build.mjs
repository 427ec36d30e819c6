// Compiles the TypeScript to dist/ and bundles the workflows once, so that workers start with a ready bundle. Does nothing when nothing has changed.
// `--whole` makes dist/ a folder instead of a link: npm packs no links.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { buildOnce } from './build-once.mjs';

const root = path.resolve(import.meta.dirname, '..');
const SOURCES = [
  'src',
  'workflows',
  'activities',
  'deploy',
  'test',
  'vitest.config.ts',
  'tsconfig.json',
  'package.json',
  'package-lock.json',
  'scripts/build.mjs',
];
const quiet = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };

// The SDK (1.24) writes a stack down for every promise of a workflow: with V8's ten frames that took two fifths of the thread which all workflows share. The first ones tell where an
// error came from. Set before the bundle runs, since the SDK freezes `Error` after it; on its first line, so that source maps stay true.
const SHORT_STACKS = 'Error.stackTraceLimit = 3; ';

async function make(dist) {
  const { status } = spawnSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', root, '--outDir', dist], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('not built: the compiler found faults');
  // Migrations are read at run time, beside the code that runs them.
  const migrations = 'src/adapters/postgres/migrations';
  fs.cpSync(path.join(root, migrations), path.join(dist, migrations), { recursive: true });
  // Temporal loads it by its path.
  const converter = 'src/adapters/temporal/failure-converter.cjs';
  fs.copyFileSync(path.join(root, converter), path.join(dist, converter));
  /** One for nodes without `temporal.payloadKeys`, one whose workflows write failures that can be encrypted. */
  const bundles = [
    ['workflow-bundle.js', {}],
    ['workflow-bundle.sealed.js', { failureConverterPath: path.join(root, converter) }],
  ];
  // Half a second to load, which a build that has nothing to do need not wait for.
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const workflowsPath = path.join(root, 'workflows/index.ts');
  for (const [name, options] of bundles) {
    // Evaluated once per worker, frozen and shared by all workflows, which otherwise evaluated all of it anew: no module of it may keep anything (docs/decisions/0063).
    const { code } = await bundleWorkflowCode({ workflowsPath, preloadModules: [workflowsPath], logger: quiet, ...options });
    // What is large or slow has no place in it (docs/decisions/0005).
    if (code.includes('node_modules/zod/')) throw new Error('the workflow bundle contains zod: validate in an activity');
    fs.writeFileSync(path.join(dist, name), SHORT_STACKS + code);
  }
}

try {
  await buildOnce({ root, sources: SOURCES, wanted: /\.(ts|json|sql|cjs)$/, make });
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
if (process.argv.includes('--whole')) {
  const dist = path.join(root, 'dist');
  const folder = fs.realpathSync(dist);
  fs.rmSync(dist);
  fs.cpSync(folder, dist, { recursive: true });
}
