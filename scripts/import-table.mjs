// Who may import from whom: one row a folder. Writes the rows into .oxlintrc.json, since oxlint reads JSON only: node scripts/import-table.mjs
// A folder without a row may import its own files only. ARCHITECTURE.md says why.
import fs from 'node:fs';
import path from 'node:path';

const NODE = ['node:*', 'node:*/**'];
const adapter = (name, packages, more = {}) => ({
  folder: `src/adapters/${name}`,
  values: ['src/domain', 'src/rear', ...(more.values ?? [])],
  types: ['src/ports'],
  packages: [...packages, 'zod', ...NODE],
});
const http = {
  values: ['src/domain', 'src/documents', 'src/rear', 'workflows/messages.ts'],
  types: ['src/ports'],
  packages: ['hono', 'hono/**', '@hono/**', 'hono-rate-limiter', 'zod', ...NODE],
};
const workflow = { values: ['src/domain'], types: ['activities'], packages: ['@temporalio/workflow'] };

export const IMPORT_TABLE = [
  { folder: 'src/domain', packages: ['zod'] },
  { folder: 'src/documents', packages: ['yaml'] },
  { folder: 'src/ports', types: ['src/domain'] },
  { folder: 'src/rear', values: ['src/domain'], packages: ['zod', 'jose', 'canonicalize', 'structured-headers', 'node:crypto'] },
  { folder: 'workflows', ...workflow },
  { folder: 'workflows/consumer', room: 'workflows', ...workflow },
  { folder: 'workflows/provider', room: 'workflows', ...workflow },
  {
    folder: 'activities',
    values: ['src/domain'],
    types: ['src/ports'],
    packages: ['@temporalio/activity', '@temporalio/common'],
    typePackages: ['@temporalio/worker'],
  },
  adapter('audit', ['jose']),
  adapter('keys', ['jose']),
  adapter('kubernetes', ['@kubernetes/client-node', 'yaml']),
  adapter('oidc', ['jose']),
  adapter('postgres', ['postgres', 'postgrator', 'canonicalize']),
  adapter('rear-http', ['jose']),
  adapter('temporal', ['@temporalio/client', '@temporalio/common', '@temporalio/proto'], { values: ['workflows/messages.ts'] }),
  { folder: 'src/http', ...http },
  { folder: 'src/http/api', room: 'src/http', ...http },
  { folder: 'src/http/rear', room: 'src/http', ...http },
  {
    folder: 'src/cli',
    values: ['src/domain', 'src/documents', 'src/rear', 'workflows/messages.ts'],
    types: ['src/ports'],
    packages: ['commander', 'zod', ...NODE],
  },
];

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const from = (folder, target) => path.posix.relative(folder, target);
const under = (relative) => (relative.endsWith('.ts') ? relative : `${relative}/**`);

/** Patterns as .gitignore has them: the last that fits decides; what is not let in again by `!` is refused. */
function patternsOf({ folder, room, values = [], types = [], packages = [], typePackages = [] }) {
  const names = [
    ...values,
    ...types.map((each) => `types of ${each}`),
    ...packages.filter((each) => !each.includes('*')),
    ...typePackages.map((each) => `types of ${each}`),
  ];
  const message = `${folder} may import only itself${names.length > 0 ? `, ${names.join(', ')}` : ''}: the import table of ARCHITECTURE.md.`;
  const own = room ? [`!${from(folder, room)}/**`, `${from(folder, path.posix.dirname(room))}/**`] : [];
  const let_in = [...values, ...types].map((each) => `!${under(from(folder, each))}`);
  const regexOf = (each) => `^${escaped(from(folder, each))}/`;
  return [
    { regex: String.raw`(^|/)(\.|[^./][^/]*)/\.\./`, message: 'Write the shortest path, so that the import table sees where it leads.' },
    ...types.map((each) => ({ regex: regexOf(each), allowTypeImports: true, message })),
    ...typePackages.map((each) => ({ regex: `^${escaped(each)}$`, allowTypeImports: true, message })),
    { group: ['**', '!./**', ...own, ...let_in, ...[...packages, ...typePackages].map((each) => `!${each}`)], message },
  ];
}

const restricted = (patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

/** The overrides of .oxlintrc.json: first every folder is closed, then each row opens its own. */
export const importOverrides = () => [
  {
    files: ['src/**/*.ts', 'workflows/**/*.ts', 'activities/**/*.ts'],
    rules: restricted([{ group: ['**', '!./**'], message: 'This folder has no row in scripts/import-table.mjs: give it one.' }]),
  },
  { files: ['src/runtime/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  ...IMPORT_TABLE.map((row) => ({ files: [`${row.folder}/*.ts`], rules: restricted(patternsOf(row)) })),
];

if (process.argv[1] === import.meta.filename) {
  const file = path.resolve(import.meta.dirname, '../.oxlintrc.json');
  const configuration = JSON.parse(fs.readFileSync(file, 'utf8'));
  const others = configuration.overrides.filter(({ rules }) => !('no-restricted-imports' in rules));
  fs.writeFileSync(file, `${JSON.stringify({ ...configuration, overrides: [...others, ...importOverrides()] }, null, 2)}\n`);
}
