/** The verdict on slices, on an API server in memory: what stands on each, what the audit says of it, and that it says so once, whoever looks again. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { beforeEach, expect, test } from 'vitest';
import { admissionActivities } from '../../activities/peering.ts';
import type { Api } from '../../src/adapters/kubernetes/api.ts';
import { KINDS, type Kind } from '../../src/adapters/kubernetes/kinds.ts';
import { LIQO_KEYS, managed, OURS } from '../../src/adapters/kubernetes/labels.ts';
import { conditionOf, type KubeObject, type Metadata, type ResourceSliceObject } from '../../src/adapters/kubernetes/objects.ts';
import { sliceCalls } from '../../src/adapters/kubernetes/slices.ts';
import { clusterId, contractId, tenantNamespace } from '../../src/domain/ids.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import type { Contracts } from '../../src/ports/contracts.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { Processes } from '../../src/ports/processes.ts';
import type { WorldEvent } from '../../src/ports/world.ts';
import { followWorld } from '../../src/runtime/world.ts';
import { NOON, ONE, termsOf } from '../contracts/samples.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';

const clock = { now: () => NOON };
const ALICE = clusterId('alice-1');
const TERMS = termsOf({ resources: ONE });
const CONTRACT = TERMS.id;
const ASKED = { cpu: ONE.cpu, memory: ONE.memory, pods: ONE.pods };

const slices = new Map<string, ResourceSliceObject>();
let tenant: KubeObject | undefined;
let state: 'active' | 'ending' | 'over';
/** What happens in the moment after a verdict was written. */
let then: () => void;

beforeEach(() => {
  slices.clear();
  tenant = { metadata: { name: ALICE, namespace: tenantNamespace(ALICE), labels: managed } };
  state = 'active';
  then = () => undefined;
});

const api = {
  list: async () => ({ items: [...slices.values()] }),
  get: async (kind: Kind, { name }: { readonly name: string }) => (kind === KINDS.tenant ? tenant : slices.get(name)),
  async raw(_method: string, _path: string, written: ResourceSliceObject) {
    slices.set(written.metadata.name, written);
    then();
  },
} as unknown as Api;

function sends(name: string, contract: string | undefined, more: Partial<Metadata> = {}, resources: object = ASKED): void {
  slices.set(name, {
    ...slices.get(name),
    metadata: {
      name,
      namespace: tenantNamespace(ALICE),
      labels: { [LIQO_KEYS.replicated]: 'true' },
      ...(contract !== undefined && { annotations: { [OURS.contract]: contract } }),
      ...more,
    },
    spec: { class: 'rearguard', consumerClusterID: ALICE, resources: { ...resources } },
  });
}
const verdicts = () =>
  [...slices.values()].map(({ metadata, status }) => {
    const verdict = conditionOf(status?.conditions, 'Resources');
    return verdict && [metadata.name, verdict.status, verdict.message];
  });

/** A process that begins now: it remembers nothing of what others told. Each answers what it told the audit. */
function process() {
  const { audit } = memoryAudit({ clock });
  const fabric = sliceCalls(api) as Fabric;
  const contracts = {
    get: async (id) => (id === CONTRACT ? { terms: TERMS, role: 'seller', state } : undefined),
    activate: async () => undefined,
  } as Partial<Contracts> as Contracts;
  const { admitSlice } = admissionActivities({ fabric, contracts, audit, clock, timing: DEFAULT_TIMING });
  const told = async () => (await audit.page({ limit: 10 })).items.map(({ contract, peer, facts }) => [peer, contract, facts['detail']]);
  return {
    async admits() {
      const code = await new MockActivityEnvironment().run(admitSlice, { contract: CONTRACT, buyer: ALICE }).then(
        () => 'admitted',
        (error: { readonly code: string }) => error.code,
      );
      return [code, ...(await told())];
    },
    async hears(event: WorldEvent) {
      const stop = new AbortController();
      const watch = async (tell: (event: WorldEvent) => Promise<void>): Promise<void> => {
        await tell(event).finally(() => stop.abort());
      };
      const log = { info: () => undefined, warn: () => undefined };
      await followWorld({ world: { watch }, processes: {} as Processes, contracts, fabric, audit, clock, log, signal: stop.signal });
      return await told();
    },
  };
}

const none = { kind: 'slice-seen', buyer: ALICE } as const;

test.each<[string, string | undefined]>([
  ['no contract', undefined],
  ['what is no contract id', 'NUL \u0000'],
  ['an endless contract', 'c'.repeat(100_000)],
])('a slice that names %s: refused with the reason on it, and told once, also by a process that begins anew', async (_, contract) => {
  sends('a', contract);
  expect(await process().hears(none)).toEqual([[ALICE, undefined, 'slice a: it names no contract']]);
  expect(verdicts()).toEqual([['a', 'Denied', 'it names no contract']]);
  expect(await process().hears(none)).toEqual([]);
  sends('b', contract);
  expect(await process().hears(none)).toEqual([[ALICE, undefined, 'slice b: it names no contract']]);
});

test('one process tells of each denied slice, however many of the same buyer it denies in an hour', async () => {
  const one = process();
  sends('a', undefined);
  await one.hears(none);
  sends('b', undefined);
  expect(await one.hears(none)).toEqual([
    [ALICE, undefined, 'slice b: it names no contract'],
    [ALICE, undefined, 'slice a: it names no contract'],
  ]);
});

test.each<[string, KubeObject | undefined]>([
  ['somebody else made', { metadata: { name: ALICE, labels: { [LIQO_KEYS.remoteCluster]: ALICE } } }],
  ['is not there', undefined],
])('slices of a tenant that %s are nobody else’s business: neither judged nor told', async (_, made) => {
  tenant = made;
  sends('a', undefined);
  sends('b', 'contract-x');
  expect(await process().hears(none)).toEqual([]);
  expect(await process().hears({ ...none, kind: 'slice-offered', contract: contractId('contract-x') })).toEqual([]);
  expect(verdicts()).toEqual([undefined, undefined]);
});

test('before Liqo said whose it is, one under a contract that was never sold is refused, and one under a living contract waits', async () => {
  sends('a', 'contract-x');
  sends('b', CONTRACT);
  const seen = (contract: string) => process().hears({ ...none, contract: contractId(contract) });
  const reason = `contract contract-x was never sold to ${ALICE}`;
  expect(await seen('contract-x')).toEqual([[ALICE, 'contract-x', `slice a: ${reason}`]]);
  expect(await seen(CONTRACT)).toEqual([]);
  expect(verdicts()).toEqual([['a', 'Denied', reason], undefined]);
});

test('a second one under a contract that has its slice: denied and told once, and the first one is let in', async () => {
  sends('a', CONTRACT);
  sends('b', CONTRACT);
  const second = `contract ${CONTRACT} has the slice a already`;
  expect(await process().admits()).toEqual(['admitted', [ALICE, CONTRACT, `slice b: ${second}`]]);
  expect(verdicts()).toEqual([
    ['a', 'Accepted', `contract ${CONTRACT}`],
    ['b', 'Denied', second],
  ]);
  expect(await process().admits()).toEqual(['admitted']);
});

test('one that is enlarged after it was let in: denied and told once, what was granted stays, and asking for less again is enough', async () => {
  sends('a', CONTRACT);
  expect(await process().admits()).toEqual(['admitted']);
  sends('a', CONTRACT, {}, { ...ASKED, cpu: '64' });
  const why = `contract ${CONTRACT}: it asks for cpu 64, and ${ONE.cpu} was bought`;
  expect(await process().admits()).toEqual(['SLICE_DENIED', [ALICE, CONTRACT, `slice a: ${why}`]]);
  expect(verdicts()).toEqual([['a', 'Denied', why]]);
  expect(await process().admits()).toEqual(['SLICE_DENIED']);
  expect(slices.get('a')?.status?.resources).toEqual(ASKED);
  sends('a', CONTRACT);
  expect(await process().admits()).toEqual(['admitted']);
});

test('after the end of its contract one that was let in is told only when it asks for more', async () => {
  sends('a', CONTRACT);
  await process().admits();
  state = 'over';
  expect(await process().admits()).toEqual(['CONTRACT_OVER']);
  sends('a', CONTRACT, {}, { ...ASKED, 'nvidia.com/gpu': '1' });
  expect(await process().admits()).toEqual(['CONTRACT_OVER', [ALICE, CONTRACT, `slice a: contract ${CONTRACT} is over`]]);
  expect(await process().admits()).toEqual(['CONTRACT_OVER']);
});

test.each<[string, Partial<Metadata>, object]>([
  ['was denied since', {}, { ...ASKED, cpu: '64' }],
  ['never goes', { deletionTimestamp: '2026-01-01T12:00:01Z', finalizers: ['a.b/c'] }, ASKED],
])('what was let in first and %s has its quota: none beside it is let in', async (_, more, resources) => {
  sends('z', CONTRACT);
  await process().admits();
  sends('z', CONTRACT, more, resources);
  await process().admits();
  sends('a', CONTRACT);
  const [code] = await process().admits();
  expect(code).not.toBe('admitted');
  expect(verdicts()[1]).toEqual(['a', 'Denied', `contract ${CONTRACT} has the slice z already`]);
});

const uncertified = { ...none, contract: CONTRACT, uncertified: true } as const;
const second = `contract ${CONTRACT} has the slice z already`;

test('one of which Liqo says nothing, beside the one that was let in: denied when it is seen, and told once', async () => {
  sends('z', CONTRACT);
  await process().admits();
  sends('a', CONTRACT);
  expect(await process().hears(uncertified)).toEqual([[ALICE, CONTRACT, `slice a: ${second}`]]);
  expect(verdicts()).toEqual([
    ['z', 'Accepted', `contract ${CONTRACT}`],
    ['a', 'Denied', second],
  ]);
  expect(await process().hears(uncertified)).toEqual([]);
  expect(await process().admits()).toEqual(['admitted']);
});

test('one that comes while the first one is let in is denied with it, though it was seen before', async () => {
  sends('z', CONTRACT);
  then = () => {
    then = () => undefined;
    sends('a', CONTRACT);
  };
  expect(await process().admits()).toEqual(['admitted', [ALICE, CONTRACT, `slice a: ${second}`]]);
  expect(verdicts()[1]).toEqual(['a', 'Denied', second]);
});

test('one of which Liqo says nothing, alone: denied for what it asks, and it waits while it may be let in', async () => {
  sends('a', CONTRACT);
  sends('b', CONTRACT, {}, { ...ASKED, cpu: '64' });
  const why = `contract ${CONTRACT}: it asks for cpu 64, and ${ONE.cpu} was bought`;
  expect(await process().hears(uncertified)).toEqual([[ALICE, CONTRACT, `slice b: ${why}`]]);
  expect(verdicts()).toEqual([undefined, ['b', 'Denied', why]]);
  state = 'ending';
  const over = `contract ${CONTRACT} is ending`;
  expect(await process().hears(uncertified)).toEqual([[ALICE, CONTRACT, `slice a: ${over}`]]);
  expect(verdicts()).toEqual([
    ['a', 'Denied', over],
    ['b', 'Denied', why],
  ]);
});

test('what a tenant writes is short where it is told', async () => {
  sends('a', CONTRACT, {}, { ['x'.repeat(100_000)]: `1${'0'.repeat(1_000)}` });
  const [, [, , detail] = []] = await process().admits();
  expect(String(detail).length).toBeLessThan(300);
});
