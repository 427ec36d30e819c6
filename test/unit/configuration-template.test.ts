import { describe, expect, it } from 'vitest';
import { configurationProblems } from '../../src/domain/configuration-template.ts';

const TEMPLATE = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: {
    database: { type: 'string', pattern: '^[a-z]{1,30}$' },
    password: { type: 'string', minLength: 8, writeOnly: true },
    size: { type: 'integer', minimum: 1, maximum: 3 },
    engine: { enum: ['postgres', 'mysql'] },
    more: { type: 'object', properties: { deep: { type: 'boolean' } }, additionalProperties: false },
  },
  required: ['database'],
  additionalProperties: false,
};

describe('a configuration for a template', () => {
  it.each<[string, object, readonly string[]]>([
    ['as it should be', { database: 'orders', password: 'hunter-two', size: 2, engine: 'mysql', more: { deep: true } }, []],
    ['nothing', {}, ['configuration.database must be of type string']],
    ['a mistyped name', { database: 'orders', pasword: 'x' }, ['configuration.pasword is not a known field; did you mean password?']],
    ['another type', { database: 7 }, ['configuration.database must be of type string']],
    ['a text of another form', { database: 'My Orders' }, ['configuration.database must match /^[a-z]{1,30}$/']],
    ['too short', { database: 'orders', password: 'hunter2' }, ['configuration.password must be at least 8']],
    ['too much', { database: 'orders', size: 4 }, ['configuration.size must be at most 3']],
    ['another choice', { database: 'orders', engine: 'oracle' }, ['configuration.engine must be one of postgres, mysql']],
    [
      'deeper',
      { database: 'orders', more: { deep: 'yes', x: 1 } },
      expect.arrayContaining(['configuration.more.deep must be of type boolean']),
    ],
  ])('%s', (_, configuration, lines) => expect(configurationProblems(TEMPLATE, { ...configuration })).toEqual(lines));

  it('quotes no value', () => {
    const secret = 'SeCrEt-123';
    const configuration = { database: secret, password: 7, size: secret, engine: secret, more: secret };
    expect(configurationProblems(TEMPLATE, configuration).join()).not.toContain(secret);
  });
});

describe('a template of a stranger', () => {
  const deep = (levels: number): object => (levels === 0 ? {} : { properties: { a: deep(levels - 1) } });
  it.each<[string, object]>([
    ['a reference', { properties: { a: { $ref: '#' } } }],
    ['references that multiply', { allOf: [{ $ref: '#/definitions/a' }, { $ref: '#/definitions/a' }], definitions: { a: {} } }],
    ['an expression that goes back', { properties: { a: { type: 'string', pattern: '^(a+)+$' } } }],
    ['an expression that repeats and repeats', { properties: { a: { type: 'string', pattern: 'a*a*a*a*a*a*a*b' } } }],
    ['an expression among its names', { patternProperties: { '^(a|a)*$': {} } }],
    ['an expression of many options', { properties: { a: { type: 'string', pattern: `^${'.?'.repeat(26)}\n$` } } }],
    ['an expression of choices', { properties: { a: { type: 'string', pattern: `^${'(.|.)'.repeat(20)}\n$` } } }],
    ['an expression for whatever there is', { additionalProperties: { type: 'string', pattern: 'a*a*a*\n' } }],
    ['many levels', deep(40)],
    ['conditions, which are not read', { if: {}, else: {} }],
    ['an unknown type', { type: 'weird' }],
    ['an expression that is none', { properties: { a: { type: 'string', pattern: '[' } } }],
  ])('%s: cannot be checked, at once', (_, template) => {
    const began = Date.now();
    const [problem] = configurationProblems({ type: 'object', ...template }, { a: `${'a'.repeat(100_000)}!` });
    expect(problem).toMatch(/^cannot be checked: its template /);
    expect(Date.now() - began).toBeLessThan(1_000);
  });

  it('tries no expression on a long text, and each on a short one in no time', () => {
    const template = { type: 'object', additionalProperties: { type: 'string', pattern: 'a*a*a?\\n' } };
    const [problem] = configurationProblems(template, { a: 'a'.repeat(257) });
    expect(problem).toBe('configuration has a text of more than 256 characters, and its template has expressions');
    const began = Date.now();
    expect(configurationProblems(template, { a: 'a'.repeat(256) })).toEqual(['configuration.a must match /a*a*a?\\n/']);
    expect(Date.now() - began).toBeLessThan(1_000);
  });

  it('counts nothing that is escaped or within brackets', () => {
    const template = { type: 'object', properties: { a: { type: 'string', pattern: '^[a-z+*?|]{1,9}\\.\\+[?|]$' } } };
    expect(configurationProblems(template, { a: 'a+b.+?' })).toEqual([]);
  });
});
