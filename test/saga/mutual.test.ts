/** Two nodes that buy from each other at the same time: each side has one peering, with a sold and a bought user at once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditEvent, AuditKind, Verification } from '../../src/domain/audit.ts';
import { clusterId, workflowIds } from '../../src/domain/ids.ts';
import { NODES, type NodeName, type Pair, openPair } from './pair.ts';
import { document } from './trade.ts';

const OTHER = { south: clusterId('north'), north: clusterId('south') } as const;
const WITHIN = { timeout: 30_000, interval: 100 } as const;
let pair: Pair;
beforeAll(async () => {
  pair = await openPair({ sellers: NODES });
  await pair.untilReady();
});
afterAll(() => pair.stop());

const nameOf = (node: NodeName, order: string): string => `of-${node}-${order}`;
/** What a node keeps of the peering with the other one. */
const keeps = (node: NodeName): { place: boolean; sold: boolean; bought: boolean } => {
  const { places, tenants, identities } = pair.liqo.cluster(clusterId(node));
  return { place: places.has(OTHER[node]), sold: tenants.has(OTHER[node]), bought: identities.has(OTHER[node]) };
};
async function bothBuy(order: string): Promise<void> {
  const runs = await Promise.all(
    NODES.map((node) => pair.rearguard(node, ['intent', 'run', '-f', 'x', '--watch'], document(nameOf(node, order)))),
  );
  expect(runs.map(({ exit, err }) => [exit, err])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  for (const node of NODES) {
    const open = (await pair.open(node)).map(({ workflowId }) => workflowId);
    expect(open.filter((id) => id.startsWith('peering/'))).toEqual([workflowIds.peering(OTHER[node])]);
    for (const kind of ['intent/', 'acquisition/', 'contract/']) expect(open.filter((id) => id.startsWith(kind))).toHaveLength(1);
    expect(keeps(node)).toEqual({ place: true, sold: true, bought: true });
  }
}
const end = async (node: NodeName, order: string): Promise<void> => {
  const ended = await pair.rearguard(node, ['intent', 'end', nameOf(node, order), '--watch']);
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
};

test.each([
  ['south', 'north'],
  ['north', 'south'],
] as const)('%s ends first, then %s: each takes away its own half, and the last one everything', async (first, last) => {
  await bothBuy(first);
  await end(first, first);
  await expect.poll(() => keeps(first), WITHIN).toEqual({ place: true, sold: true, bought: false });
  await expect.poll(() => keeps(last), WITHIN).toEqual({ place: true, sold: false, bought: true });
  const status = JSON.parse((await pair.rearguard(last, ['--json', 'intent', 'status', nameOf(last, first)])).out) as unknown;
  expect(status).toMatchObject({ status: { state: 'in-use' } });
  await end(last, first);
  await pair.allOverAndReplayed();
});

test('both end at the same moment', async () => {
  await bothBuy('both');
  await Promise.all(NODES.map((node) => end(node, 'both')));
  await pair.allOverAndReplayed();
});

test.each(NODES)('the audit of %s tells of each contract how it began and ended, sealed and signed', async (node) => {
  const sealed = async () =>
    JSON.parse((await pair.rearguard(node, ['--json', 'audit'])).out) as { items: AuditEvent[]; verification: Verification };
  await expect.poll(async () => (await sealed()).verification.waiting, { timeout: 20_000, interval: 200 }).toBe(0);
  const { items, verification } = await sealed();
  expect(verification).toMatchObject({
    verdict: 'intact',
    checked: items.length,
    heads: { first: { seq: 0 }, last: { seq: items.length } },
  });
  const kinds = (contract: string | undefined) => items.filter((event) => event.contract === contract).map(({ kind }) => kind);
  const contracts = (kind: AuditKind) => items.filter((event) => event.kind === kind).map(({ contract }) => contract);
  expect([contracts('sold').length, contracts('bought').length]).toEqual([3, 3]);
  for (const contract of contracts('sold')) expect(kinds(contract)).toEqual(['over', 'sold']);
  for (const contract of contracts('bought')) expect(kinds(contract)).toEqual(['over', 'bought']);
  expect(items.filter(({ kind }) => kind === 'operator').map(({ facts }) => facts['operation'])).toEqual(
    ['end', 'create', 'end', 'create', 'end', 'create'].map((act) => `${act}Intent`),
  );
});
