/** How a node's account comes into the namespaces that are its own, against an API server that refuses it first. */
import { expect, test } from 'vitest';
import { openBinding } from '../../src/adapters/kubernetes/account.ts';
import { type Api, openApi } from '../../src/adapters/kubernetes/api.ts';
import { KINDS } from '../../src/adapters/kubernetes/kinds.ts';
import { type Answer, json, node, playApiServer, status } from './api-server.ts';

const at = playApiServer();
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const USER = 'system:serviceaccount:rearguard:rearguard-node';
const refused = (verb: string, resource: string, where: string, group = ''): Answer =>
  status(403, `${resource} is forbidden: User "${USER}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`);
const ours = { 'app.kubernetes.io/managed-by': 'rearguard' };

/** A cluster with one namespace `shop`, whose Secrets the account lists once it is bound and `late` refusals more are over. */
function play(labels: object | undefined, { late = 0, going = false, mayBind = true } = {}): Api {
  let bound = false;
  let left = late;
  at.answer = (request, response) => {
    const { method, path } = request;
    if (path.endsWith('/selfsubjectreviews')) return json(response, 201, { status: { userInfo: { username: USER } } });
    if (path.endsWith('/namespaces/shop'))
      return labels
        ? json(response, 200, node('shop', { labels, ...(going && { deletionTimestamp: 'now' }) }))
        : status(404)(request, response);
    if (method === 'PATCH' && path.endsWith('/namespaces/shop/rolebindings/rearguard-node')) {
      bound = mayBind;
      return mayBind ? json(response, 200, {}) : refused('patch', 'rolebindings', 'in the namespace "shop"')(request, response);
    }
    if (bound && left-- <= 0) return json(response, 200, { items: [node('a')], metadata: { resourceVersion: '1' } });
    return refused('list', 'secrets', 'in the namespace "shop"')(request, response);
  };
  return openApi(at.api.connection, quiet, undefined, openBinding);
}
const bindings = () => at.asked.filter(({ path }) => path.includes('rolebindings')).map(({ body }) => JSON.parse(body));

test.each([
  ['of ours', ours, 'rearguard-workload'],
  ['where we meet a peer, whoever made it', { 'liqo.io/tenant-namespace': 'true' }, 'rearguard-peering'],
])('in a namespace %s it binds itself, and asks again until the API server knows', async (_, labels, role) => {
  const api = play(labels, { late: 3 });
  expect((await api.list(KINDS.secret, { namespace: 'shop' })).items).toHaveLength(1);
  for (const bound of bindings())
    expect(bound).toMatchObject({
      kind: 'RoleBinding',
      roleRef: { kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: 'rearguard-node', namespace: 'rearguard' }],
    });
  expect(bindings().length).toBeGreaterThan(0);
});

test('many that are refused at once enter once', async () => {
  const api = play(ours);
  await Promise.all(Array.from({ length: 10 }, () => api.list(KINDS.secret, { namespace: 'shop' })));
  expect(bindings()).toHaveLength(1);
});

test('of a namespace that is not there it finds nothing, as whoever may look finds', async () => {
  const api = play(undefined);
  expect(await api.list(KINDS.secret, { namespace: 'shop' })).toEqual({ items: [], resourceVersion: '' });
  expect(await api.get(KINDS.secret, { namespace: 'shop', name: 'a' })).toBeUndefined();
  await api.remove(KINDS.secret, { namespace: 'shop', name: 'a' });
  const apply = api.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'shop', name: 'a' } });
  expect(await at.faultOf(apply)).toMatchObject({ code: 'CLUSTER_REFUSED', facts: { status: 404 } });
  expect(bindings()).toEqual([]);
});

test('one that is going passes; a user’s own is its user’s to open, by a command that is named', async () => {
  const list = (api: Api) => at.faultOf(api.list(KINDS.secret, { namespace: 'shop' }));
  expect(await list(play(ours, { going: true }))).toMatchObject({ code: 'STILL_THERE' });
  const theirs = await list(play({}));
  expect(theirs).toMatchObject({ code: 'CLUSTER_REFUSED', message: expect.stringContaining('cannot list resource "secrets"') });
  expect(theirs.message).toContain('`rearguard rbac --offloading-in shop | kubectl apply -f -`');
  expect(bindings()).toEqual([]);
});

test('an account that may not bind itself is told what gives it the right', async () => {
  const fault = await at.faultOf(play(ours, { mayBind: false }).list(KINDS.secret, { namespace: 'shop' }));
  expect(fault.code).toBe('CLUSTER_UNREACHABLE');
  expect(fault.message).toContain('`rearguard rbac | kubectl apply -f -`');
});

test.each([
  ['at the cluster scope', refused('patch', 'nodes', 'at the cluster scope'), /`rearguard rbac \| kubectl apply -f -`/],
  ['a role that it may not give', status(403, 'user "x" is attempting to grant RBAC permissions not currently held'), /`rearguard rbac \|/],
  ['what is refused for another reason', status(403, 'exceeded quota'), /exceeded quota$/],
])('%s: the refusal with its remedy', async (_, answer, words) => {
  at.answer = answer;
  const api = openApi(at.api.connection, quiet, undefined, openBinding);
  expect((await at.faultOf(api.merge(KINDS.node, { name: 'n' }, {}))).message).toMatch(words);
});

test.each([
  ['in the cluster', 'watch', KINDS.node, {}, 'at the cluster scope'],
  ['in our own namespace', 'get', KINDS.secret, { namespace: 'rearguard' }, 'in the namespace "rearguard"'],
] as const)(
  'a right that a node needs %s is waited for: an API server that starts knows of none yet',
  async (_, verb, kind, where, scope) => {
    at.answer = refused(verb, kind.plural, scope);
    const api = openApi(at.api.connection, quiet, undefined, openBinding);
    expect(await at.faultOf(api.list(kind, where))).toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
    at.answer = refused('list', 'secrets', 'at the cluster scope');
    expect(await at.faultOf(api.list(KINDS.secret))).toMatchObject({ code: 'CLUSTER_REFUSED', facts: { status: 403 } });
  },
);

test('a kind that no node makes by itself is one that its owner lets it make', async () => {
  const machines = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', plural: 'virtualmachines', namespaced: true };
  const answer = refused('list', 'virtualmachines', 'in the namespace "shop"', 'kubevirt.io');
  const api = openApi(at.api.connection, quiet, undefined, openBinding);
  at.answer = (request, response) => {
    if (request.path.endsWith('/virtualmachines')) return answer(request, response);
    if (request.path.endsWith('/namespaces/shop')) return json(response, 200, node('shop', { labels: ours }));
    return json(response, 201, { status: { userInfo: { username: USER } } });
  };
  expect((await at.faultOf(api.list(machines, { namespace: 'shop' }))).message).toContain(
    '`rearguard rbac --makes virtualmachines.kubevirt.io | kubectl apply -f -`',
  );
});
