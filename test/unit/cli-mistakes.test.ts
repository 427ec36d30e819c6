/** What the command line says of commands that are written wrongly. */
import { describe, expect, test } from 'vitest';
import { rearguard } from './cli-subject.ts';

describe('a command that a group does not have is told by its name', () => {
  test.each<[string, readonly string[], string, string?]>([
    ['where the group lists by itself', ['contract', 'verfy', 'x'], "'verfy' of contracts", 'verify'],
    ['before an option of the one that was meant', ['contracts', 'verfy', 'x', '--key', 'y'], "'verfy' of contracts", 'verify'],
    ['where the group does something by itself', ['key', 'rotat', '--overlap', '0s'], "'rotat' of key", 'rotate'],
    ['behind options of all commands', ['--json', 'nodes', 'ad', 'north.example:3004'], "'ad' of nodes", 'add'],
    ['where the group does nothing by itself', ['intent', 'statsu', 'web'], "'statsu' of intent", 'status'],
    ['where none is near', ['key', 'nonsense'], "'nonsense' of key"],
    ['where none is near, and it lists by itself', ['blueprints', 'nonsense'], "'nonsense' of blueprints"],
  ])('%s', async (_, argv, words, meant) => {
    const { exit, err } = await rearguard(argv);
    expect(err).toContain(`unknown command ${words}\n${meant === undefined ? '(see' : `(Did you mean ${meant}?)\n(see`}`);
    expect(exit).toBe(2);
  });

  test('one that it has is not, by whatever name, nor what the group does by itself', async () => {
    for (const argv of [['contracts'], ['contract', 'list'], ['contracts', '--role', 'buyer'], ['blueprint', 'list'], ['nodes'], ['key']])
      expect(await rearguard(argv)).toMatchObject({ exit: 0, err: '' });
    expect((await rearguard(['intent', 'help', 'run'])).out).toMatch(/^Usage: rearguard intent run/);
    expect((await rearguard(['contracts', 'list', 'x'])).err).toContain("too many arguments for 'list'");
  });
});
