/** Two whole nodes: a contract is renewed over HTTP, signed by both, and what either exports proves its last end offline. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Contract } from '../../src/domain/contract.ts';
import { type NodeName, NODES, type Pair, openPair } from './pair.ts';
import { document } from './trade.ts';

const WITHIN = { timeout: 30_000, interval: 100 } as const;
let pair: Pair;
beforeAll(async () => {
  pair = await openPair({
    sellers: ['north'],
    contracts: { contractDays: 10 / 86_400, terms: { renewal: { kind: 'automatic', days: 3_600 / 86_400 } } },
    timing: { clockSkewMs: 500, shortestContractMs: 1_000, renewAheadMs: 5_000 },
  });
  await pair.untilReady();
});
afterAll(() => pair.stop());

const contract = async (node: NodeName): Promise<Contract | undefined> => {
  const answer = await fetch(`${pair.api[node]}/api/v1/contracts?living=true`);
  return ((await answer.json()) as { readonly items: readonly Contract[] }).items[0];
};

test('an intent that lives longer than its contract keeps its place, and both sides prove the same end', async () => {
  expect(await pair.rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], document('shop'))).toMatchObject({ exit: 0, err: '' });
  const first = await contract('south');
  const id = first?.terms.id ?? '';
  const ends = async (): Promise<readonly unknown[]> => [(await contract('south'))?.renewedUntil, (await contract('north'))?.renewedUntil];
  await expect.poll(ends, WITHIN).toEqual([expect.any(String), expect.any(String)]);
  const [ours, theirs] = await ends();
  expect(ours).toBe(theirs);
  const signing = async (node: NodeName): Promise<readonly string[]> => {
    const answer = await fetch(`${pair.api[node]}/api/v1/keys`);
    return ((await answer.json()) as { readonly items: readonly { readonly kid: string }[] }).items.flatMap(({ kid }) => ['--key', kid]);
  };
  const known = (await Promise.all(NODES.map(signing))).flat();
  for (const node of NODES) {
    const shown = await pair.rearguard(node, ['contract', 'show', id]);
    expect(shown.out).toContain(`until:      ${String(ours)}`);
    expect(shown.out).toMatch(/renewal: +automatic, for 1h at a time\n/);
    const { out } = await pair.rearguard(node, ['contract', 'export', id]);
    const file: unknown = JSON.parse(out);
    const proven = await pair.rearguard(node, ['contract', 'verify', '-', ...known], file);
    expect([proven.exit, proven.out]).toEqual([0, expect.stringMatching(/verdict: +proven/)]);
    const cut = await pair.rearguard(node, ['contract', 'verify', '-'], { ...(file as object), renewals: [] });
    expect([cut.exit, cut.out]).toEqual([1, expect.stringContaining('missing-addendum:')]);
  }
  const ended = await pair.rearguard('south', ['intent', 'end', 'shop', '--watch']);
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await pair.allOverAndReplayed();
});
