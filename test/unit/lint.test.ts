import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { TABLE } from './import-cells.ts';

const root = path.resolve(import.meta.dirname, '../..');
const oxlint = path.join(root, 'node_modules/oxlint/bin/oxlint');
type Planted = readonly (readonly [file: string, text: string])[];

/** What oxlint says of a folder: `file: rule`, each once. */
const lint = (folder: string): { readonly status: number | null; readonly found: readonly string[] } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [oxlint, '--deny-warnings', '-f', 'json'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly { filename: string; code: string }[] };
  return { status, found: [...new Set(diagnostics.map(({ filename, code }) => `${filename}: ${code}`))].toSorted() };
};
/** Lints a house of these files alone, under our configuration: one run for all of them, since a run costs more than a file. */
const lintPlanted = (planted: Planted): ReturnType<typeof lint> => {
  const house = mkdtempSync(path.join(tmpdir(), 'rearguard-lint-'));
  try {
    cpSync(path.join(root, '.oxlintrc.json'), path.join(house, '.oxlintrc.json'));
    for (const [file, text] of planted) {
      mkdirSync(path.join(house, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(house, file), text);
    }
    return lint(house);
  } finally {
    rmSync(house, { recursive: true, force: true });
  }
};
const RESTRICTED = 'eslint(no-restricted-imports)';

const rows = Object.entries(TABLE);
const value = (from: string) => `import { it } from '${from}';\nconsole.log(it);\n`;
const type = (from: string) => `import type { It } from '${from}';\nexport const it = (it: It): It => it;\n`;
const fileOf = (folder: string, kind: string, i: number) => `${folder}/planted-${kind}-${i}.ts`;
const restrictedIn = (found: readonly string[]) =>
  found.filter((line) => line.endsWith(RESTRICTED)).map((line) => line.slice(0, -RESTRICTED.length - 2));

const violations = ({ folder, types = [], never }: { folder: string; types?: readonly string[]; never: readonly string[] }): Planted => [
  ...never.flatMap(
    (from, i): Planted => [
      [fileOf(folder, 'never', i), value(from)],
      [fileOf(folder, 'never-type', i), type(from)],
    ],
  ),
  ...types.map((from, i) => [fileOf(folder, 'value-of-type', i), value(from)] as const),
  ...never.slice(0, 1).flatMap(
    (from): Planted => [
      [fileOf(folder, 'export', 0), `export { it } from '${from}';\n`],
      [fileOf(folder, 'star', 0), `export * from '${from}';\n`],
      [fileOf(folder, 'bare', 0), `import '${from}';\n`],
      [fileOf(folder, 'dynamic', 0), `export const it = await import('${from}');\n`],
    ],
  ),
];

describe('the import table', () => {
  const bad = rows.map(([folder, row]) => [folder, violations({ folder, ...row })] as const);
  const lintedBad = lintPlanted(bad.flatMap(([, planted]) => planted));
  it.each(bad)('%s: each violation is found, by its file', (folder, planted) => {
    const here = restrictedIn(lintedBad.found).filter((file) => path.posix.dirname(file) === folder);
    expect(here).toEqual(planted.map(([file]) => file).toSorted());
    expect(lintedBad.status).not.toBe(0);
  });

  it('what may be imported, may', () => {
    const wiring = [
      '../adapters/postgres/store.ts',
      '../http/api/app.ts',
      '../../activities/index.ts',
      '../../workflows/messages.ts',
      'pino',
      '@temporalio/worker',
    ];
    const good = rows.flatMap(
      ([folder, { values, types = [] }]): Planted => [
        ...values.map((from, i) => [fileOf(folder, 'value', i), value(from)] as const),
        ...[...values, ...types].map((from, i) => [fileOf(folder, 'type', i), type(from)] as const),
      ],
    );
    expect(lintPlanted([...good, ...wiring.map((from, i) => [fileOf('src/runtime', 'value', i), value(from)] as const)])).toEqual({
      status: 0,
      found: [],
    });
  });

  it('is written into the configuration from one place', async () => {
    const { importOverrides, IMPORT_TABLE } = (await import('../../scripts/import-table.mjs' as string)) as {
      importOverrides: () => unknown;
      IMPORT_TABLE: readonly { folder: string }[];
    };
    const { overrides } = JSON.parse(readFileSync(path.join(root, '.oxlintrc.json'), 'utf8')) as {
      overrides: readonly { rules: object }[];
    };
    const written = overrides.filter(({ rules }) => 'no-restricted-imports' in rules);
    expect(written, 'run node scripts/import-table.mjs').toEqual(importOverrides());
    expect(Object.keys(TABLE)).toEqual(expect.arrayContaining(IMPORT_TABLE.map(({ folder }) => folder)));
    expect(IMPORT_TABLE.filter(({ folder }) => !existsSync(path.join(root, folder)))).toEqual([]);
  });
});

describe('other laws that lint alone finds', () => {
  const laws: readonly (readonly [string, string, string])[] = [
    ['a cycle', "import { back } from './back.ts';\nexport const it = (): number => back();\n", 'import(no-cycle)'],
    ['a default export', 'const it = 1;\nexport default it;\n', 'import(no-default-export)'],
    ['any', 'export const it = (of: any): unknown => of;\n', 'typescript(no-explicit-any)'],
    ['!', 'export const it = (of?: string): string => of!;\n', 'typescript(no-non-null-assertion)'],
    ['the clock in pure code', 'export const it = (): number => Date.now();\n', 'eslint(no-restricted-properties)'],
    ['chance in pure code', 'export const it = (): number => Math.random();\n', 'eslint(no-restricted-properties)'],
    ['the environment in pure code', "export const it = (): unknown => process.env['A'];\n", 'eslint(no-restricted-globals)'],
    ['require', "export const it = require('zod');\n", 'typescript(no-require-imports)'],
  ];
  const { found } = lintPlanted([
    ...laws.map(([, text], i) => [`src/domain/law-${i}.ts`, text] as const),
    ['src/domain/back.ts', "import { it } from './law-0.ts';\nexport const back = (): number => it();\n"],
  ]);
  it.each(laws.map(([name, , rule], i) => [name, `src/domain/law-${i}.ts: ${rule}`]))('%s', (_, line) => expect(found).toContain(line));
});

it('our own tree is clean', { timeout: 60_000 }, () => expect(lint(root)).toEqual({ status: 0, found: [] }));
