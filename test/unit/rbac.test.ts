/** What `rearguard rbac` prints. */
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { BOUGHT_SLICES, INTENT_PODS, VIRTUAL_NODES } from '../../src/adapters/kubernetes/sharing.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { rbacCommand } from '../../src/runtime/rbac-command.ts';

interface Role extends Manifest {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}
async function printed(...options: readonly string[]): Promise<string> {
  let text = '';
  const program = new Command('rearguard').option('--json').exitOverride();
  rbacCommand(program, { out: (words) => (text += words), err: () => undefined });
  await program.parseAsync(options, { from: 'user' });
  return text;
}
const manifests = async (...options: readonly string[]): Promise<readonly Manifest[]> =>
  parseAllDocuments(await printed(...options)).map((document) => document.toJS() as Manifest);
const rolesOf = (all: readonly Manifest[]): readonly Role[] =>
  all.filter((each): each is Role => each.kind === 'ClusterRole' || each.kind === 'Role');

test('roles name verbs and resources, none of them by a wildcard; Secrets and what runs are bound in single namespaces only', async () => {
  const all = await manifests('rbac');
  const roles = rolesOf(all);
  expect(
    roles.flatMap(({ rules }) => rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs])),
  ).not.toContain('*');
  const everywhere = all.filter(({ kind }) => kind === 'ClusterRoleBinding').map((each) => (each['roleRef'] as { name: string }).name);
  expect(everywhere).toEqual(['rearguard-node']);
  const wide = roles
    .filter(({ kind, metadata }) => kind === 'ClusterRole' && everywhere.includes(metadata.name))
    .flatMap(({ rules }) => rules);
  expect(wide.flatMap(({ resources }) => resources).filter((each) => /secrets|configmaps|token|exec|proxy/.test(each))).toEqual([]);
  const making = wide.filter(({ verbs }) => verbs.includes('create')).flatMap(({ resources }) => resources);
  expect(making).not.toEqual(expect.arrayContaining(['pods']));
  expect(wide.flatMap(({ verbs }) => verbs)).not.toContain('escalate');
});

test('kinds of the table are named with their groups', async () => {
  const named = new Set(
    Object.values(KINDS).map(({ plural, apiVersion }) => `${plural} ${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}`),
  );
  for (const { rules } of rolesOf(await manifests('rbac')))
    for (const { apiGroups, resources } of rules) expect(named).toContain(`${resources[0]?.split('/')[0]} ${apiGroups[0]}`);
});

test.each([VIRTUAL_NODES.kind, BOUGHT_SLICES.kind, INTENT_PODS.kind, KINDS.definition])(
  'what is followed as a whole, $plural, is listed and watched under whatever name in the whole cluster',
  async ({ plural }) => {
    const [node] = rolesOf(await manifests('rbac')).filter(
      ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'rearguard-node',
    );
    const rules = node?.rules.filter(({ resources, resourceNames }) => resources.includes(plural) && resourceNames === undefined) ?? [];
    expect(rules.flatMap(({ verbs }) => verbs)).toEqual(expect.arrayContaining(['list', 'watch']));
  },
);

test('the account is where the node is, and the fence is about that account', async () => {
  const all = await manifests('rbac', '--namespace', 'market');
  expect(all.find(({ kind }) => kind === 'ServiceAccount')?.metadata).toMatchObject({ name: 'rearguard-node', namespace: 'market' });
  for (const each of all.filter(({ kind }) => kind.endsWith('RoleBinding')))
    expect(each['subjects']).toEqual([{ kind: 'ServiceAccount', name: 'rearguard-node', namespace: 'market' }]);
  expect(JSON.stringify(all.find(({ kind }) => kind === 'ValidatingAdmissionPolicy'))).toContain(
    "request.userInfo.username == 'system:serviceaccount:market:rearguard-node'",
  );
});

test('what blueprints make is let in beside the rest; namespaces of a user’s own are opened by themselves', async () => {
  const [before, after] = [await manifests('rbac'), await manifests('rbac', '--makes', 'virtualmachines.kubevirt.io', 'endpoints')];
  const rulesOf = (all: readonly Manifest[]) => rolesOf(all).find(({ metadata }) => metadata.name === 'rearguard-workload')?.rules ?? [];
  const verbs = ['get', 'list', 'watch', 'create', 'patch', 'delete'];
  expect(rulesOf(after).slice(rulesOf(before).length)).toEqual([
    { apiGroups: ['kubevirt.io'], resources: ['virtualmachines'], verbs },
    { apiGroups: [''], resources: ['endpoints'], verbs },
  ]);
  const own = await manifests('rbac', '--offloading-in', 'shop', 'web');
  expect(own.map(({ kind, metadata, ...more }) => [kind, metadata.namespace, (more['roleRef'] as { name: string }).name])).toEqual([
    ['RoleBinding', 'shop', 'rearguard-offloading'],
    ['RoleBinding', 'web', 'rearguard-offloading'],
  ]);
});

test('as JSON it is one list; what cannot be a name is refused', async () => {
  expect(JSON.parse(await printed('--json', 'rbac'))).toMatchObject({ apiVersion: 'v1', kind: 'List', items: await manifests('rbac') });
  await expect(printed('rbac', '--namespace', 'Not one')).rejects.toThrow(/cannot be the name of a namespace/);
  await expect(printed('rbac', '--makes', '*')).rejects.toThrow(/is no kind/);
});

test.each([
  ['virtualmachines', /^virtualmachines is no resource of Kubernetes' own group: .*virtualmachines\.kubevirt\.io$/],
  ['virtualmachines.', /^virtualmachines is no resource/],
  ['foo', /^foo is no resource/],
  ['deployments', /^deployments is no resource/],
  ['configmap', /^configmap is no resource .*; did you mean configmaps\?$/],
])('a kind without its group is refused where Kubernetes has none of that name: %s', async (name, words) => {
  await expect(printed('rbac', '--makes', 'services', name)).rejects.toMatchObject({ message: expect.stringMatching(words), exit: 2 });
});
