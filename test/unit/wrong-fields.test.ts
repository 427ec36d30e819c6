/** Problems are read in logs, answers and histories: what somebody meant as a secret is not among them. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { reduceIntent } from '../../src/domain/intent.ts';
import { checked } from '../../src/domain/wrong-fields.ts';

const intentWith = (manifests: unknown) => ({
  apiVersion: 'rearguard.dev/v1',
  kind: 'Intent',
  metadata: { name: 'shop' },
  spec: { workload: { manifests } },
});
const secret = (rest: object) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, ...rest });

test.each<[string, unknown, string]>([
  ['a text for its data', [secret({ data: 'hunter2' })], 'manifests[0].data: must be an object, not a text'],
  ['a text for its stringData', [secret({ stringData: 'hunter2' })], 'manifests[0].stringData: must be an object, not a text'],
  ['a number for a text', [secret({ stringData: { pin: 12_345 } })], 'manifests[0].stringData.pin: must be a text; put it in quotes'],
  [
    'a ConfigMap with a number for its binaryData',
    [{ ...secret({ binaryData: 12_345 }), kind: 'ConfigMap' }],
    'manifests[0].binaryData: must be an object, not a number',
  ],
  ['a Secret written as a text', ['kind: Secret\ndata: {a: hunter2}'], 'manifests[0]: must be an object, not a text'],
  ['a list of Secrets written as a text', '- kind: Secret\n  data: {a: hunter2}', 'manifests: must be a list, not a text'],
])('%s is named and not quoted', (_, manifests, problem) => {
  const reduced = reduceIntent(intentWith(manifests), 0);
  const lines = 'problems' in reduced ? reduced.problems.map((wrong) => `${wrong.field}: ${wrong.problem}`) : [];
  expect(lines).toContainEqual(`spec.workload.${problem}`);
  expect(lines.join()).not.toMatch(/hunter2|12345/);
});

test.each([
  ['binaryData', 'must be one of a, b, not a text'],
  ['kind', 'must be one of a, b, not "hunter2"'],
])('a wrong value below %s: %s', (key, problem) => {
  const schema = z.object({ [key]: z.object({ deep: z.array(z.enum(['a', 'b'])) }) });
  expect(checked(schema, { [key]: { deep: ['hunter2'] } })).toEqual({ ok: false, wrong: [{ field: `${key}.deep[0]`, problem }] });
});

describe('tens of thousands of unknown fields', () => {
  const schema = z.array(z.strictObject({ colour: z.string().optional() }));
  const told = (input: unknown, options?: { readonly hints: boolean }) => {
    const read = checked(schema, input, options);
    return read.ok ? [] : read.wrong.map(({ problem }) => problem);
  };
  test('in one object: the first 50 are told', () => {
    expect(told([Object.fromEntries(Array.from({ length: 24_000 }, (_, i) => [`k${i}`, 1]))])).toHaveLength(50);
  });
  test('in as many objects: the first 50 get a hint, and those of a stranger none', () => {
    const input = Array.from({ length: 200 }, () => ({ color: 'red' }));
    expect(told(input)).toEqual([
      ...Array<string>(50).fill('is not a known field; did you mean colour?'),
      ...Array<string>(150).fill('is not a known field'),
    ]);
    expect(told(input, { hints: false })).toEqual(Array<string>(200).fill('is not a known field'));
  });
});
