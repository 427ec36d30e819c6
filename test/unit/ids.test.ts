import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ids from '../../src/domain/ids.ts';
import { clusterIdsClash } from '../fakes/cluster-ids.ts';

const label = (most: number) => fc.stringMatching(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/).filter((text) => text.length <= most);
const uuid = fc.uuid();
const attempt = fc.integer({ min: 1, max: 999_999 });

describe('names', () => {
  it('a slice leaves room for the 12 digits of its certificate', () =>
    fc.assert(
      fc.property(uuid, attempt, (run, n) => {
        const name = ids.sliceName(ids.acquisitionOf(run, n));
        return name.length <= 51 && ids.DNS_LABEL.test(name);
      }),
    ));
  it('attempts of different runs and different attempts of one differ', () =>
    fc.assert(
      fc.property(uuid, uuid, attempt, attempt, (a, b, n, m) => {
        const same = a.slice(-12) === b.slice(-12) && n === m;
        return (ids.acquisitionOf(a, n) === ids.acquisitionOf(b, m)) === same;
      }),
    ));
  it('the namespace of an intent leaves room for a cluster id at the seller', () =>
    fc.assert(
      fc.property(label(40), label(15), (name, cluster) =>
        ids.DNS_LABEL.test(ids.remoteNamespace(ids.intentNamespace(ids.intentName(name)), ids.clusterId(cluster))),
      ),
    ));
  it('secrets and accounts are legal', () =>
    fc.assert(
      fc.property(uuid, label(40), (run, peer) => {
        const [acquisition, cluster] = [ids.acquisitionOf(run, 1), ids.clusterId(peer)];
        const names = [
          ids.credentialsSecret(acquisition),
          ids.sliceKubeconfigSecret(acquisition),
          ids.identitySecret(cluster),
          ids.tenantNamespace(cluster),
          ids.tenantAccount(cluster),
        ];
        return names.every((name) => ids.DNS_SUBDOMAIN.test(name));
      }),
    ));
  it('a contract is named after its transaction', () =>
    expect(ids.contractOf(ids.transactionId('0123456789abcdef0123456789abcdef-1700000000000000000'))).toBe(
      'contract-0123456789abcdef0123456789abcdef',
    ));
  it.each(['a', 'a-b', '0', 'a'.repeat(63)])('%s is a label', (text) => expect(ids.DNS_LABEL.test(text)).toBe(true));
  it.each(['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a'.repeat(64), 'a\n'])('%j is none', (text) => expect(ids.DNS_LABEL.test(text)).toBe(false));
});

describe('clusterIdsClash', () => {
  it.each([
    ['south', 'deep-south', true],
    ['deep-south', 'south', true],
    ['south', 'south', false],
    ['south', 'north', false],
    ['south', 'deepsouth', false],
    ['a', 'a-b', false],
  ])('%s and %s: %s', (a, b, clash) => expect(clusterIdsClash(ids.clusterId(a), ids.clusterId(b))).toBe(clash));

  it('says it whenever two different clusters could own one remote name', () =>
    fc.assert(
      fc.property(label(12), label(12), label(12), label(12), (n1, n2, a, b) => {
        const [x, y] = [ids.clusterId(a), ids.clusterId(b)];
        return a === b || ids.remoteNamespace(n1, x) !== ids.remoteNamespace(n2, y) || clusterIdsClash(x, y);
      }),
    ));
});
