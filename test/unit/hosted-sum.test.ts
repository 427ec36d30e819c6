/** How much a buyer lets a seller run at home: all of a hand-over together, and how much of what is wrong with it is told. */
import { describe, expect, test } from 'vitest';
import { hostedBound } from '../../src/domain/hosted.ts';
import { hostedProblems } from '../../src/domain/hosted-check.ts';
import { claim, container, deployment, of, pod, podSpec, secret, template } from './hosted-manifests.ts';

const told = (manifests: readonly unknown[], bound = hostedBound()): readonly string[] =>
  hostedProblems(manifests, bound).map(({ field, problem }) => (field === '' ? problem : `${field}: ${problem}`));

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
