import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { reduceIntent } from '../../src/domain/intent.ts';

const root = path.resolve(import.meta.dirname, '../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

it('the first intent of the README is a good one', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
  expect(reduceIntent(parse(yaml), 0)).toMatchObject({
    ok: { name: 'shop', placement: 'remote', request: { resources: { cpu: '500m', memory: '256Mi', pods: '2' }, maxLatencyMs: 20 } },
  });
});

it('the README names commands that are there, and links that lead somewhere', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  for (const document of ['README.md', 'ARCHITECTURE.md']) {
    const text = readFileSync(path.join(root, document), 'utf8');
    for (const [, link = ''] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g))
      expect(() => readFileSync(path.join(root, link)), `${document}: ${link}`).not.toThrow(/ENOENT/);
  }
});
