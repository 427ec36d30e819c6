import { beforeEach, describe, expect, it } from 'vitest';
import type { Candidate } from '../../src/domain/candidate.ts';
import type { IntentRecord } from '../../src/domain/status.ts';
import type { Candidates, IntentRecords, KnownNodes } from '../../src/ports/records.ts';
import { flavorOf, NOON, ONE, SELLER } from './samples.ts';

/** What every `IntentRecords` does; `make` answers an empty one. */
export function intentRecordsContract(make: () => Promise<IntentRecords>): void {
  const record = (name: string, startedAt: number, attempts = 0): IntentRecord => ({
    status: { name, phase: 'discovery', state: 'working', since: startedAt, startedAt, attempts },
    document: { apiVersion: 'rearguard.dev/v1', nested: [{ text: "it's \\ \u2713", none: null }] },
    plan: [{ flavorId: 'f', seller: 's', verdict: 'refused', reasons: ['price'] }],
    silent: [{ address: '192.0.2.1:1', code: 'PEER_TIMEOUT', detail: 'no answer' }],
    journal: [{ step: 'reserve', phase: 'reservation', direction: 'do', startedAt, outcome: 'running' }],
  });
  let records = {} as IntentRecords;
  beforeEach(async () => {
    records = await make();
  });

  it('keeps what was saved last under a name', async () => {
    expect(await records.get('web')).toBeUndefined();
    await records.save(record('web', NOON));
    await records.save(record('web', NOON, 2));
    expect(await records.get('web')).toEqual(record('web', NOON, 2));
  });

  it('lists the status of the newest ones: by their start, then by name', async () => {
    for (const [name, at] of [
      ['b', 1],
      ['d', 3],
      ['c', 3],
      ['a', 2],
    ] as const)
      await records.save(record(name, NOON + at));
    expect((await records.page({ limit: 10 })).items.map(({ name }) => name)).toEqual(['c', 'd', 'a', 'b']);
    await records.save(record('b', NOON + 4, 7));
    expect((await records.page({ limit: 2 })).items).toEqual([record('b', NOON + 4, 7).status, record('c', NOON + 3).status]);
  });
}

/** What every `Candidates` does; `make` answers an empty one, and the nodes that it belongs to. */
export function candidatesContract(make: () => Promise<{ readonly candidates: Candidates; readonly knownNodes: KnownNodes }>): void {
  const candidate = (name: string): Candidate => ({
    flavor: flavorOf(name),
    seller: SELLER,
    dialect: 'rearguard',
    part: ONE,
    hourly: { amount: '0.1', currency: 'EUR' },
    rating: 0.5,
  });
  let { candidates, knownNodes } = {} as { candidates: Candidates; knownNodes: KnownNodes };
  beforeEach(async () => {
    ({ candidates, knownNodes } = await make());
    for (const address of ['north', 'west']) await knownNodes.add(address, 'operator');
  });
  const listed = async () => (await candidates.list()).map(({ flavor }) => flavor.id);

  it('replaces what one node offered, and leaves the others’ alone', async () => {
    await candidates.replace('north', [candidate('1'), candidate('2')]);
    await candidates.replace('west', [candidate('3')]);
    await candidates.replace('north', [candidate('4'), candidate('2')]);
    expect((await listed()).toSorted()).toEqual(['2', '3', '4'].map((name) => flavorOf(name).id));
    await candidates.replace('west', []);
    expect((await listed()).toSorted()).toEqual(['2', '4'].map((name) => flavorOf(name).id));
  });

  it('keeps a candidate as it was offered, and when', async () => {
    await candidates.replace('north', [candidate('1')]);
    const [{ seenAt, ...kept } = { seenAt: '' }] = await candidates.list();
    expect(kept).toEqual(candidate('1'));
    expect(Date.parse(seenAt)).not.toBeNaN();
  });

  it('lists so many, by node and flavor', async () => {
    await candidates.replace('west', [candidate('1')]);
    await candidates.replace('north', [candidate('3'), candidate('2')]);
    expect(await listed()).toEqual(['2', '3', '1'].map((name) => flavorOf(name).id));
    expect((await candidates.page({ limit: 2 })).items.map(({ flavor }) => flavor.id)).toEqual([flavorOf('2').id, flavorOf('3').id]);
  });

  it('forgets with a node what it offered, and takes nothing of one that is asked no more', async () => {
    await candidates.replace('north', [candidate('1')]);
    await candidates.replace('west', [candidate('2')]);
    await knownNodes.remove('north');
    expect(await listed()).toEqual([flavorOf('2').id]);
    await candidates.replace('north', [candidate('1')]);
    await knownNodes.configure(['east', 'south']);
    await candidates.replace('east', [candidate('3')]);
    await candidates.replace('south', [candidate('4')]);
    await knownNodes.configure(['south']);
    expect((await listed()).toSorted()).toEqual([flavorOf('2').id, flavorOf('4').id]);
    await knownNodes.add('north', 'operator');
    expect((await listed()).toSorted()).toEqual([flavorOf('2').id, flavorOf('4').id]);
  });

  it('bears a node that offers the same flavor twice', async () => {
    await candidates.replace('north', [candidate('1'), candidate('1')]);
    expect(await listed()).toEqual([flavorOf('1').id]);
  });

  it('is never seen empty or mixed while it is replaced', async () => {
    const sets = [
      ['1', '2'],
      ['3', '4'],
    ].map((names) => names.map(candidate));
    await candidates.replace('north', sets[0] ?? []);
    const replacing = Array.from({ length: 20 }, (_, turn) => candidates.replace('north', sets[turn % 2] ?? []));
    const looking = Array.from({ length: 40 }, listed);
    const seen = await Promise.all(looking);
    await Promise.all(replacing);
    for (const ids of seen) expect(sets.map((set) => set.map(({ flavor }) => flavor.id))).toContainEqual(ids);
  });
}

/** What every `KnownNodes` does; `make` answers an empty one. */
export function knownNodesContract(make: () => Promise<KnownNodes>): void {
  let nodes = {} as KnownNodes;
  beforeEach(async () => {
    nodes = await make();
  });
  const listed = async () => (await nodes.list()).map(({ address, source }) => `${address} ${source}`);

  it('adds once, forgets once', async () => {
    expect(await nodes.add('a:1', 'operator')).toEqual({ address: 'a:1', source: 'operator' });
    expect(await nodes.add('a:1', 'configuration')).toEqual({ address: 'a:1', source: 'operator' });
    expect(await nodes.remove('a:1')).toBe(true);
    expect(await nodes.remove('a:1')).toBe(false);
    expect(await nodes.list()).toEqual([]);
  });

  it('takes exactly the configured ones, and leaves an operator’s alone', async () => {
    await nodes.add('o:1', 'operator');
    await nodes.configure(['a:1', 'b:1']);
    await nodes.seen('b:1', { nodeId: 'b', dialect: 'rearguard' });
    await nodes.configure(['b:1', 'c:1', 'c:1']);
    expect(await listed()).toEqual(['b:1 configuration', 'c:1 configuration', 'o:1 operator']);
    expect((await nodes.list())[0]).toMatchObject({ nodeId: 'b' });
    await nodes.configure([]);
    expect(await listed()).toEqual(['o:1 operator']);
  });

  it('says which are asked over TLS, whoever added them, until they are forgotten', async () => {
    await nodes.add('a:1', 'operator');
    await nodes.add('https://b:1', 'operator');
    await nodes.configure(['https://c:1', 'd:1']);
    expect((await nodes.overTls()).toSorted()).toEqual(['https://b:1', 'https://c:1']);
    await nodes.remove('https://b:1');
    await nodes.configure([]);
    expect(await nodes.overTls()).toEqual([]);
  });

  it('is configured alike by processes that start together', async () => {
    await Promise.all(Array.from({ length: 8 }, () => nodes.configure(['a:1', 'b:1'])));
    expect(await listed()).toEqual(['a:1 configuration', 'b:1 configuration']);
  });

  it('learns from answers, remembers through silence', async () => {
    await nodes.add('a:1', 'operator');
    await nodes.seen('a:1', { nodeId: 'a', domain: 'a.example', clusterId: 'a-1', dialect: 'fluidos' });
    const [met] = await nodes.list();
    expect(met).toMatchObject({ nodeId: 'a', domain: 'a.example', clusterId: 'a-1', dialect: 'fluidos', lastSeenAt: expect.any(String) });
    expect(met).not.toHaveProperty('lastFault');
    await nodes.seen('a:1', { fault: 'PEER_TIMEOUT' });
    expect(await nodes.list()).toEqual([{ ...met, lastFault: 'PEER_TIMEOUT' }]);
    await nodes.seen('a:1', {});
    expect((await nodes.list())[0]).not.toHaveProperty('lastFault');
    await nodes.seen('b:1', { nodeId: 'b' });
    expect(await listed()).toEqual(['a:1 operator']);
  });

  it('keeps an id for the address that showed it first', async () => {
    for (const address of ['a:1', 'b:1']) await nodes.add(address, 'operator');
    await nodes.seen('a:1', { nodeId: 'a', domain: 'a.example' });
    await nodes.seen('b:1', { nodeId: 'a', domain: 'b.example' });
    const ids = async () => (await nodes.list()).map(({ nodeId, domain }) => [nodeId, domain]);
    expect(await ids()).toEqual([
      ['a', 'a.example'],
      [undefined, 'b.example'],
    ]);
    await nodes.seen('b:1', { nodeId: 'b' });
    await nodes.seen('b:1', { nodeId: 'a' });
    expect((await ids())[1]).toEqual(['b', 'b.example']);
    await nodes.remove('a:1');
    await nodes.seen('b:1', { nodeId: 'a' });
    expect((await ids())[0]).toEqual(['a', 'b.example']);
  });

  it('lets an address give its id up', async () => {
    for (const address of ['a:1', 'b:1']) await nodes.add(address, 'operator');
    await nodes.seen('a:1', { nodeId: 'a', domain: 'a.example' });
    await nodes.seen('a:1', { nodeId: null });
    await nodes.seen('b:1', { nodeId: 'a' });
    const [alias, own] = await nodes.list();
    expect(alias).not.toHaveProperty('nodeId');
    expect(alias).toMatchObject({ domain: 'a.example' });
    expect(own).toMatchObject({ nodeId: 'a' });
  });

  it('remembers what was told of a node that answers, until it is silent, however often it answered since', async () => {
    await nodes.add('a:1', 'operator');
    await nodes.poked('a:1');
    await nodes.seen('a:1', {});
    expect(Date.parse((await nodes.list())[0]?.pokedAt ?? '')).not.toBeNaN();
    await nodes.seen('a:1', { fault: 'PEER_TIMEOUT' });
    await nodes.seen('a:1', {});
    expect((await nodes.list())[0]).not.toHaveProperty('pokedAt');
    await nodes.poked('b:1');
  });

  describe('a cluster id', () => {
    it('belongs to the node that showed it first', async () => {
      for (const _ of [1, 2]) await nodes.bindCluster('south', 'a');
      await expect(nodes.bindCluster('south', 'b')).rejects.toMatchObject({ code: 'BUYER_REFUSED' });
    });

    it.each([
      ['south', 'deep-south'],
      ['deep-south', 'south'],
    ])('%s stands, so that %s is refused to everybody', async (first, second) => {
      await nodes.bindCluster(first, 'a');
      for (const node of ['a', 'b']) await expect(nodes.bindCluster(second, node)).rejects.toMatchObject({ code: 'BUYER_REFUSED' });
      await nodes.bindCluster('deepsouth', 'b');
      await nodes.bindCluster('south-1', 'b');
    });

    it('goes to one of those that claim it, or clashing ones, at once', async () => {
      const claims = ['a', 'b', 'c', 'd'].flatMap((node) => [nodes.bindCluster('x', node), nodes.bindCluster('y-x', node)]);
      const done = (await Promise.allSettled(claims)).filter(({ status }) => status === 'fulfilled');
      expect(done).toHaveLength(1);
    });
  });
}
