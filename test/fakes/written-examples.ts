/** The blueprints that docs/selling.md shows as worked examples: tests read, make and sell these. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import type { Blueprint } from '../../src/domain/blueprint.ts';
import { blueprint, blueprintOf } from '../../src/runtime/configuration-blueprint.ts';

const manual = readFileSync(path.join(import.meta.dirname, '../../docs/selling.md'), 'utf8');
const [, found] = /```yaml\n(blueprints:\n(?:(?!```)[^])*?kind: vm[^]*?)```/.exec(manual) ?? [];

/** As it stands there. */
export const examplesText: string = found ?? '';

/** As the configuration has them. */
export const writtenExamples = (parse(examplesText) as { readonly blueprints: readonly z.input<typeof blueprint>[] }).blueprints;

/** One of them by its kind. */
export function exampleOf(kind: 'vm' | 'sensor'): Blueprint {
  const made = writtenExamples.map((each) => blueprintOf(blueprint.parse(each))).find((each) => each.kind === kind);
  if (!made) throw new Error(`docs/selling.md shows no ${kind}`);
  return made;
}
