/** Whatever role we give to anybody: it names what may be done to what, and opens no Secret and no verdict. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tenantRole } from '../../src/adapters/kubernetes/tenant-manifests.ts';
import type { Manifest } from '../../src/domain/manifest.ts';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** Every role that we apply. A file that makes one and is not named here fails below. */
const ROLES: Readonly<Record<string, readonly Manifest[]>> = { 'src/adapters/kubernetes/tenant-manifests.ts': [tenantRole()] };

const ROOT = join(import.meta.dirname, '../..');
/** A role itself: a binding names one by its `roleRef`, a table of kinds by its plural. */
const A_ROLE = /kind['"]?: *['"]?(?:Cluster)?Role['"]?(?=[,\s}])(?![^\n]*name: TENANT_ROLE)/;
const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|ya?ml|json|go|tpl)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('node_modules'));

test('whoever makes a role is known', () => {
  const makers = ['src', 'activities', 'workflows', 'deploy', 'scripts']
    .flatMap(filesBelow)
    .filter((file) => A_ROLE.test(readFileSync(join(ROOT, file), 'utf8')));
  expect(makers).toEqual(Object.keys(ROLES));
});

describe.each(Object.values(ROLES).flatMap((roles) => roles.map((role) => [role.metadata.name, role] as const)))('%s', (_, role) => {
  const rules = (role as Manifest & { readonly rules: readonly Rule[] }).rules;
  const said = (part: keyof Rule): readonly string[] => rules.flatMap((rule) => rule[part] ?? []);

  test('names verbs, groups and resources one by one', () => {
    expect(rules.length).toBeGreaterThan(0);
    for (const { apiGroups = [], resources = [], verbs = [] } of rules)
      for (const part of [apiGroups, resources, verbs]) expect(part.length).toBeGreaterThan(0);
    expect([...said('apiGroups'), ...said('resources'), ...said('verbs')].filter((word) => word.includes('*'))).toEqual([]);
    expect(said('nonResourceURLs')).toEqual([]);
  });

  test('opens nothing of the core, no status, and no way to more', () => {
    expect(said('apiGroups').filter((group) => !group.endsWith('.liqo.io'))).toEqual([]);
    expect(said('resources').filter((resource) => resource.includes('/') || resource === 'secrets')).toEqual([]);
    expect(said('verbs').filter((verb) => ['bind', 'escalate', 'impersonate', 'deletecollection'].includes(verb))).toEqual([]);
  });
});
