/** Who runs what of a blueprint, and what a buyer takes of it. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/domain/contract.ts';
import { HOSTED_BY, type Side, answersAt, handedOverHere, manifestsAt, sharingProblems } from '../../src/domain/hosted.ts';
import type { HostingPolicy } from '../../src/domain/flavor.ts';
import { offerProblems } from '../../src/domain/hosted-offer.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';

const made = (kind: string, name: string, annotations?: Manifest['metadata']['annotations']): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, ...(annotations && { annotations }) },
});
const CONSUMER = { [HOSTED_BY]: 'consumer' };
const SECRET = made('Secret', 's');
const MANIFESTS = [
  SECRET,
  made('Service', 'store'),
  made('Pod', 'store'),
  made('Service', 'near', CONSUMER),
  made('Pod', 'near', { ...CONSUMER, other: 'x' }),
];
const blueprint = { manifests: MANIFESTS, secret: 's' };
const namesAt = (side: Side, policy: HostingPolicy) =>
  manifestsAt(side, policy, blueprint).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const ALL = ['Secret s', 'Service store', 'Pod store', 'Service near', 'Pod near'];

describe('who runs what', () => {
  test.each<[HostingPolicy, Side, readonly string[]]>([
    ['Provider', 'seller', ALL],
    ['Provider', 'buyer', []],
    ['Consumer', 'seller', []],
    ['Consumer', 'buyer', ALL],
    ['Shared', 'seller', ['Secret s', 'Service store', 'Pod store']],
    ['Shared', 'buyer', ['Secret s', 'Service near', 'Pod near']],
  ])('%s, at the %s', (policy, side, names) => expect(namesAt(side, policy)).toEqual(names));

  test('our word of whose it is goes nowhere, and other annotations stay', () => {
    expect(manifestsAt('buyer', 'Shared', blueprint).map(({ metadata }) => metadata.annotations)).toEqual([
      undefined,
      undefined,
      { other: 'x' },
    ]);
    expect(JSON.stringify(manifestsAt('seller', 'Provider', blueprint))).not.toContain(HOSTED_BY);
  });

  test.each<[HostingPolicy, string, Side]>([
    ['Provider', 'near', 'seller'],
    ['Consumer', 'store', 'buyer'],
    ['Shared', 'store', 'seller'],
    ['Shared', 'near', 'buyer'],
  ])('%s: what answers as %s is at the %s', (policy, service, side) =>
    expect(answersAt(policy, { ...blueprint, endpoint: { service } })).toBe(side),
  );
});

describe('a blueprint that cannot be shared out', () => {
  const problems = (manifests: readonly Manifest[], hostingPolicies: readonly HostingPolicy[] = ['Shared']) =>
    sharingProblems({ manifests, secret: 's', hostingPolicies });
  test.each<[string, readonly Manifest[], readonly string[]]>([
    ['nothing of it is the buyer’s', MANIFESTS.slice(0, 3), [expect.stringContaining('consumer, which its buyer hosts')]],
    [
      'nothing but the Secret is the seller’s',
      [SECRET, made('Pod', 'near', CONSUMER)],
      [expect.stringContaining('beside the Secret that is hosted here')],
    ],
    [
      'the Secret is given away',
      [made('Secret', 's', CONSUMER), ...MANIFESTS.slice(1)],
      [expect.stringContaining('the Secret is at both sides by itself')],
    ],
    [
      'another word',
      [...MANIFESTS, made('Pod', 'x', { [HOSTED_BY]: 'me' })],
      [`Pod x: metadata.annotations["${HOSTED_BY}"]: must be consumer, or absent`],
    ],
  ])('%s', (_what, manifests, lines) => expect(problems(manifests)).toEqual(lines));
  test('a good one has no problems, nor has one that is not shared', () => {
    expect(problems(MANIFESTS)).toEqual([]);
    expect(problems([SECRET], ['Provider', 'Consumer'])).toEqual([]);
  });
});

test('what a buyer would not host is told of each manifest, but for what its own values decide', () => {
  const spec = { replicas: '${count}', template: { spec: { hostNetwork: true, nodeName: '${node}', containers: [] } } };
  const problems = offerProblems({
    manifests: [SECRET, { ...made('Deployment', 'web'), apiVersion: 'apps/v1', spec }],
    secret: 's',
    hostingPolicies: ['Provider', 'Consumer'],
  });
  expect(problems).toContain(
    'a buyer would not host it: Deployment web: spec.template.spec.hostNetwork must be false or absent: it reaches into the host',
  );
  // A field that is not let in is refused whatever stands in it.
  expect(problems.join()).toContain('spec.template.spec.nodeName is nothing that is run for a seller');
  expect(problems.join()).not.toMatch(/replicas|Secret s/);
  expect(offerProblems({ manifests: [SECRET], secret: 's', hostingPolicies: ['Consumer'] })).toEqual([]);
});

test('values that are open hide no fault behind them, however many they are', () => {
  const ports = Array.from({ length: 50 }, () => ({ port: '${port}', protocol: '${protocol}' }));
  const problems = offerProblems({
    manifests: [{ ...made('Service', 'web'), spec: { ports, type: 'NodePort' } }, made('Role', 'r')],
    secret: 's',
    hostingPolicies: ['Consumer'],
  });
  expect(problems).toEqual([
    expect.stringContaining('Service web: spec.type must be ClusterIP'),
    expect.stringContaining('Role r: kind must be one of'),
  ]);
});

describe('what a workload is told of what its buyer hosts', () => {
  const acquisition = acquisitionId('c0ffee00beef-1');
  const shared = { acquisition, policy: 'Shared' } as const;
  const given = { secret: { password: 'x' }, manifests: MANIFESTS } as const;
  test.each<[string, Handover, object]>([
    ['where it answers here', { ...given, service: { name: 'near', port: 80 } }, { host: 'near.hosted-c0ffee00beef-1.svc', port: 80 }],
    ['where the seller’s part answers', { ...given, endpoint: { host: 'db.example', port: 5432 } }, { host: 'db.example', port: 5432 }],
  ])('%s', (_what, handover, endpoint) => expect(handedOverHere(handover, shared)).toEqual({ secret: given.secret, endpoint }));
  test('nothing where it answers nowhere', () => expect(handedOverHere(given, shared)).toEqual({ secret: given.secret }));
  test.each<[string, Handover, HostingPolicy]>([
    ['nothing to host', { secret: {} }, 'Shared'],
    ['a Service of somebody else', { ...given, service: { name: 'other', port: 80 } }, 'Shared'],
    ['a part of the seller’s that was not bought', { ...given, endpoint: { host: '10.96.0.1', port: 6443 } }, 'Consumer'],
    [
      'the same beside a Service',
      { ...given, service: { name: 'near', port: 80 }, endpoint: { host: 'db.example', port: 6443 } },
      'Consumer',
    ],
  ])('%s is a lie', (_what, handover, policy) =>
    expect(() => handedOverHere(handover, { acquisition, policy })).toThrow(expect.objectContaining({ code: 'PEER_LIED' })),
  );
});
