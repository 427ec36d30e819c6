/** How much a buyer lets a seller run at home: all of a hand-over together, and how much of what is wrong with it is told. */
import { describe, expect, test } from 'vitest';
import { hostedBound } from '../../src/domain/hosted.ts';
import { hostedProblems } from '../../src/domain/hosted-check.ts';
import { diskBound, diskOfEach } from '../../src/domain/hosted-sum.ts';
import { LIMITS, claim, container, deployment, of, pod, podSpec, secret, template } from './hosted-manifests.ts';

const told = (manifests: readonly unknown[], bound = hostedBound()): readonly string[] =>
  hostedProblems(manifests, bound).map(({ field, problem }) => (field === '' ? problem : `${field}: ${problem}`));

const writes = (disk: string) => ({ resources: { limits: { ...LIMITS, 'ephemeral-storage': disk } } });

describe('what each container may write that says nothing of it', () => {
  test.each<[string, readonly unknown[], object, string]>([
    ['all of it, where it is alone', [pod()], {}, '8Gi'],
    [
      'its share, beside others in as many pods',
      [deployment({ replicas: 2, template: { ...template, spec: podSpec({ containers: [container(), container({ name: 'd' })] }) } })],
      {},
      '2Gi',
    ],
    ['what others leave', [pod({}, writes('3Gi')), deployment()], {}, '5Gi'],
    ['in whole bytes', [deployment({ replicas: 3 })], {}, '2863311530'],
    ['all of it, before another begins', [pod({ initContainers: [container({ name: 'i' })] })], {}, '8Gi'],
    ['what logs need, where there is no storage: 0 would be no limit', [deployment({ replicas: 4 })], { storage: 0 }, '64Mi'],
    ['what cannot be read takes none', [{ kind: 'Widget' }, pod()], {}, '8Gi'],
  ])('%s', (_what, manifests, said, each) => expect(diskOfEach(manifests, hostedBound(said))).toBe(each));
  test.each([
    [{}, '8Gi'],
    [{ storage: 0 }, '256Mi'],
    [{ storage: 0, pods: 0 }, '64Mi'],
  ])('of %o in all %s', (said, all) => expect(diskBound(hostedBound(said))).toBe(all));
});

describe('what is refused of a hand-over as a whole', () => {
  test('of very many faults the first 50, in one manifest or in each', () => {
    const strange = Object.fromEntries(Array.from({ length: 12_000 }, (_, i) => [`k${i}`, 1]));
    const first = told([pod(strange), pod(strange)]);
    expect(first).toEqual(Array.from({ length: 50 }, (_, i) => `manifests[0].spec.k${i}: is nothing that is run for a seller`));
    expect(told(Array.from({ length: 40 }, () => pod({ nodeName: 'n', hostPID: true })))).toHaveLength(50);
  });

  test.each<[string, readonly unknown[], readonly string[]]>([
    ['one name twice', [pod(), pod()], ['manifests[1].metadata.name: must be unique: manifests[0] is a Pod p too']],
    ['too many', Array.from({ length: 51 }, () => pod()), ['must be at most 50 manifests, and are 51']],
    [
      'too large',
      [secret({ stringData: { a: 'x'.repeat(300_000) } })],
      [expect.stringMatching(/^must be at most 262144 bytes of JSON, and are 300/)],
    ],
    ['too many pods', [deployment({ replicas: 5 })], ['take 5 of pods together, and the intent lets its service have 4']],
    [
      'more than was allowed, all together',
      [
        deployment({
          replicas: 2,
          template: { ...template, spec: podSpec({}, { resources: { limits: { cpu: '400m', memory: '1Gi' } } }) },
        }),
        pod({ initContainers: [container({ name: 'i', resources: { limits: { cpu: '300m', memory: '64Mi' } } })] }),
      ],
      [
        'take 1100m of cpu together, and the intent lets its service have 1',
        'take 2112Mi of memory together, and the intent lets its service have 2Gi',
      ],
    ],
    [
      'more on the disks of nodes, all together',
      [deployment({ replicas: 2, template: { ...template, spec: podSpec({}, writes('5Gi')) } })],
      ['take 10Gi of ephemeral-storage together, and the intent lets its service have 8Gi'],
    ],
    [
      'nothing left on them for a container that says nothing of it',
      [pod({ containers: [container(writes('8Gi')), container({ name: 'd' })] })],
      ['take 8589934593 of ephemeral-storage together, and the intent lets its service have 8Gi'],
    ],
    [
      'claims of every pod of a set',
      [
        claim('1Gi'),
        of('StatefulSet', 'apps/v1', {
          replicas: 3,
          selector: {},
          template,
          volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: claim('3Gi').spec }],
        }),
      ],
      ['take 10Gi of storage together, and the intent lets its service have 8Gi'],
    ],
  ])('%s', (_what, manifests, lines) => expect(told(manifests)).toEqual(lines));

  test('what the intent allows is allowed', () => {
    expect(told([deployment({ replicas: 5 })], hostedBound({ pods: 5 }))).toEqual([]);
  });
});
