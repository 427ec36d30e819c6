import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Resources, add, canonicalResources, fits, lacking, sameResources, subtract } from '../../src/domain/resources.ts';

const some = fc
  .record({ cpu: fc.nat(64_000), memory: fc.nat(1_000_000), pods: fc.nat(500), storage: fc.option(fc.nat(1_000_000), { nil: undefined }) })
  .map(
    ({ cpu, memory, pods, storage }): Resources => ({
      cpu: `${cpu}m`,
      memory: `${memory}Ki`,
      pods: `${pods}`,
      ...(storage === undefined ? {} : { storage: `${storage}Ki` }),
    }),
  );

describe('resources', () => {
  it('adds and subtracts exactly', () => fc.assert(fc.property(some, some, (a, b) => sameResources(subtract(add(a, b), b), a))));
  it('a sum covers both', () => fc.assert(fc.property(some, some, (a, b) => fits(add(a, b), a) && fits(add(a, b), b))));
  it('equal amounts are equal text once canonical', () => {
    const a = canonicalResources({ cpu: '1000m', memory: '1024Mi', pods: '10', storage: '0' });
    expect(a).toEqual(canonicalResources({ cpu: '1', memory: '1Gi', pods: '1e1', storage: '0Gi' }));
  });
  it.each<[string, Resources, Resources, readonly string[]]>([
    ['nothing lacks', { cpu: '2', memory: '1Gi', pods: '5' }, { cpu: '2000m', memory: '1024Mi', pods: '5' }, []],
    [
      'each by itself',
      { cpu: '1', memory: '1Gi', pods: '5' },
      { cpu: '1001m', memory: '1025Mi', pods: '6', storage: '1' },
      ['cpu', 'memory', 'pods', 'storage'],
    ],
    ['storage that nobody asks for', { cpu: '1', memory: '1', pods: '1', storage: '1Gi' }, { cpu: '1', memory: '1', pods: '1' }, []],
  ])('%s', (_, offered, wanted, names) => expect(lacking(offered, wanted)).toEqual(names));
});
