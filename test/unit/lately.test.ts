import { expect, test } from 'vitest';
import { lately } from '../fakes/lately.ts';

test('what comes later can be given away before, and spread once it is there', () => {
  let made: { readonly name: string; readonly timeoutMs: number } | undefined;
  const later = lately(() => made);
  expect(() => later.name).toThrow('name: nothing is opened yet');
  expect(() => ({ ...later })).toThrow('nothing is opened yet');
  made = { name: 'north', timeoutMs: 5 };
  expect(later.name).toBe('north');
  expect({ ...later, name: 'south' }).toEqual({ name: 'south', timeoutMs: 5 });
});
