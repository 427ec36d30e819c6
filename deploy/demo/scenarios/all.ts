import { bought } from './bought.ts';
import { fitsLocally } from './fits-locally.ts';
import { nodeKilled } from './node-killed.ts';
import type { Scenario } from './scenario.ts';
import { sellerKilled } from './seller-killed.ts';
import { together } from './together.ts';
import { withdrawn } from './withdrawn.ts';
import { workerKilled } from './worker-killed.ts';

/** In the order in which they are played. */
export const SCENARIOS: readonly Scenario[] = [fitsLocally, bought, sellerKilled, nodeKilled, workerKilled, withdrawn, together];

/** Those of `--only`: by letter (`c` is both of its kind) or by name; throws when one is not known. */
export function chosen(only: readonly string[] | undefined): readonly Scenario[] {
  if (only === undefined) return SCENARIOS;
  const matches = (wanted: string) => (scenario: Scenario) =>
    scenario.key === wanted || scenario.name === wanted || scenario.key.replace(/\d$/, '') === wanted;
  const unknown = only.filter((wanted) => !SCENARIOS.some(matches(wanted)));
  if (unknown.length > 0)
    throw new Error(
      `--only: no scenario ${unknown.join(', ')}; there are ${SCENARIOS.map(({ key, name }) => `${key} (${name})`).join(', ')}`,
    );
  return SCENARIOS.filter((scenario) => only.some((wanted) => matches(wanted)(scenario)));
}
