/**
 * Golden manifests: what each pure function makes of its ids is `test/unit/manifests/<name>.json`. A change of one is a change of what stands in other
 * people's clusters, so it shows in a review; `UPDATE_GOLDEN=1` writes them.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { serviceSecret } from '../../src/adapters/kubernetes/handover.ts';
import { fencesOf } from '../../src/adapters/kubernetes/hosted.ts';
import { KINDS, kindOf, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import { podPolicy } from '../../src/adapters/kubernetes/pod-policy.ts';
import { namespacePolicy, slicePolicy } from '../../src/adapters/kubernetes/policies.ts';
import { remoteIdentity, resourceSlice, storedCredentials } from '../../src/adapters/kubernetes/slice-manifests.ts';
import {
  meetingPlace,
  ownNamespace,
  tenant,
  tenantBinding,
  tenantBounds,
  tenantRole,
  tenantServiceAccount,
} from '../../src/adapters/kubernetes/tenant-manifests.ts';
import { namespaceOffloading } from '../../src/adapters/kubernetes/workload-manifests.ts';
import { hostedBound } from '../../src/domain/hosted.ts';
import { acquisitionId, clusterId, contractId } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { OWNED_KINDS } from '../../src/domain/owned-objects.ts';

const [south, north] = [clusterId('south'), clusterId('north')];
const acquisition = acquisitionId('c0ffee00beef-1');
const contract = contractId('contract-5f2b9c0d1e3a4b5c6d7e8f9a0b1c2d3e');
const resources = { cpu: '2', memory: '4Gi', pods: '10' };
/** Not a kubeconfig: these functions do not read it. */
const kubeconfig = '{"a":"kubeconfig"}';

const MADE: Readonly<Record<string, Manifest | readonly Manifest[]>> = {
  'service-secret': serviceSecret({
    namespace: 'intent-shop',
    service: 'db',
    acquisition,
    handover: { secret: { username: 'user', password: 'made-up' }, endpoint: { host: 'db.example', port: 5432 } },
  }),
  'hosted-fences': fencesOf({ acquisition, manifests: [], bound: hostedBound() }),
  'hosted-fences-of-both': fencesOf({
    acquisition,
    manifests: [],
    bound: hostedBound({ cpu: '500m', storage: 0 }),
    sellersPart: { host: 'db.example', port: 5432 },
  }),
  'hosted-fences-of-an-address': fencesOf({
    acquisition,
    manifests: [],
    bound: hostedBound(),
    sellersPart: { host: '2001:DB8:0::1', port: 5432 },
  }),
  'own-namespace': ownNamespace(),
  'tenant-namespace': meetingPlace(south),
  'tenant-role': tenantRole(),
  'tenant-account': tenantServiceAccount(south),
  'tenant-binding': tenantBinding(south),
  'tenant-bounds': tenantBounds(south),
  'tenant-active': tenant(south),
  'tenant-drained': tenant(south, 'Drained'),
  'policy-of-slices': slicePolicy(),
  'policy-of-namespaces': namespacePolicy(),
  'policy-of-pods': podPolicy(),
  'stored-credentials': storedCredentials({ acquisition, seller: north, kubeconfig, renewable: true }),
  'remote-identity': remoteIdentity({ seller: north, self: south, kubeconfig }),
  'resource-slice': resourceSlice({ self: south, seller: north, acquisition, contract, resources, sliceClass: 'rearguard' }),
  'resource-slice-with-gpus': resourceSlice({
    self: south,
    seller: north,
    acquisition,
    contract,
    resources: { ...resources, gpu: '2' },
    gpus: { resource: 'amd.com/gpu' },
    sliceClass: 'rearguard',
  }),
  'offloading-of-a-run': namespaceOffloading({ namespace: 'mine', sellers: [north], owner: { intent: 'shop', runId: 'run-1' } }),
  'resource-slice-of-a-fluidos-seller': resourceSlice({
    self: south,
    seller: north,
    acquisition,
    contract,
    resources: { ...resources, storage: '20Gi' },
    sliceClass: 'default',
  }),
};
const ROOT = join(import.meta.dirname, 'manifests');
const update = process.env['UPDATE_GOLDEN'] !== undefined;

describe('golden manifests', () => {
  test.each(Object.entries(MADE))('%s', (name, made) => {
    const file = join(ROOT, `${name}.json`);
    const text = `${JSON.stringify(made, undefined, 2)}\n`;
    if (update) writeFileSync(file, text);
    expect(existsSync(file), `${file} is missing: UPDATE_GOLDEN=1 writes it`).toBe(true);
    // As data: the formatter lays out the files.
    expect(JSON.parse(text)).toStrictEqual(JSON.parse(readFileSync(file, 'utf8')));
  });

  test('no golden file is without its manifest', () => {
    const files = readdirSync(ROOT).map((file) => basename(file, '.json'));
    expect(files.toSorted()).toEqual(Object.keys(MADE).toSorted());
  });
});

describe('what must not slip in', () => {
  test.each(['169.254.169.254', '2852039166', '::ffff:169.254.169.254', '100.100.100.200', 'fd00:ec2::254', '127.0.0.1'])(
    'the fence does not open for a seller’s part at %s',
    (host) => {
      const sellersPart = { host, port: 80 };
      expect(fencesOf({ acquisition, manifests: [], bound: hostedBound(), sellersPart })).toEqual(
        fencesOf({ acquisition, manifests: [], bound: hostedBound() }),
      );
    },
  );

  test('a tenant may write no status: with it a tenant accepts its own slice', () => {
    const { rules } = tenantRole() as unknown as { rules: readonly { resources: readonly string[]; verbs: readonly string[] }[] };
    expect(rules.flatMap(({ resources }) => resources).toSorted()).toEqual(['namespacemaps', 'renews', 'resourceslices']);
    expect(rules.flatMap(({ verbs }) => verbs)).not.toContain('*');
  });

  test('stored credentials start no replication', () => {
    expect(
      Object.keys(storedCredentials({ acquisition, seller: north, kubeconfig, renewable: true }).metadata.labels ?? {}).join(),
    ).not.toContain('liqo.io');
  });

  test('every kind that a leak report reads has its place in the table of paths', () => {
    expect(OWNED_KINDS.filter((kind) => kindOf(kind) === undefined)).toEqual([]);
  });

  test.each([
    ['a collection everywhere', pathOf(KINDS.secret), '/api/v1/secrets'],
    ['a collection', pathOf(KINDS.quota, { namespace: 'a' }), '/apis/offloading.liqo.io/v1beta1/namespaces/a/quotas'],
    ['an object of the cluster', pathOf(KINDS.node, { namespace: 'ignored', name: 'n' }), '/api/v1/nodes/n'],
    ['a subresource', pathOf(KINDS.pod, { namespace: 'a', name: 'b', sub: 'log' }), '/api/v1/namespaces/a/pods/b/log'],
    [
      'a name that would leave the path',
      pathOf(KINDS.secret, { namespace: '../x', name: 'a/b?c' }),
      '/api/v1/namespaces/..%2Fx/secrets/a%2Fb%3Fc',
    ],
  ])('%s', (_, path, wanted) => {
    expect(path).toBe(wanted);
  });
});
